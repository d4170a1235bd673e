from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership
from monitoring.models import Alert
from monitoring.scorecard import AlertFacts, Watched
from monitoring.scorecard_choice import Choice
from monitoring.scorecard_material import Material, load_scorecard
from patients.models import Patient
from patients.services import merge_patients, set_plan, undo_merge
from tests.cast import ACTOR, Cast, give_draw, make_patient
from tests.monitoring import scenes
from tests.monitoring.alert_steps import take
from tests.monitoring.scorecards import (
    DAY,
    FIRST,
    HOUR,
    NEWER,
    NOW,
    VERSION,
    acknowledged,
    closed,
    move,
    raised,
    read,
    repeat_said,
    watched,
)

YEAR = dt.timedelta(days=365.25)
START = dt.datetime(2024, 9, 1, tzinfo=dt.UTC)  # of the last year
SECOND = dt.timedelta(seconds=1)


def load(cast: Cast, period: str = "all", *, now: dt.datetime = NOW) -> Material:
    return load_scorecard(cast.clinician, Choice(period, None), now=now, tz=dt.UTC)


def only(cast: Cast, period: str = "all", *, now: dt.datetime = NOW) -> AlertFacts:
    (found,) = load(cast, period, now=now).alerts
    return found


# --- time at risk -------------------------------------------------------------------------------------------------
def test_a_patient_is_watched_from_the_first_evaluation_to_the_last_draw(cast: Cast) -> None:
    watched(cast.team, first=NOW - 730.5 * DAY, last=NOW - 365.25 * DAY)
    assert load(cast).watched == {VERSION: Watched(years=1.0, patients=1, silent=1)}


def test_draws_from_before_the_first_evaluation_are_no_time_at_risk(cast: Cast) -> None:
    watched(cast.team, first=NOW - DAY, last=NOW - 300 * DAY)
    assert load(cast).watched[VERSION].years == 0.0


@pytest.mark.parametrize(("last", "days"), [(START + 30 * DAY, 30.0), (START, 0.0), (START - DAY, 0.0)])
def test_only_what_lies_in_the_period_counts(cast: Cast, last: dt.datetime, days: float) -> None:
    watched(cast.team, first=START - 300 * DAY, last=last)
    assert load(cast, "1y").watched[VERSION].years * YEAR / DAY == pytest.approx(days)


def test_the_time_counts_for_the_version_that_read_the_patient_then_also_when_it_comes_back(cast: Cast) -> None:
    patient = watched(cast.team, first=NOW - 100 * DAY, last=NOW)
    for days, version in ((90, VERSION), (70, NEWER), (60, NEWER), (30, VERSION)):
        read(patient, NOW - days * DAY, version)
    found = load(cast).watched
    assert {version: round(one.years * YEAR / DAY) for version, one in found.items()} == {VERSION: 60, NEWER: 40}
    assert list(found) == [VERSION, NEWER]
    assert (found[VERSION].patients, found[NEWER].patients) == (1, 0)


def test_who_was_never_evaluated_belongs_to_no_version(cast: Cast) -> None:
    make_patient(cast.team)
    found = load(cast)
    assert (found.visible, found.unread, found.watched) == (1, 1, {})


def test_a_silent_patient_is_counted_with_the_version_that_read_them_last(cast: Cast) -> None:
    patient = watched(cast.team, last=NOW - 30 * DAY)
    assert load(cast).watched[VERSION].silent == 0
    set_plan(
        actor=ACTOR,
        patient_id=patient.pk,
        every_weeks=4,
        starts_on=NOW.date() - 30 * DAY,
        markers=["CEA"],
    )
    assert load(cast).watched[VERSION].silent == 1


# --- which alerts -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("at", "counted"), [(START - SECOND, 0), (START, 1)])
def test_the_first_moment_of_the_period_belongs_to_it(cast: Cast, at: dt.datetime, counted: int) -> None:
    raised(watched(cast.team, first=at - 90 * DAY), at)
    assert len(load(cast, "1y").alerts) == counted
    assert len(load(cast).alerts) == 1


@pytest.mark.parametrize(("now", "counted"), [(NOW - SECOND, 0), (NOW, 1)])
def test_what_is_raised_later_is_not_known_yet(cast: Cast, now: dt.datetime, counted: int) -> None:
    raised(watched(cast.team), NOW)
    assert len(load(cast, now=now).alerts) == counted


def test_the_version_is_that_which_raised_the_alert_whatever_reads_it_now(cast: Cast) -> None:
    alert = raised(watched(cast.team), NOW - 30 * DAY)
    read(alert.patient, NOW - DAY, NEWER)
    assert only(cast).version == VERSION


def test_an_alert_out_of_a_record_that_was_taken_over_is_not_fresh(cast: Cast) -> None:
    old = make_patient(cast.team)
    first = NOW - 30 * DAY
    give_draw(old, first - HOUR, {"CEA": "9.0"})
    read(old, first)
    reading = read(old, first + HOUR)
    Alert.objects.create(patient=old, evaluation=reading, markers=["CEA"], raised_at=first + HOUR)
    assert only(cast).fresh is False
    give_draw(old, first + HOUR, {"CEA": "9.5"})
    assert only(cast).fresh is True


def test_a_draw_taken_after_the_alert_makes_it_no_fresher(cast: Cast) -> None:
    old = make_patient(cast.team)
    first = NOW - 30 * DAY
    give_draw(old, first - HOUR, {"CEA": "9.0"})
    Alert.objects.create(patient=old, evaluation=read(old, first), markers=["CEA"], raised_at=first)
    give_draw(old, first + SECOND, {"CEA": "9.5"})
    assert only(cast).fresh is False


def test_nobody_elses_alert_is_counted(cast: Cast) -> None:
    raised(watched(cast.other_team), NOW - DAY)
    found = load(cast)
    assert (found.alerts, found.watched, found.visible) == ((), {}, 0)


def test_one_team_of_two_is_counted_alone(cast: Cast) -> None:
    Membership.objects.create(team=cast.other_team, user=cast.clinician)
    raised(watched(cast.team), NOW - DAY)
    raised(watched(cast.other_team), NOW - DAY)
    assert len(load(cast).alerts) == 2
    of_team = load_scorecard(cast.clinician, Choice("all", cast.team), now=NOW, tz=dt.UTC)
    assert [one.patient for one in of_team.alerts] == list(cast.team.patients.values_list("pk", flat=True))
    assert of_team.visible == 1


# --- what became of them ------------------------------------------------------------------------------------------
def test_an_alert_that_nobody_answered_waits_until_now(cast: Cast) -> None:
    raised(watched(cast.team), NOW - 30 * HOUR)
    found = only(cast)
    assert (found.waited_hours, found.answered, found.stage, found.repeat) == (30.0, False, "standing", "")


def test_the_first_answer_ends_the_waiting_and_a_later_one_does_not_move_it(cast: Cast) -> None:
    alert = raised(watched(cast.team), NOW - 48 * HOUR)
    acknowledged(alert, cast.clinician, at=NOW - 40 * HOUR)
    repeat_said(alert, cast.clinician, "", at=NOW - 10 * HOUR)
    found = only(cast)
    assert (found.waited_hours, found.answered, found.repeat) == (8.0, True, "asked")


def test_a_snooze_is_no_answer(cast: Cast) -> None:
    alert = raised(watched(cast.team), NOW - 48 * HOUR)
    take("snooze", alert, cast.clinician, now=NOW - 40 * HOUR)
    assert (only(cast).answered, only(cast).waited_hours) == (False, 48.0)


def test_withdrawn_before_an_answer_it_waited_until_then(cast: Cast) -> None:
    alert = raised(watched(cast.team), NOW - 48 * HOUR)
    move(alert, "withdrawn", at=NOW - 20 * HOUR)
    found = only(cast)
    assert (found.waited_hours, found.answered, found.stage) == (28.0, False, "withdrawn")


def test_closing_an_open_alert_is_its_answer(cast: Cast) -> None:
    closed(raised(watched(cast.team), NOW - 48 * HOUR), cast.clinician, "benign", at=NOW - 45 * HOUR)
    found = only(cast)
    assert (found.waited_hours, found.answered, found.stage) == (3.0, True, "closed")
    assert (found.outcome, found.imaged, found.lead_days) == ("benign", False, None)


@pytest.mark.parametrize("verdict", ["confirmed", "not_confirmed"])
def test_a_repeat_says_what_it_said_first(cast: Cast, verdict: str) -> None:
    alert = repeat_said(raised(watched(cast.team), NOW - 60 * DAY), cast.clinician, verdict, at=NOW - 50 * DAY)
    assert only(cast).repeat == verdict
    other = {"confirmed": "not_confirmed", "not_confirmed": "confirmed"}[verdict]
    repeat_said(alert, cast.clinician, other, at=NOW - 20 * DAY)
    assert only(cast).repeat == verdict


def test_a_value_that_was_corrected_later_says_nothing_of_the_repeat(cast: Cast) -> None:
    alert = repeat_said(raised(watched(cast.team), NOW - 60 * DAY), cast.clinician, "", at=NOW - 50 * DAY)
    move(alert, "repeat_requested", at=NOW - 40 * DAY, code="restated")
    assert only(cast).repeat == "asked"


def test_the_lead_time_is_that_of_the_scan_that_closed_it(cast: Cast) -> None:
    alert = raised(watched(cast.team), NOW - 60 * DAY)
    closed(alert, cast.clinician, "bone_metastasis", at=NOW - DAY, scan=(NOW - 20 * DAY).date())
    found = only(cast)
    assert (found.outcome, found.imaged, found.lead_days) == ("bone_metastasis", True, 40)


def test_another_progression_has_a_scan_and_no_lead_time(cast: Cast) -> None:
    alert = raised(watched(cast.team), NOW - 60 * DAY)
    closed(alert, cast.clinician, "other_progression", at=NOW - DAY, scan=(NOW - 20 * DAY).date())
    assert (only(cast).imaged, only(cast).lead_days) == (True, None)


@pytest.mark.parametrize(("value", "says"), [("7.0", "confirmed"), ("2.0", "not_confirmed")])
def test_what_the_engine_says_of_a_real_repeat_is_what_is_counted(cast: Cast, value: str, says: str) -> None:
    patient = scenes.patient_with(cast.team)
    scenes.run(patient)
    alert = scenes.the_alert(patient)
    assert (only(cast).repeat, only(cast).fresh) == ("", False)
    take("repeat", alert, cast.clinician)
    give_draw(patient, NOW + 10 * DAY, {"CEA": value})
    scenes.run(patient, now=NOW + 11 * DAY)
    found = only(cast, now=NOW + 11 * DAY)
    alert.refresh_from_db()
    assert (found.repeat, alert.state) == (says, says)
    assert (found.answered, found.waited_hours) == (True, 0.0)


def test_what_was_closed_on_a_record_that_was_merged_counts_once_for_the_kept_one(cast: Cast) -> None:
    kept, other = watched(cast.team), watched(cast.team)
    alert = raised(other, NOW - 60 * DAY)
    closed(alert, cast.clinician, "bone_metastasis", at=NOW - DAY, scan=NOW.date())
    before = only(cast)
    merge = merge_patients(actor=ACTOR, survivor_id=kept.pk, retired_id=other.pk, reason="the same person")
    assert only(cast) == before
    undo_merge(actor=ACTOR, merge_id=merge.pk)
    assert only(cast) == before


def test_fifty_patients_with_alerts_cost_as_many_queries_as_one(cast: Cast) -> None:
    counts = []
    for wanted in (1, 50):
        while Patient.objects.count() < wanted:
            alert = raised(watched(cast.team), NOW - 60 * DAY)
            repeat_said(alert, cast.clinician, "confirmed", at=NOW - 50 * DAY)
            closed(alert, cast.clinician, "bone_metastasis", at=NOW - DAY, scan=NOW.date())
        with CaptureQueriesContext(connection) as queries:
            found = load(cast)
        assert len(found.alerts) == wanted
        counts.append(len(queries))
    assert counts == [7, 7]


def test_a_made_up_patient_is_said(cast: Cast) -> None:
    watched(cast.team)
    assert load(cast).synthetic is False
    watched(cast.team, synthetic=True, first=FIRST)
    assert load(cast).synthetic is True

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from monitoring.models import Alert
from monitoring.scorecard import AlertFacts
from monitoring.scorecard_choice import Choice
from monitoring.scorecard_material import Material, load_scorecard
from patients.models import Patient, PatientMerge
from patients.services import merge_patients, undo_merge
from tests.cast import ACTOR, Cast, make_patient
from tests.monitoring import scenes
from tests.monitoring.alert_steps import take
from tests.monitoring.scorecards import DAY, HOUR, NOW, closed, move, raised, repeat_said, watched

MERGED, UNDONE, LATER = NOW + 10 * DAY, NOW + 20 * DAY, NOW + 30 * DAY
Pair = tuple[Patient, Patient]


@pytest.fixture
def pair(cast: Cast) -> Pair:
    """(kept, given away): of the second a rise was found, and answered five hours later."""
    kept, rising = make_patient(cast.team), scenes.patient_with(cast.team)
    scenes.run(kept, rising)
    take("acknowledge", scenes.the_alert(rising), cast.clinician, now=NOW + 5 * HOUR)
    return kept, rising


def load(cast: Cast, period: str = "all") -> Material:
    return load_scorecard(cast.clinician, Choice(period, None), now=LATER, tz=dt.UTC)


def only(cast: Cast, period: str = "all") -> AlertFacts:
    (found,) = load(cast, period).alerts
    return found


def merged(kept: Patient, gone: Patient, *, at: dt.datetime = MERGED) -> int:
    done = merge_patients(actor=ACTOR, survivor_id=kept.pk, retired_id=gone.pk, reason="the same person")
    PatientMerge.objects.filter(pk=done.pk).update(at=at)
    scenes.run(kept, gone, now=at + HOUR)
    return done.pk


def undone(merge: int, *patients: Patient, at: dt.datetime = UNDONE) -> None:
    undo_merge(actor=ACTOR, merge_id=merge)
    PatientMerge.objects.filter(pk=merge).update(undone_at=at)
    scenes.run(*patients, now=at + HOUR)


def test_an_alert_that_goes_on_with_the_kept_record_is_one_with_its_first_day_and_answer(
    cast: Cast, pair: Pair
) -> None:
    before = only(cast)
    assert (before.answered, before.waited_hours, before.stage) == (True, 5.0, "standing")
    merged(*pair)
    stands = scenes.the_alert(pair[0])
    assert only(cast) == replace(before, alert=stands.pk, patient=pair[0].pk)


def test_undoing_the_merge_gives_the_figures_back(cast: Cast, pair: Pair) -> None:
    before = only(cast)
    undone(merged(*pair), *pair)
    newest = Alert.objects.filter(patient=pair[1]).latest("pk")
    assert Alert.objects.count() == 3
    assert only(cast) == replace(before, alert=newest.pk)


def test_the_alert_of_before_the_period_is_not_in_it_for_having_moved(cast: Cast, pair: Pair) -> None:
    Alert.objects.filter(patient=pair[1]).update(raised_at=NOW - 200 * DAY)
    assert load(cast, "6m").alerts == ()
    merged(*pair)
    assert load(cast, "6m").alerts == ()
    assert only(cast).day == (NOW - 200 * DAY).date()


def test_where_both_had_an_alert_the_kept_one_tells_of_the_rise_and_undoing_parts_them(cast: Cast) -> None:
    kept, rising = scenes.patient_with(cast.team), scenes.patient_with(cast.team)
    scenes.run(kept, rising)
    before = {one.patient: one for one in load(cast).alerts}
    merge = merged(kept, rising)
    assert only(cast) == before[kept.pk]
    undone(merge, kept, rising)
    after = {one.patient: one for one in load(cast).alerts}
    assert after.keys() == before.keys()
    assert after[kept.pk] == before[kept.pk]
    assert replace(after[rising.pk], alert=0) == replace(before[rising.pk], alert=0)


def test_what_was_withdrawn_before_the_merge_still_counts(cast: Cast) -> None:
    kept, gone = watched(cast.team), watched(cast.team)
    move(raised(gone, NOW - 60 * DAY), "withdrawn", at=NOW - 50 * DAY)
    before = only(cast)
    assert before.stage == "withdrawn"
    merged(kept, gone)
    assert only(cast) == before


def test_over_two_merges_what_was_closed_counts_once_and_is_as_fresh_as_it_was(cast: Cast) -> None:
    first, second, kept = watched(cast.team), watched(cast.team, first=NOW - DAY), watched(cast.team)
    alert = repeat_said(raised(first, NOW - 60 * DAY), cast.clinician, "confirmed", at=NOW - 58 * DAY)
    closed(alert, cast.clinician, "bone_metastasis", at=NOW - DAY, scan=NOW.date())
    before = only(cast)
    assert (before.fresh, before.repeat, before.lead_days) == (True, "confirmed", 60)
    merged(second, first)
    merged(kept, second, at=MERGED + DAY)
    assert only(cast) == before


def test_who_was_on_record_twice_was_watched_once_from_the_first_reading_of_either(cast: Cast) -> None:
    kept, gone = watched(cast.team, first=NOW - 100 * DAY), watched(cast.team, first=NOW - 300 * DAY)
    apart = sum(one.years for one in load(cast).watched.values())
    assert apart * 365.25 == pytest.approx(99 + 299)
    merge = merged(kept, gone)
    assert sum(one.years for one in load(cast).watched.values()) * 365.25 == pytest.approx(299)
    assert sum(one.patients for one in load(cast).watched.values()) == 1
    undone(merge, kept, gone)
    assert sum(one.years for one in load(cast).watched.values()) == pytest.approx(apart)


def test_what_stood_on_the_record_of_another_team_is_nobody_elses(cast: Cast, pair: Pair) -> None:
    merged(*pair)
    found = load_scorecard(cast.stranger, Choice("all", None), now=LATER, tz=dt.UTC)
    assert (found.alerts, found.watched) == ((), {})

"""What a later draw does to an alert that somebody has asked something for, or put to rest."""

from __future__ import annotations

import datetime as dt

import pytest

from audit.models import AuditEvent
from monitoring.models import Alert, AlertEvent, Notification
from monitoring.services import EvaluationSummary
from patients.models import Patient
from tests.cast import Cast, give_draw
from tests.monitoring.alert_steps import ONE, TODAY, take
from tests.monitoring.scenes import LOW, NOW, correct, day, history, patient_with, run, the_alert

pytestmark = pytest.mark.django_db
REPEATED = dt.datetime(2025, 9, 16, 12, tzinfo=dt.UTC)  # a day after the sixth draw after the first


@pytest.fixture
def rising(cast: Cast) -> Patient:
    patient = patient_with(cast.team, also={"ALP": "70"})
    run(patient)
    return patient


def codes(patient: Patient) -> list[tuple[str, str]]:
    return list(the_alert(patient).events.values_list("new_state", "code"))


def told(patient: Patient) -> list[tuple[str, str]]:
    rows = Notification.objects.filter(alert_event__alert__patient=patient).order_by("pk")
    return list(rows.values_list("alert_event__new_state", "alert_event__code"))


# --- a repeat ---------------------------------------------------------------------------------------------------------
def test_a_repeat_that_still_rises_confirms_the_alert_and_nobody_is_written_to(cast: Cast, rising: Patient) -> None:
    take("repeat", the_alert(rising), cast.clinician)
    give_draw(rising, day(6), {"CEA": "7.5"})
    assert run(rising, now=REPEATED) == EvaluationSummary(evaluated=1)
    assert history(the_alert(rising))[-1] == ("repeat_requested", "confirmed")
    assert AuditEvent.objects.filter(action="alert.confirmed", patient_id=rising.pk).count() == 1
    assert told(rising) == [("open", "")]
    run(rising, now=REPEATED + ONE)
    assert the_alert(rising).state == "confirmed"


def test_a_correction_that_comes_with_the_repeat_is_told_of_the_state_it_came_in(cast: Cast, rising: Patient) -> None:
    take("repeat", the_alert(rising), cast.clinician)
    correct(rising, 5, "6.5")
    give_draw(rising, day(6), {"CEA": "7.5"})
    run(rising, now=REPEATED)
    assert history(the_alert(rising))[-2:] == [
        ("repeat_requested", "repeat_requested"),
        ("repeat_requested", "confirmed"),
    ]
    assert codes(rising)[-2:] == [("repeat_requested", "restated"), ("confirmed", "")]


def test_a_draw_of_before_the_request_is_no_repeat_whenever_it_is_entered(cast: Cast, rising: Patient) -> None:
    take("repeat", the_alert(rising), cast.clinician)
    give_draw(rising, NOW - dt.timedelta(seconds=1), {"CEA": "7.5"})
    run(rising, now=REPEATED)
    assert the_alert(rising).state == "repeat_requested"
    give_draw(rising, NOW + dt.timedelta(seconds=1), {"CEA": "7.6"})
    run(rising, now=REPEATED)
    assert the_alert(rising).state == "confirmed"


def test_a_draw_that_does_not_measure_the_marker_is_no_repeat(cast: Cast, rising: Patient) -> None:
    take("repeat", the_alert(rising), cast.clinician)
    give_draw(rising, day(6), {"ALP": "71"})
    run(rising, now=REPEATED)
    assert the_alert(rising).state == "repeat_requested"


def test_a_repeat_that_falls_back_does_not_confirm_and_the_alert_stands_to_be_decided(
    cast: Cast, rising: Patient
) -> None:
    take("repeat", the_alert(rising), cast.clinician)
    for at in (6, 7):
        give_draw(rising, day(at), {"CEA": LOW})
    assert run(rising, now=REPEATED + 50 * ONE) == EvaluationSummary(evaluated=1)
    assert history(the_alert(rising))[-1] == ("repeat_requested", "not_confirmed")
    assert AuditEvent.objects.filter(action="alert.not_confirmed").count() == 1


def test_what_was_not_confirmed_and_rises_again_is_opened_again_and_told(cast: Cast, rising: Patient) -> None:
    take("repeat", the_alert(rising), cast.clinician)
    for at in (6, 7):
        give_draw(rising, day(at), {"CEA": LOW})
    run(rising, now=REPEATED + 50 * ONE)
    for at, value in ((8, "7.0"), (9, "9.0")):
        give_draw(rising, day(at), {"CEA": value})
    assert run(rising, now=REPEATED + 135 * ONE) == EvaluationSummary(evaluated=1, reopened=1, notifications=1)
    assert history(the_alert(rising))[-1] == ("not_confirmed", "open")


@pytest.mark.parametrize("name", ["repeat", "imaging", "snooze"])
def test_a_correction_withdraws_the_alert_from_wherever_it_stands(cast: Cast, rising: Patient, name: str) -> None:
    take(name, the_alert(rising), cast.clinician)
    before = the_alert(rising).state
    correct(rising, 5, LOW)
    assert run(rising, now=NOW + ONE).withdrawn == 1
    alert = the_alert(rising)
    assert (history(alert)[-1], alert.snoozed_until) == ((before, "withdrawn"), None)
    assert alert.events.count() == 3


def test_what_was_asked_for_holds_as_an_answer_does(cast: Cast, rising: Patient) -> None:
    take("imaging", the_alert(rising), cast.clinician)
    give_draw(rising, day(6), {"CEA": "7.5"})
    run(rising, now=NOW + dt.timedelta(days=180) - dt.timedelta(seconds=1))
    assert the_alert(rising).state == "imaging_requested"
    give_draw(rising, day(7), {"CEA": "8.5"})
    assert run(rising, now=NOW + dt.timedelta(days=180)).reopened == 1
    assert history(the_alert(rising))[-1] == ("imaging_requested", "open")


def test_a_hand_over_is_no_answer_and_does_not_make_one_hold_longer(cast: Cast, rising: Patient) -> None:
    take("acknowledge", the_alert(rising), cast.clinician)
    take("hand_over", the_alert(rising), cast.clinician, owner_id=cast.nurse.pk, now=NOW + ONE)
    give_draw(rising, day(6), {"CEA": "7.5"})
    assert run(rising, now=NOW + dt.timedelta(days=180)).reopened == 1
    assert the_alert(rising).owner == cast.nurse


# --- a snooze ---------------------------------------------------------------------------------------------------------
def alp_joins(patient: Patient) -> None:
    for at, (cea, alp) in enumerate([("7.5", "170"), ("8.0", "190")], start=6):
        give_draw(patient, day(at), {"CEA": cea, "ALP": alp})


def test_a_further_marker_ends_the_snooze_of_an_open_alert_and_its_people_are_told(cast: Cast, rising: Patient) -> None:
    take("snooze", the_alert(rising), cast.clinician, until=TODAY + 170 * ONE)
    alp_joins(rising)
    assert run(rising, now=NOW + 60 * ONE) == EvaluationSummary(evaluated=1, notifications=1)
    alert = the_alert(rising)
    assert (alert.state, alert.markers, alert.snoozed_until) == ("open", ["ALP", "CEA"], None)
    assert codes(rising) == [("open", ""), ("open", "snoozed"), ("open", ""), ("open", "woken")]
    assert AlertEvent.objects.get(code="woken").evaluation is not None
    assert told(rising) == [("open", ""), ("open", "woken")]
    assert AuditEvent.objects.filter(action="alert.woken", patient_id=rising.pk).count() == 1


def test_an_answered_alert_that_is_opened_again_wakes_and_is_told_once(cast: Cast, rising: Patient) -> None:
    take("acknowledge", the_alert(rising), cast.clinician)
    take("snooze", the_alert(rising), cast.clinician, until=TODAY + 170 * ONE)
    alp_joins(rising)
    assert run(rising, now=NOW + 60 * ONE) == EvaluationSummary(evaluated=1, reopened=1, notifications=1)
    assert codes(rising)[-2:] == [("open", ""), ("open", "woken")]
    assert the_alert(rising).snoozed_until is None


def test_a_repeat_that_confirms_the_rise_ends_a_snooze(cast: Cast, rising: Patient) -> None:
    take("repeat", the_alert(rising), cast.clinician)
    take("snooze", the_alert(rising), cast.clinician, until=TODAY + 170 * ONE)
    give_draw(rising, day(6), {"CEA": "7.5"})
    run(rising, now=REPEATED)
    assert codes(rising)[-2:] == [("confirmed", ""), ("confirmed", "woken")]
    assert Alert.objects.get().snoozed_until is None


def test_a_draw_that_speaks_for_the_same_rise_ends_the_snooze_of_an_open_alert_and_its_people_are_told(
    cast: Cast, rising: Patient
) -> None:
    take("snooze", the_alert(rising), cast.clinician, until=TODAY + 30 * ONE)
    give_draw(rising, day(6), {"CEA": "20"})
    run(rising, now=REPEATED)
    assert the_alert(rising).snoozed_until is None
    assert codes(rising) == [("open", ""), ("open", "snoozed"), ("open", "woken")]
    assert told(rising) == [("open", ""), ("open", "woken")]
    assert AuditEvent.objects.filter(action="alert.woken", patient_id=rising.pk).count() == 1
    run(rising, now=REPEATED)
    assert len(codes(rising)) == 3


def test_blood_that_was_taken_before_the_snooze_and_reported_after_it_ends_it_too(cast: Cast, rising: Patient) -> None:
    take("snooze", the_alert(rising), cast.clinician, until=TODAY + 30 * ONE)
    give_draw(rising, TODAY - ONE, {"CEA": "20"})
    run(rising, now=NOW + ONE)
    assert codes(rising)[-1] == ("open", "woken")


def test_an_answered_alert_whose_rise_goes_on_wakes_and_nobody_is_told(cast: Cast, rising: Patient) -> None:
    take("acknowledge", the_alert(rising), cast.clinician)
    take("snooze", the_alert(rising), cast.clinician, until=TODAY + 30 * ONE)
    give_draw(rising, day(6), {"CEA": "20"})
    assert run(rising, now=REPEATED).notifications == 0
    assert codes(rising)[-1] == ("acknowledged", "woken")


def test_a_draw_that_says_nothing_of_the_rise_lets_the_snooze_stand(cast: Cast, rising: Patient) -> None:
    take("snooze", the_alert(rising), cast.clinician, until=TODAY + 30 * ONE)
    give_draw(rising, day(6), {"NSE": "9"})
    run(rising, now=REPEATED)
    run(rising, now=REPEATED)
    assert the_alert(rising).sleeps(REPEATED)
    assert codes(rising) == [("open", ""), ("open", "snoozed")]


def test_a_snooze_that_has_ended_is_not_ended_early(cast: Cast, rising: Patient) -> None:
    take("snooze", the_alert(rising), cast.clinician, until=TODAY + ONE)
    alp_joins(rising)
    run(rising, now=NOW + 60 * ONE)
    assert codes(rising) == [("open", ""), ("open", "snoozed"), ("open", "")]


def test_an_evaluation_that_began_before_the_snooze_and_waited_for_it_ends_it(cast: Cast, rising: Patient) -> None:
    """Its own reading bears the earlier moment; nobody had seen it when the alert was put to rest."""
    began = NOW + ONE
    give_draw(rising, day(6) - 10 * ONE, {"CEA": "20"})
    take("snooze", the_alert(rising), cast.clinician, until=TODAY + 30 * ONE, now=began + dt.timedelta(seconds=2))
    run(rising, now=began)
    assert codes(rising) == [("open", ""), ("open", "snoozed"), ("open", "woken")]

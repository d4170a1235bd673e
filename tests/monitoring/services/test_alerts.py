"""Alerts raised, kept, opened again and withdrawn, and who is told of each."""

from __future__ import annotations

import datetime as dt

import pytest

from accounts.models import Membership, User
from accounts.roles import Role
from accounts.services import create_team, create_user, join_team
from audit.models import AuditEvent
from monitoring.models import Alert, AlertState, DeliveryState, Notification
from monitoring.notifications.outbox import WITHDRAWN_UNSENT
from monitoring.services import EvaluationSummary, acknowledge_alert
from patients.models import Patient
from patients.services import record_treatment
from tests.cast import PASSWORD, Cast, give_draw
from tests.monitoring.scenes import (
    CALM,
    LOW,
    NOW,
    RISING,
    close,
    correct,
    day,
    history,
    patient_with,
    run,
    the_alert,
)

pytestmark = pytest.mark.django_db
LATER = NOW + dt.timedelta(days=1)
HALF_A_YEAR = dt.timedelta(days=180)


def told(patient: Patient) -> list[tuple[str, str, str]]:
    """(what was said, to whom, delivery state), in the order it was said."""
    rows = Notification.objects.filter(alert_event__alert__patient=patient).order_by("pk")
    return list(rows.values_list("alert_event__new_state", "person__username", "state"))


def mark_sent(patient: Patient) -> None:
    Notification.objects.filter(alert_event__alert__patient=patient).update(state=DeliveryState.SENT, sent_at=NOW)


@pytest.mark.parametrize(("late", "mails"), [(dt.timedelta(0), 1), (dt.timedelta(seconds=1), 0)])
def test_a_rise_of_long_ago_stands_on_the_worklist_and_nobody_is_written_to(
    cast: Cast, late: dt.timedelta, mails: int
) -> None:
    patient = patient_with(cast.team)
    last_draw = dt.datetime.combine(day(len(RISING) - 1), dt.time(8), tzinfo=dt.UTC)
    run(patient, now=last_draw + dt.timedelta(days=365) + late)
    assert the_alert(patient).state == AlertState.OPEN
    assert len(told(patient)) == mails


def answer(cast: Cast, patient: Patient, *, now: dt.datetime = NOW) -> None:
    acknowledge_alert(
        actor=cast.clinician.audit_name,
        user=cast.clinician,
        alert_id=the_alert(patient).pk,
        comment="CT ordered",
        now=now,
    )


# --- raised -------------------------------------------------------------------------------------------------------


def test_a_sustained_rise_raises_one_alert_and_tells_the_teams_clinicians(cast: Cast) -> None:
    patient = patient_with(cast.team)
    run(patient)
    alert = the_alert(patient)
    assert (alert.state, alert.rule, alert.markers, alert.pattern) == ("open", "sustained_rise", ["CEA"], "tumour")
    assert (alert.since, alert.raised_at) == (day(4), NOW)
    assert history(alert) == [("", "open")]
    assert told(patient) == [("open", "clinician", "waiting")]
    event = AuditEvent.objects.get(action="alert.raised")
    assert (event.actor, event.object_id, event.patient_id) == ("task:evaluate", str(alert.pk), patient.pk)


@pytest.mark.parametrize("values", [CALM, RISING[:5]])
def test_a_level_below_alert_tells_nobody(cast: Cast, values: tuple[str, ...]) -> None:
    run(patient_with(cast.team, values))
    assert not Alert.objects.exists()
    assert not Notification.objects.exists()


def test_a_team_without_a_clinician_has_every_member_told(cast: Cast) -> None:
    team = create_team(actor="test", name="Nurses", members=[cast.nurse, cast.administrator])
    patient = patient_with(team)
    run(patient)
    assert told(patient) == [("open", "nurse", "waiting"), ("open", "administrator", "waiting")]


def test_who_gets_no_alerts_has_no_address_or_has_left_is_not_written_to(cast: Cast) -> None:
    def clinician(name: str, *, email: str = "somebody@clinic.invalid", language: str = "en") -> User:
        return create_user(
            actor="test", username=name, password=PASSWORD, role=Role.CLINICIAN, email=email, language=language
        )

    silent, unreachable, gone = clinician("silent"), clinician("unreachable", email=""), clinician("gone")
    chinese = clinician("lin", language="zh-hans")
    for user in (silent, unreachable, gone, chinese):
        join_team(actor="test", user=user, team=cast.team)
    Membership.objects.filter(user=silent).update(receives_alerts=False)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    patient = patient_with(cast.team)
    run(patient)
    assert [name for _state, name, _delivery in told(patient)] == ["clinician", "lin"]
    assert Notification.objects.get(person=chinese).language == "zh-hans"


def test_an_alert_that_nobody_can_be_told_of_is_raised_all_the_same(cast: Cast) -> None:
    patient = patient_with(create_team(actor="test", name="Nobody"))
    assert run(patient) == EvaluationSummary(evaluated=1, raised=1)
    assert the_alert(patient).state == AlertState.OPEN


# --- kept ---------------------------------------------------------------------------------------------------------


def test_calm_draws_after_a_true_rise_do_not_answer_for_the_clinician(cast: Cast) -> None:
    patient = patient_with(cast.team)
    run(patient)
    for draw in (6, 7, 8):
        give_draw(patient, day(draw), {"CEA": LOW})
        assert run(patient, now=LATER) == EvaluationSummary(evaluated=1)
    assert history(the_alert(patient)) == [("", "open")]


def test_a_marker_that_joins_an_open_alert_is_written_on_it_and_nobody_is_told_twice(cast: Cast) -> None:
    patient = patient_with(cast.team, also={"ALP": "70"})
    run(patient)
    for draw, (cea, alp) in enumerate([("7.5", "170"), ("8.0", "190")], start=6):
        give_draw(patient, day(draw), {"CEA": cea, "ALP": alp})
    run(patient, now=LATER)
    alert = the_alert(patient)
    assert (alert.markers, alert.pattern, alert.state) == (["ALP", "CEA"], "tumour_and_bone", "open")
    assert history(alert) == [("", "open"), ("open", "open")]
    assert len(told(patient)) == 1


def test_a_corrected_value_that_still_rises_keeps_the_alert(cast: Cast) -> None:
    patient = patient_with(cast.team)
    run(patient)
    correct(patient, 5, "6.5")
    assert run(patient, now=LATER) == EvaluationSummary(evaluated=1)
    assert history(the_alert(patient)) == [("", "open"), ("open", "open")]
    assert the_alert(patient).state == AlertState.OPEN


# --- withdrawn ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [LOW, None])
@pytest.mark.parametrize("draw", [4, 5])
def test_a_correction_that_takes_the_rise_away_withdraws_the_alert(cast: Cast, draw: int, value: str | None) -> None:
    patient = patient_with(cast.team)
    run(patient)
    mark_sent(patient)
    correct(patient, draw, value)
    assert run(patient, now=LATER) == EvaluationSummary(evaluated=1, withdrawn=1, notifications=1)
    alert = the_alert(patient)
    assert (alert.state, history(alert)) == ("withdrawn", [("", "open"), ("open", "withdrawn")])
    assert told(patient) == [("open", "clinician", "sent"), ("withdrawn", "clinician", "waiting")]
    assert AuditEvent.objects.filter(action="alert.withdrawn", patient_id=patient.pk).count() == 1


def test_a_correction_is_told_to_exactly_those_who_were_told(cast: Cast) -> None:
    patient = patient_with(cast.team)
    run(patient)
    mark_sent(patient)
    newcomer = create_user(
        actor="test", username="newcomer", password=PASSWORD, role=Role.CLINICIAN, email="new@clinic.invalid"
    )
    join_team(actor="test", user=newcomer, team=cast.team)
    Membership.objects.filter(user=cast.clinician).delete()
    correct(patient, 5, LOW)
    run(patient, now=LATER)
    assert told(patient)[1:] == [("withdrawn", "clinician", "waiting")]


def test_what_was_not_sent_yet_is_not_sent_and_needs_no_correction(cast: Cast) -> None:
    patient = patient_with(cast.team)
    run(patient)
    correct(patient, 5, LOW)
    assert run(patient, now=LATER) == EvaluationSummary(evaluated=1, withdrawn=1)
    assert told(patient) == [("open", "clinician", "failed")]
    assert Notification.objects.get().failure == WITHDRAWN_UNSENT


@pytest.mark.parametrize(
    ("state", "attempts"), [(DeliveryState.SENDING, 1), (DeliveryState.WAITING, 1), (DeliveryState.FAILED, 12)]
)
def test_a_message_that_may_have_arrived_is_corrected(cast: Cast, state: str, attempts: int) -> None:
    patient = patient_with(cast.team)
    run(patient)
    Notification.objects.update(state=state, attempts=attempts)
    correct(patient, 5, LOW)
    assert run(patient, now=LATER).notifications == 1
    assert told(patient)[1:] == [("withdrawn", "clinician", "waiting")]


def test_a_treatment_learnt_of_later_takes_its_draws_out_of_the_evidence(cast: Cast) -> None:
    patient = patient_with(cast.team)
    run(patient)
    record_treatment(
        actor="test",
        patient_id=patient.pk,
        kind="chemotherapy",
        name="pemetrexed",
        started_on=day(5) - dt.timedelta(days=7),
    )
    assert run(patient, now=LATER).withdrawn == 1


def test_a_rise_that_ended_long_ago_and_is_then_corrected_is_withdrawn_too(cast: Cast) -> None:
    patient = patient_with(cast.team, (*RISING, LOW, LOW))
    correct(patient, 6, "7.0")
    correct(patient, 7, "7.5")
    run(patient)
    correct(patient, 7, LOW)
    run(patient, now=LATER)
    assert the_alert(patient).state == "open"  # the draws before still stand for it
    correct(patient, 6, LOW)
    correct(patient, 5, LOW)
    assert run(patient, now=LATER).withdrawn == 1


def test_an_answered_alert_is_withdrawn_too(cast: Cast) -> None:
    patient = patient_with(cast.team)
    run(patient)
    mark_sent(patient)
    answer(cast, patient)
    correct(patient, 5, LOW)
    assert run(patient, now=LATER) == EvaluationSummary(evaluated=1, withdrawn=1, notifications=1)
    assert history(the_alert(patient))[-1] == ("acknowledged", "withdrawn")


def test_a_rise_after_a_withdrawal_is_an_alert_of_its_own(cast: Cast) -> None:
    patient = patient_with(cast.team)
    run(patient)
    correct(patient, 5, LOW)
    run(patient, now=LATER)
    correct(patient, 5, "6.0")
    assert run(patient, now=LATER) == EvaluationSummary(evaluated=1, raised=1, notifications=1)
    assert list(Alert.objects.order_by("pk").values_list("state", flat=True)) == ["withdrawn", "open"]


# --- answered -----------------------------------------------------------------------------------------------------


def test_an_answer_holds_for_180_days_for_the_same_rise(cast: Cast) -> None:
    patient = patient_with(cast.team)
    run(patient)
    answer(cast, patient)
    give_draw(patient, day(6), {"CEA": "7.5"})
    assert run(patient, now=NOW + HALF_A_YEAR - dt.timedelta(seconds=1)) == EvaluationSummary(evaluated=1)
    assert the_alert(patient).state == "acknowledged"
    give_draw(patient, day(7), {"CEA": "9.5"})
    assert run(patient, now=NOW + HALF_A_YEAR) == EvaluationSummary(evaluated=1, reopened=1, notifications=1)
    assert history(the_alert(patient)) == [("", "open"), ("open", "acknowledged"), ("acknowledged", "open")]
    assert told(patient) == [("open", "clinician", "waiting")] * 2


def test_another_kind_of_marker_opens_an_answered_alert_at_once(cast: Cast) -> None:
    patient = patient_with(cast.team, also={"ALP": "70"})
    run(patient)
    answer(cast, patient)
    give_draw(patient, day(6), {"CEA": "7.5", "ALP": "170"})
    assert run(patient, now=LATER).reopened == 0  # a single supporting draw is no sustained rise
    give_draw(patient, day(7), {"CEA": "8.5", "ALP": "190"})
    assert run(patient, now=LATER) == EvaluationSummary(evaluated=1, reopened=1, notifications=1)
    assert (the_alert(patient).state, the_alert(patient).markers) == ("open", ["ALP", "CEA"])


def test_a_closed_alert_stays_closed_and_the_next_rise_after_180_days_is_a_new_one(cast: Cast) -> None:
    patient = patient_with(cast.team)
    run(patient)
    close(the_alert(patient), at=NOW)
    give_draw(patient, day(6), {"CEA": "7.5"})
    assert run(patient, now=NOW + HALF_A_YEAR - dt.timedelta(seconds=1)) == EvaluationSummary(evaluated=1)
    give_draw(patient, day(7), {"CEA": "8.5"})
    assert run(patient, now=NOW + HALF_A_YEAR).raised == 1
    assert list(Alert.objects.order_by("pk").values_list("state", flat=True)) == ["closed", "open"]

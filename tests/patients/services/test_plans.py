from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from audit.models import AuditEvent
from patients.models import FollowUpPlan, Patient
from patients.services import pause_plan, resume_plan, set_plan, stop_plan
from tests.cast import ACTOR, Cast, make_patient

STARTS = dt.date(2026, 1, 5)
TODAY = dt.date(2026, 3, 2)
ONE = dt.timedelta(days=1)


def events(action: str) -> list[tuple[str, int | None, dict[str, object]]]:
    rows = AuditEvent.objects.filter(action=action).order_by("pk")
    return [(event.actor, event.patient_id, event.details) for event in rows]


def plans(patient: Patient) -> list[tuple[int, bool]]:
    return list(FollowUpPlan.objects.filter(patient=patient).order_by("pk").values_list("every_weeks", "is_active"))


def planned(cast: Cast) -> Patient:
    patient = make_patient(cast.team)
    set_plan(actor=ACTOR, patient_id=patient.pk, markers=["CEA"], every_weeks=6, starts_on=STARTS)
    return patient


def stands(patient: Patient) -> tuple[bool, dt.date | None, str, dt.date | None, str]:
    plan = FollowUpPlan.objects.get(patient=patient)
    return plan.is_active, plan.paused_until, plan.pause_reason, plan.stopped_on, plan.stop_reason


# --- setting ------------------------------------------------------------------------------------------------------
def test_a_new_plan_puts_the_former_one_out_of_force_and_keeps_it(cast: Cast) -> None:
    patient = make_patient(cast.team)
    set_plan(actor=ACTOR, patient_id=patient.pk, markers=["CEA"], every_weeks=6, starts_on=STARTS)
    plan = set_plan(actor=ACTOR, patient_id=patient.pk, markers=["NSE", "CEA"], every_weeks=3, starts_on=STARTS)
    assert plans(patient) == [(6, False), (3, True)]
    assert sorted(plan.panel.values_list("code", flat=True)) == ["CEA", "NSE"]
    assert events("plan.set") == [
        (ACTOR, patient.pk, {"every_weeks": 6, "markers": ["CEA"]}),
        (ACTOR, patient.pk, {"every_weeks": 3, "markers": ["CEA", "NSE"]}),
    ]


@pytest.mark.parametrize(("markers", "weeks"), [([], 6), (["CEA"], 0), (["CEA"], 105)])
def test_a_plan_that_does_not_do_leaves_the_former_one_in_force(cast: Cast, markers: list[str], weeks: int) -> None:
    patient = make_patient(cast.team)
    set_plan(actor=ACTOR, patient_id=patient.pk, markers=["CEA"], every_weeks=6, starts_on=STARTS)
    with pytest.raises(ValidationError):
        set_plan(actor=ACTOR, patient_id=patient.pk, markers=markers, every_weeks=weeks, starts_on=STARTS)
    assert plans(patient) == [(6, True)]


def test_the_database_lets_one_plan_of_a_patient_be_in_force(cast: Cast) -> None:
    patient = make_patient(cast.team)
    set_plan(actor=ACTOR, patient_id=patient.pk, markers=["CEA"], every_weeks=6, starts_on=STARTS)
    with pytest.raises(IntegrityError), transaction.atomic():
        FollowUpPlan.objects.create(patient=patient, every_weeks=3, starts_on=STARTS)


def test_in_place_of_a_computed_marker_stands_what_it_is_computed_from(cast: Cast) -> None:
    patient = make_patient(cast.team)
    plan = set_plan(actor=ACTOR, patient_id=patient.pk, markers=["NLR", "NEUT"], every_weeks=6, starts_on=STARTS)
    assert sorted(plan.panel.values_list("code", flat=True)) == ["LYMPH", "NEUT"]
    assert events("plan.set")[0][2]["markers"] == ["LYMPH", "NEUT"]


# --- pausing --------------------------------------------------------------------------------------------------------
def test_a_pause_has_a_last_day_and_a_reason_and_the_log_does_not_hold_the_reason(cast: Cast) -> None:
    patient = planned(cast)
    until = TODAY + ONE
    pause_plan(actor=ACTOR, patient_id=patient.pk, until=until, reason=" hip operation ", today=TODAY)
    assert stands(patient) == (True, until, "hip operation", None, "")
    assert events("plan.paused") == [(ACTOR, patient.pk, {"until": "2026-03-03"})]


@pytest.mark.parametrize(
    ("until", "reason", "field"),
    [
        (TODAY, "abroad", "until"),
        (TODAY - ONE, "abroad", "until"),
        (TODAY + dt.timedelta(weeks=104) + ONE, "abroad", "until"),
        (TODAY + ONE, "  ", "reason"),
    ],
)
def test_a_pause_without_reason_or_with_a_day_that_does_not_do_changes_nothing(
    cast: Cast, until: dt.date, reason: str, field: str
) -> None:
    patient = planned(cast)
    with pytest.raises(ValidationError) as refused:
        pause_plan(actor=ACTOR, patient_id=patient.pk, until=until, reason=reason, today=TODAY)
    assert list(refused.value.message_dict) == [field]
    assert stands(patient) == (True, None, "", None, "")
    assert events("plan.paused") == []


def test_the_longest_pause_ends_after_two_years(cast: Cast) -> None:
    patient = planned(cast)
    until = TODAY + dt.timedelta(weeks=104)
    pause_plan(actor=ACTOR, patient_id=patient.pk, until=until, reason="abroad", today=TODAY)
    assert stands(patient)[1] == until


def test_a_plan_goes_on_at_once_and_one_that_is_not_paused_stays_as_it_is(cast: Cast) -> None:
    patient = planned(cast)
    pause_plan(actor=ACTOR, patient_id=patient.pk, until=TODAY + ONE, reason="abroad", today=TODAY)
    resume_plan(actor=ACTOR, patient_id=patient.pk)
    assert stands(patient) == (True, None, "", None, "")
    resume_plan(actor=ACTOR, patient_id=patient.pk)
    assert events("plan.resumed") == [(ACTOR, patient.pk, {})]


def test_a_changed_plan_stays_paused(cast: Cast) -> None:
    patient = planned(cast)
    pause_plan(actor=ACTOR, patient_id=patient.pk, until=TODAY + ONE, reason="abroad", today=TODAY)
    plan = set_plan(actor=ACTOR, patient_id=patient.pk, markers=["NSE"], every_weeks=3, starts_on=STARTS)
    assert (plan.paused_until, plan.pause_reason) == (TODAY + ONE, "abroad")


# --- stopping -------------------------------------------------------------------------------------------------------
def test_a_stopped_plan_stays_on_record_with_its_reason_and_what_it_was_before(cast: Cast) -> None:
    patient = planned(cast)
    stop_plan(actor=ACTOR, patient_id=patient.pk, reason="moved away", today=TODAY)
    assert stands(patient) == (False, None, "", TODAY, "moved away")
    assert events("plan.stopped") == [(ACTOR, patient.pk, {})]
    history = FollowUpPlan.objects.get(patient=patient).history
    assert list(history.values_list("is_active", flat=True)[:2]) == [False, True]


def test_a_stop_without_a_reason_changes_nothing(cast: Cast) -> None:
    patient = planned(cast)
    with pytest.raises(ValidationError) as refused:
        stop_plan(actor=ACTOR, patient_id=patient.pk, reason=" ", today=TODAY)
    assert list(refused.value.message_dict) == ["reason"]
    assert stands(patient) == (True, None, "", None, "")
    assert events("plan.stopped") == []


def test_what_is_not_planned_can_be_neither_paused_nor_stopped_nor_resumed(cast: Cast) -> None:
    patient = make_patient(cast.team)
    with pytest.raises(ValidationError):
        pause_plan(actor=ACTOR, patient_id=patient.pk, until=TODAY + ONE, reason="abroad", today=TODAY)
    with pytest.raises(ValidationError):
        stop_plan(actor=ACTOR, patient_id=patient.pk, reason="moved away", today=TODAY)
    with pytest.raises(ValidationError):
        resume_plan(actor=ACTOR, patient_id=patient.pk)
    assert not FollowUpPlan.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"paused_until": TODAY},
        {"pause_reason": "abroad"},
        {"stopped_on": TODAY, "is_active": False},
        {"stop_reason": "moved", "is_active": False},
        {"stopped_on": TODAY, "stop_reason": "moved"},
    ],
)
def test_the_database_keeps_a_day_and_its_reason_together(cast: Cast, wrong: dict[str, object]) -> None:
    patient = planned(cast)
    with pytest.raises(IntegrityError), transaction.atomic():
        FollowUpPlan.objects.filter(patient=patient).update(**wrong)

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from audit.models import AuditEvent
from patients.models import FollowUpCall, FollowUpPlan, Patient
from patients.services import record_call, set_plan
from tests.cast import ACTOR, Cast, make_patient

NOW = dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC)
TODAY = NOW.date()
ONE = dt.timedelta(days=1)


def call(patient: Patient, outcome: str, **said: Any) -> FollowUpCall:
    return record_call(actor=ACTOR, patient_id=patient.pk, outcome=outcome, **({"now": NOW} | said))


def test_a_call_is_kept_with_its_plan_and_person_and_logged_without_its_note(cast: Cast) -> None:
    patient = make_patient(cast.team)
    plan = set_plan(actor=ACTOR, patient_id=patient.pk, markers=["CEA"], every_weeks=6, starts_on=TODAY)
    made = call(patient, "will_come", comes_on=TODAY + ONE, note=" with her son ", recorded_by=cast.nurse)
    made.refresh_from_db()
    assert (made.patient, made.plan, made.at, made.recorded_by) == (patient, plan, NOW, cast.nurse)
    assert (made.outcome, made.comes_on, made.call_again_on, made.note) == (
        "will_come",
        TODAY + ONE,
        None,
        "with her son",
    )
    event = AuditEvent.objects.get(action="call.recorded")
    assert (event.actor, event.patient_id, event.object_id) == (ACTOR, patient.pk, str(made.pk))
    assert event.details == {"outcome": "will_come"}


def test_a_later_call_leaves_the_former_as_it_was(cast: Cast) -> None:
    patient = make_patient(cast.team)
    call(patient, "no_answer", call_again_on=TODAY)
    call(patient, "declined", now=NOW + ONE)
    rows = FollowUpCall.objects.filter(patient=patient).values_list("outcome", "call_again_on")
    assert list(rows) == [("declined", None), ("no_answer", TODAY)]


def test_the_same_call_sent_twice_within_a_minute_is_one_call(cast: Cast) -> None:
    patient = make_patient(cast.team)
    minute = dt.timedelta(minutes=1)
    first = call(patient, "no_answer", recorded_by=cast.nurse)
    again = call(patient, "no_answer", recorded_by=cast.nurse, now=NOW + minute - dt.timedelta(seconds=1))
    assert again == first
    assert AuditEvent.objects.filter(action="call.recorded").count() == 1
    call(patient, "no_answer", recorded_by=cast.clinician, now=NOW + dt.timedelta(seconds=1))
    call(patient, "declined", recorded_by=cast.clinician, now=NOW + dt.timedelta(seconds=2))
    call(patient, "declined", recorded_by=cast.clinician, now=NOW + dt.timedelta(seconds=2) + minute)
    assert FollowUpCall.objects.filter(patient=patient).count() == 4


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("will_come", {}, "comes_on"),
    ("will_come", {"comes_on": TODAY - ONE}, "comes_on"),
    ("will_come", {"comes_on": TODAY + 93 * ONE}, "comes_on"),
    ("no_answer", {"comes_on": TODAY + ONE}, "comes_on"),
    ("no_answer", {"call_again_on": TODAY - ONE}, "call_again_on"),
    ("no_answer", {"call_again_on": TODAY + 367 * ONE}, "call_again_on"),
    ("died", {"call_again_on": TODAY + ONE}, "call_again_on"),
    ("other", {}, "note"),
    ("other", {"note": "  "}, "note"),
    ("guessed", {}, "outcome"),
    ("no_answer", {"note": "x" * 301}, "note"),
]


@pytest.mark.parametrize(("outcome", "said", "field"), WRONG)
def test_what_does_not_do_is_said_at_its_field_and_nothing_written(
    cast: Cast, outcome: str, said: dict[str, Any], field: str
) -> None:
    patient = make_patient(cast.team)
    with pytest.raises(ValidationError) as refused:
        call(patient, outcome, **said)
    assert list(refused.value.message_dict) == [field]
    assert not FollowUpCall.objects.exists()
    assert not AuditEvent.objects.filter(action="call.recorded").exists()


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("will_come", {"comes_on": TODAY}),
        ("will_come", {"comes_on": TODAY + 92 * ONE}),
        ("no_answer", {"call_again_on": TODAY}),
        ("no_answer", {"call_again_on": TODAY + 366 * ONE}),
        ("other", {"note": "asks for a home visit"}),
    ],
)
def test_the_first_and_the_last_day_do(cast: Cast, outcome: str, said: dict[str, Any]) -> None:
    call(make_patient(cast.team), outcome, **said)
    assert FollowUpCall.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"outcome": "guessed"},
        {"outcome": "will_come"},
        {"outcome": "no_answer", "comes_on": TODAY},
        {"outcome": "other"},
    ],
)
def test_the_database_refuses_a_call_that_says_too_little_or_too_much(cast: Cast, wrong: dict[str, Any]) -> None:
    patient = make_patient(cast.team)
    with pytest.raises(IntegrityError), transaction.atomic():
        FollowUpCall.objects.create(patient=patient, at=NOW, **wrong)


def test_a_call_never_changes_the_plan(cast: Cast) -> None:
    patient = make_patient(cast.team)
    plan = set_plan(actor=ACTOR, patient_id=patient.pk, markers=["CEA"], every_weeks=6, starts_on=TODAY)
    before = FollowUpPlan.objects.filter(pk=plan.pk).values().get()
    call(patient, "died")
    assert FollowUpPlan.objects.filter(pk=plan.pk).values().get() == before

"""A record that was merged away a moment ago takes nothing in, whichever service is asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import AuditEvent
from patients.models import Draw, DrawChange, FollowUpCall, FollowUpPlan, Patient, PatientIdentifier, Result, Treatment
from patients.services import (
    Change,
    PatientDetails,
    PatientMerged,
    Seen,
    add_number,
    correct_result,
    pause_plan,
    record_call,
    record_treatment,
    remove_number,
    resume_plan,
    revise_draw,
    set_plan,
    stop_plan,
    take_back_draw,
    update_patient,
)
from patients.services.locking import hold_patient
from tests.cast import ACTOR, Cast, give_draw, make_patient, reading

AT = dt.datetime(2026, 3, 2, 8, 15, tzinfo=dt.UTC)
KINDS = (Result, DrawChange, FollowUpCall, FollowUpPlan, PatientIdentifier, Treatment, AuditEvent)


@pytest.fixture
def retired(cast: Cast) -> Patient:
    """Merged between the page and the service; a draw is left behind, as one is that both records hold."""
    patient, survivor = make_patient(cast.team), make_patient(cast.team)
    give_draw(patient, AT, {"CEA": "3.10"})
    set_plan(actor=ACTOR, patient_id=patient.pk, markers=["CEA"], every_weeks=6, starts_on=dt.date(2026, 1, 1))
    Patient.objects.filter(pk=patient.pk).update(merged_into=survivor)
    return patient


def seen(draw: Draw) -> Seen:
    return Seen(version=draw.version, results={"CEA": draw.results.get().pk})


def revise(patient: Patient) -> object:
    draw = Draw.objects.get(patient=patient)
    change = Change(marker="CEA", new=reading("CEA", "31"))
    return revise_draw(actor=ACTOR, draw_id=draw.pk, seen=seen(draw), changes=[change], reason="slip")


def correct(patient: Patient) -> object:
    row = Result.objects.get(draw__patient=patient)
    return correct_result(actor=ACTOR, result_id=row.pk, new=reading("CEA", "31"), status="corrected", reason="slip")


def take_back(patient: Patient) -> object:
    draw = Draw.objects.get(patient=patient)
    return take_back_draw(actor=ACTOR, draw_id=draw.pk, seen=seen(draw), reason="another patient's")


def of_patient(service: Callable[..., object], **settings: Any) -> Callable[[Patient], object]:
    return lambda patient: service(actor=ACTOR, patient_id=patient.pk, **settings)


DAY = dt.date(2026, 1, 1)
SERVICES: dict[str, Callable[[Patient], object]] = {
    "revise_draw": revise,
    "correct_result": correct,
    "take_back_draw": take_back,
    "record_call": of_patient(record_call, outcome="no_answer"),
    "set_plan": of_patient(set_plan, markers=["CEA"], every_weeks=3, starts_on=DAY),
    "pause_plan": of_patient(pause_plan, until=dt.date(2026, 2, 1), reason="away", today=DAY),
    "resume_plan": of_patient(resume_plan),
    "stop_plan": of_patient(stop_plan, reason="moved"),
    "add_number": of_patient(add_number, value="N-9", reason="new card"),
    "remove_number": of_patient(remove_number, number_id=1, reason="typed wrongly"),
    "record_treatment": of_patient(record_treatment, kind="chemotherapy", name="cisplatin", started_on=DAY),
    "update_patient": of_patient(
        update_patient,
        details=PatientDetails(name="Another Name", birth_date=DAY, sex="female", menopausal_status="post"),
    ),
}


@pytest.mark.parametrize("name", SERVICES)
def test_a_record_that_was_merged_a_moment_ago_takes_nothing_in(retired: Patient, name: str) -> None:
    before = [kind._default_manager.count() for kind in KINDS]
    with pytest.raises(PatientMerged):
        SERVICES[name](retired)
    assert [kind._default_manager.count() for kind in KINDS] == before
    assert Patient.objects.get(pk=retired.pk).name == retired.name


def test_a_record_that_stands_is_held(cast: Cast) -> None:
    patient = make_patient(cast.team)
    assert hold_patient(patient.pk) == patient


def test_the_kept_record_takes_what_was_moved_to_it(client: Client, cast: Cast) -> None:
    """After the merge the draw is the kept record's, and its correction goes through there."""
    patient, survivor = make_patient(cast.team), make_patient(cast.team)
    draw = give_draw(patient, AT, {"CEA": "3.10"}).draw_id
    Patient.objects.filter(pk=patient.pk).update(merged_into=survivor)
    Draw.objects.filter(pk=draw).update(patient=survivor)
    revise(survivor)
    assert Result.objects.current().get().as_typed == "31"
    client.force_login(cast.nurse)
    assert client.get(reverse("draw_correct", args=[survivor.pk, draw])).status_code == 200

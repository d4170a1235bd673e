"""Many draws at once end as the same draws one by one."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from audit.models import AuditEvent
from patients.models import Patient, Result
from patients.services import (
    AccessionAtAnotherTime,
    DerivedMarker,
    EmptyDraw,
    NewDraw,
    NewResult,
    PatientDraw,
    plan_draws,
    record_draw,
    record_draws,
)
from tests.cast import ACTOR, Cast, make_patient, reading

AT = dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)


def draws_of(patient: Patient) -> list[PatientDraw]:
    """Twice the same laboratory: new, repeated and corrected results, with an assay and without."""
    assay = {"assay": "Cobas"}

    def result(marker: str, text: str, **more: Any) -> NewResult:
        plain = reading(marker, text)
        return NewResult(**{name: getattr(plain, name) for name in plain.__slots__} | more)

    by_time = NewDraw(collected_at=AT, laboratory="City")
    by_number = NewDraw(collected_at=AT, laboratory="City", accession="S1", fasting="yes", biotin="yes", g_csf="no")
    return [
        PatientDraw(patient_id=patient.pk, draw=by_time, results=(result("CEA", "3.2", **assay), result("ALP", "90"))),
        PatientDraw(patient_id=patient.pk, draw=by_number, results=(result("CEA", "<0.5"),)),
        PatientDraw(
            patient_id=patient.pk,
            draw=by_time,
            results=(result("CEA", "3.20", **assay), result("ALP", "95"), result("PLT", "200")),
        ),
        PatientDraw(patient_id=patient.pk, draw=by_number, results=(result("CEA", "0.5", status="preliminary"),)),
    ]


def record_of(patient: Patient) -> list[tuple[Any, ...]]:
    """All that stands of a patient, without keys and clock times."""
    fields = (
        *("draw__collected_at", "draw__laboratory", "draw__accession", "draw__fasting", "marker_id", "assay__name"),
        *("draw__biotin", "draw__g_csf", "draw__steroid"),
        *("as_typed", "comparator", "value", "unit", "canonical_value", "canonical_unit", "factor", "status"),
        *("version", "replaces__version", "reason"),
    )
    rows = Result.objects.filter(draw__patient=patient).order_by("draw__accession", "marker_id", "version")
    return list(rows.values_list(*fields))


def test_many_draws_at_once_end_as_the_same_draws_one_by_one(cast: Cast) -> None:
    one_by_one, at_once = make_patient(cast.team), make_patient(cast.team)
    for item in draws_of(one_by_one):
        record_draw(
            actor=ACTOR, patient_id=one_by_one.pk, draw=item.draw, results=item.results, on_difference="correct"
        )
    items = draws_of(at_once)
    record_draws(actor=ACTOR, draws=items[:2])
    record_draws(actor=ACTOR, draws=items[2:])
    assert record_of(at_once) == record_of(one_by_one)
    assert len(record_of(at_once)) == 6

    def events(patient: Patient) -> list[tuple[int, int]]:
        told = AuditEvent.objects.filter(action="draw.recorded", patient_id=patient.pk).order_by("pk")
        return [(len(event.details["created"]), len(event.details["corrected"])) for event in told]

    assert events(at_once) == events(one_by_one) == [(2, 0), (1, 0), (1, 1), (0, 1)]


def test_a_plan_is_what_the_recording_does_and_writes_nothing(cast: Cast) -> None:
    patient = make_patient(cast.team)
    items = draws_of(patient)
    record_draws(actor=ACTOR, draws=items[:2])
    before = record_of(patient)
    plans = plan_draws(items[2:])
    assert record_of(patient) == before
    assert [(len(plan.new), plan.repeated, len(plan.corrections)) for plan in plans] == [(1, 1, 1), (0, 0, 1)]
    done = record_draws(actor=ACTOR, draws=items[2:])
    assert [(len(plan.new), plan.repeated, len(plan.corrections)) for plan in done] == [(1, 1, 1), (0, 0, 1)]


def test_a_number_used_again_at_another_time_is_refused_and_the_others_are_written(cast: Cast) -> None:
    patient = make_patient(cast.team)
    first = NewDraw(collected_at=AT, accession="S1")
    record_draws(actor=ACTOR, draws=[PatientDraw(patient_id=patient.pk, draw=first, results=(reading("CEA", "3"),))])
    later = NewDraw(collected_at=AT + dt.timedelta(days=365), accession="S1")
    other = NewDraw(collected_at=AT + dt.timedelta(days=365), accession="S2")
    plans = record_draws(
        actor=ACTOR,
        draws=[
            PatientDraw(patient_id=patient.pk, draw=later, results=(reading("CEA", "9"),)),
            PatientDraw(patient_id=patient.pk, draw=other, results=(reading("CEA", "4"),)),
        ],
    )
    assert isinstance(plans[0].refused, AccessionAtAnotherTime)
    assert sorted(Result.objects.values_list("value", flat=True)) == ["3", "4"]


def test_the_day_alone_of_a_draw_whose_time_is_known_is_the_same_draw(cast: Cast) -> None:
    patient = make_patient(cast.team)
    known = NewDraw(collected_at=AT, accession="S1")
    day_only = NewDraw(collected_at=AT.replace(hour=0), time_known=False, accession="S1")
    for draw in (known, day_only):
        record_draws(actor=ACTOR, draws=[PatientDraw(patient_id=patient.pk, draw=draw, results=(reading("CEA", "3"),))])
    assert Result.objects.count() == 1


def test_what_no_draw_can_be_is_refused_before_anything_is_written(cast: Cast) -> None:
    patient = make_patient(cast.team)
    draw = NewDraw(collected_at=AT)
    one = PatientDraw(patient_id=patient.pk, draw=draw, results=(reading("CEA", "3"),))
    twice = PatientDraw(patient_id=patient.pk, draw=draw, results=(reading("CEA", "3"), reading("CEA", "4")))
    with pytest.raises(ValueError, match="same draw"):
        record_draws(actor=ACTOR, draws=[one, one])
    with pytest.raises(ValueError, match="same marker"):
        record_draws(actor=ACTOR, draws=[twice])
    with pytest.raises(EmptyDraw):
        record_draws(actor=ACTOR, draws=[PatientDraw(patient_id=patient.pk, draw=draw, results=())])
    nlr = NewResult(
        marker="NLR", as_typed="2", comparator="", value="2", unit="1", canonical_value=one.results[0].canonical_value,
        canonical_unit="1", factor=one.results[0].factor,
    )  # fmt: skip
    with pytest.raises(DerivedMarker):
        record_draws(actor=ACTOR, draws=[PatientDraw(patient_id=patient.pk, draw=draw, results=(nlr,))])
    assert Result.objects.count() == 0

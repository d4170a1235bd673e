from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from audit.models import AuditEvent
from monitoring.models import EvaluationMark
from patients.models import Draw, Result, ResultStatus
from patients.services import (
    AccessionAtAnotherTime,
    DerivedMarker,
    EmptyDraw,
    NewDraw,
    ResultExists,
    ResultNotCurrent,
    correct_result,
    record_draw,
)
from tests.cast import ACTOR, Cast, give_draw, make_patient, reading

DAY = dt.date(2026, 3, 2)
AT = dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)


@pytest.mark.parametrize("typed", ["0", "0.0", "0.004", "<0.5", "0.50", ">1000", "<=0.30"])
def test_a_value_comes_back_exactly_as_typed(cast: Cast, typed: str) -> None:
    patient = make_patient(cast.team)
    give_draw(patient, DAY, {"CEA": typed})
    result = Result.objects.get()
    assert (result.as_typed, result.reported) == (typed, typed)


def test_a_value_in_another_unit_keeps_its_unit_beside_the_canonical_one(cast: Cast) -> None:
    patient = make_patient(cast.team)
    record_draw(
        actor=ACTOR,
        patient_id=patient.pk,
        draw=NewDraw(collected_at=AT),
        results=[reading("BCTX", "412", "pg/mL")],
    )
    result = Result.objects.get()
    assert (result.value, result.unit) == ("412", "pg/mL")
    assert (result.canonical_value, result.canonical_unit, result.factor) == (
        Decimal("0.412"),
        "ng/mL",
        Decimal("0.001"),
    )


def test_a_draw_its_audit_event_and_the_mark_are_written_together(cast: Cast) -> None:
    patient = make_patient(cast.team)
    outcome = give_draw(patient, DAY, {"CEA": "2.1", "BAP": "14"})
    assert (outcome.draw_created, len(outcome.created), outcome.repeated, outcome.corrected) == (True, 2, 0, ())
    event = AuditEvent.objects.get(action="draw.recorded")
    assert (event.patient_id, event.object_id, event.actor) == (patient.pk, str(outcome.draw_id), ACTOR)
    assert EvaluationMark.objects.get().patient_id == patient.pk


def test_nothing_at_all_stands_where_the_transaction_fails(cast: Cast) -> None:
    patient = make_patient(cast.team)

    def record_and_fail() -> None:
        with transaction.atomic():
            give_draw(patient, DAY, {"CEA": "2.1"})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        record_and_fail()
    assert not Draw.objects.exists()
    assert not Result.objects.exists()
    assert not EvaluationMark.objects.exists()
    assert not AuditEvent.objects.filter(action="draw.recorded").exists()


def test_the_same_draw_again_changes_nothing(cast: Cast) -> None:
    patient = make_patient(cast.team)
    give_draw(patient, DAY, {"CEA": "2.10"})
    mark = EvaluationMark.objects.get().version
    outcome = give_draw(patient, DAY, {"CEA": "2.1"})
    assert (outcome.changed, outcome.repeated, outcome.draw_created) == (False, 1, False)
    assert Result.objects.get().value == "2.10"
    assert EvaluationMark.objects.get().version == mark


def test_another_value_for_the_same_draw_is_refused_and_nothing_is_written(cast: Cast) -> None:
    patient = make_patient(cast.team)
    give_draw(patient, DAY, {"CEA": "2.1"})
    with pytest.raises(ResultExists) as refusal:
        give_draw(patient, DAY, {"BAP": "12", "CEA": "21"})
    assert refusal.value.params == {"marker": "CEA", "value": "2.1", "unit": "ng/mL"}
    assert list(Result.objects.values_list("marker_id", "value")) == [("CEA", "2.1")]


def test_another_value_from_the_source_itself_is_a_correction(cast: Cast) -> None:
    patient = make_patient(cast.team)
    give_draw(patient, DAY, {"CEA": "2.1"})
    outcome = record_draw(
        actor=ACTOR,
        patient_id=patient.pk,
        draw=NewDraw(collected_at=AT),
        results=[reading("CEA", "2.4")],
        on_difference="correct",
    )
    assert len(outcome.corrected) == 1
    old, new = Result.objects.order_by("version")
    assert (old.value, old.status, old.version) == ("2.1", "final", 1)
    assert (new.value, new.status, new.version, new.replaces_id) == ("2.4", "corrected", 2, old.pk)
    assert list(Result.objects.current()) == [new]


def test_two_draws_of_one_moment_stay_apart_by_their_accession_number(cast: Cast) -> None:
    patient = make_patient(cast.team)
    for accession, value in (("A-1", "2.1"), ("A-2", "2.2")):
        record_draw(
            actor=ACTOR,
            patient_id=patient.pk,
            draw=NewDraw(collected_at=AT, laboratory="Lab", accession=accession),
            results=[reading("CEA", value)],
        )
    assert Draw.objects.count() == 2


def test_a_draw_without_results_is_refused(cast: Cast) -> None:
    patient = make_patient(cast.team)
    with pytest.raises(EmptyDraw):
        record_draw(actor=ACTOR, patient_id=patient.pk, draw=NewDraw(collected_at=AT), results=[])
    assert not Draw.objects.exists()


def test_a_derived_marker_cannot_be_entered(cast: Cast) -> None:
    patient = make_patient(cast.team)
    with pytest.raises(DerivedMarker):
        give_draw(patient, DAY, {"NLR": "3.1"})
    assert not Draw.objects.exists()


def test_a_correction_is_a_new_row_and_the_old_one_stays(cast: Cast) -> None:
    patient = make_patient(cast.team)
    (old_id,) = give_draw(patient, DAY, {"CEA": "52"}).created
    new = correct_result(
        actor=ACTOR, result_id=old_id, new=reading("CEA", "5.2"), status=ResultStatus.CORRECTED, reason="slip of ten"
    )
    old = Result.objects.get(pk=old_id)
    assert (old.value, old.status, old.replaced_by.pk) == ("52", "final", new.pk)
    assert (new.value, new.status, new.reason, new.version) == ("5.2", "corrected", "slip of ten", 2)


def test_a_result_entered_in_error_leaves_the_trend_and_stays_on_record(cast: Cast) -> None:
    patient = make_patient(cast.team)
    (result_id,) = give_draw(patient, DAY, {"CEA": "52"}).created
    correct_result(
        actor=ACTOR, result_id=result_id, new=None, status=ResultStatus.ENTERED_IN_ERROR, reason="wrong patient"
    )
    assert not Result.objects.for_trends().exists()
    assert Result.objects.count() == 2


def test_the_second_of_two_rival_corrections_is_refused(cast: Cast) -> None:
    patient = make_patient(cast.team)
    (old_id,) = give_draw(patient, DAY, {"CEA": "52"}).created
    first = {"result_id": old_id, "status": ResultStatus.CORRECTED, "reason": "slip"}
    correct_result(actor=ACTOR, new=reading("CEA", "5.2"), **first)  # type: ignore[arg-type]
    with pytest.raises(ResultNotCurrent):
        correct_result(actor=ACTOR, new=reading("CEA", "5.3"), **first)  # type: ignore[arg-type]
    assert Result.objects.count() == 2


@pytest.mark.parametrize(
    "change",
    [
        {"status": "made up"},
        {"comparator": "~"},
        {"canonical_value": Decimal(-1)},
        {"value": ""},
        {"unit": ""},
        {"version": 2},
        {"version": 2, "reason": "why"},
    ],
)
def test_the_database_itself_refuses_what_must_never_hold(cast: Cast, change: dict[str, object]) -> None:
    patient = make_patient(cast.team)
    (result_id,) = give_draw(patient, DAY, {"CEA": "5.2"}).created
    with pytest.raises(IntegrityError), transaction.atomic():
        Result.objects.filter(pk=result_id).update(**change)
    assert Result.objects.get().value == "5.2"


def test_the_number_of_a_draw_of_another_time_is_refused_and_nothing_joins_that_draw(cast: Cast) -> None:
    patient = make_patient(cast.team)

    def record(at: dt.datetime, marker: str, *, time_known: bool = True) -> int:
        draw = NewDraw(collected_at=at, time_known=time_known, laboratory="Central", accession="A-1")
        results = [reading(marker, "20")]
        return record_draw(actor=ACTOR, patient_id=patient.pk, draw=draw, results=results).draw_id

    first = record(AT, "CEA")
    with pytest.raises(AccessionAtAnotherTime) as refusal:
        record(AT + dt.timedelta(days=1), "BAP")
    assert refusal.value.params == {"accession": "A-1", "recorded": "2026-03-02 08:00+00:00"}
    assert list(Result.objects.values_list("marker_id", flat=True)) == ["CEA"]
    assert record(AT.replace(hour=0), "BAP", time_known=False) == first  # the same day, its time not known


def test_a_correction_cannot_turn_a_result_into_one_of_another_marker(cast: Cast) -> None:
    give_draw(make_patient(cast.team), DAY, {"CEA": "2.1"})
    with pytest.raises(ValueError, match="a result of CEA cannot become one of NSE"):
        correct_result(
            actor=ACTOR, result_id=Result.objects.get().pk, new=reading("NSE", "3"), status="corrected", reason="slip"
        )
    assert Result.objects.get().version == 1

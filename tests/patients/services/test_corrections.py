"""Correcting a draw: nothing old is lost, nobody is overwritten, and the reason is asked for."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from audit.models import AuditEvent
from patients.models import Draw, DrawChange, Patient, Result
from patients.services import (
    AccessionAtAnotherTime,
    Change,
    DrawChangedMeanwhile,
    DrawOnRecord,
    NewDraw,
    NothingChanged,
    ReasonMissing,
    ResultExists,
    Revision,
    Seen,
    correct_result,
    record_draw,
    revise_draw,
    take_back_draw,
)
from tests.cast import ACTOR, Cast, give_draw, make_patient, reading
from tests.monitoring.scenes import marked

AT = dt.datetime(2026, 3, 2, 8, 15, tzinfo=dt.UTC)


@pytest.fixture
def patient(cast: Cast) -> Patient:
    return make_patient(cast.team)


@pytest.fixture
def draw(patient: Patient) -> Draw:
    """CEA 3.10 and ALP 80."""
    return Draw.objects.get(pk=give_draw(patient, AT, {"CEA": "3.10", "ALP": "80"}, laboratory="Central").draw_id)


def seen_of(draw: Draw) -> Seen:
    return Seen(version=draw.version, results=dict(draw.results.current().values_list("marker_id", "pk")))


def revise(draw: Draw, *changes: Change, **rest: Any) -> Revision:
    settings: dict[str, Any] = {"seen": seen_of(draw), "reason": "typed wrongly", **rest}
    return revise_draw(actor=ACTOR, draw_id=draw.pk, changes=changes, **settings)


def as_it_is(draw: Draw) -> NewDraw:
    return NewDraw(collected_at=draw.collected_at, laboratory=draw.laboratory, accession=draw.accession)


def on_record(draw: Draw) -> dict[str, tuple[str, str, int]]:
    rows = draw.results.current().values_list("marker_id", "as_typed", "status", "version")
    return {marker: (text, status, version) for marker, text, status, version in rows}


def rows() -> tuple[int, int, int]:
    """Results, changes of draws, events in the log."""
    return Result.objects.count(), DrawChange.objects.count(), AuditEvent.objects.count()


def test_a_value_is_corrected_and_the_old_one_stays_with_reason_and_person(cast: Cast, draw: Draw) -> None:
    revision = revise(draw, Change(marker="CEA", new=reading("CEA", "31.0")), recorded_by=cast.nurse)
    assert on_record(draw) == {"CEA": ("31.0", "corrected", 2), "ALP": ("80", "final", 1)}
    new = Result.objects.get(pk=revision.results[0])
    assert new.replaces is not None
    assert (new.replaces.as_typed, new.replaces.status, new.replaces.reason) == ("3.10", "final", "")
    assert (new.reason, new.recorded_by) == ("typed wrongly", cast.nurse)
    event = AuditEvent.objects.get(action="result.corrected")
    assert (event.object_id, event.details) == (str(new.pk), {"replaces": new.replaces_id, "status": "corrected"})


def test_several_changes_of_one_draw_are_written_together(draw: Draw) -> None:
    revise(draw, Change(marker="CEA", new=reading("CEA", "3.2")), Change(marker="ALP", status="cancelled"))
    assert on_record(draw) == {"CEA": ("3.2", "corrected", 2), "ALP": ("80", "cancelled", 2)}


def test_the_facts_of_a_draw_are_corrected_and_what_stood_there_is_kept(cast: Cast, draw: Draw) -> None:
    facts = replace(as_it_is(draw), collected_at=AT - dt.timedelta(days=1), haemolysis="present", fasting="no")
    revision = revise(draw, facts=facts, recorded_by=cast.nurse, reason=" read the label again ")
    draw.refresh_from_db()
    assert (draw.collected_at, draw.haemolysis, draw.fasting, draw.version) == (facts.collected_at, "present", "no", 2)
    kept = DrawChange.objects.filter(draw=draw).order_by("pk")
    assert [(one.field, one.old, one.new, one.version) for one in kept] == [
        ("collected", "2026-03-02T08:15:00+00:00", "2026-03-01T08:15:00+00:00", 2),
        ("fasting", "unknown", "no", 2),
        ("haemolysis", "unknown", "present", 2),
    ]
    assert {(one.reason, one.by) for one in kept} == {("read the label again", cast.nurse)}
    assert revision.facts == ("collected", "fasting", "haemolysis")
    assert AuditEvent.objects.get(action="draw.amended").details == {"facts": list(revision.facts), "version": 2}


def test_a_clock_that_is_not_known_after_all_leaves_the_day(draw: Draw) -> None:
    midnight = AT.replace(hour=0, minute=0)
    revise(draw, facts=replace(as_it_is(draw), collected_at=midnight, time_known=False))
    change = DrawChange.objects.get()
    assert (change.old, change.new) == ("2026-03-02T08:15:00+00:00", "2026-03-02")


@pytest.mark.parametrize("what", ["value", "facts", "whole"])
def test_the_patient_is_to_be_evaluated_after_every_kind_of_correction(patient: Patient, draw: Draw, what: str) -> None:
    patient.evaluation_mark.delete()
    if what == "value":
        revise(draw, Change(marker="CEA", new=reading("CEA", "3.2")))
    elif what == "facts":
        revise(draw, facts=replace(as_it_is(draw), haemolysis="present"))
    else:
        take_back_draw(actor=ACTOR, draw_id=draw.pk, seen=seen_of(draw), reason="another patient's")
    assert marked(patient)


@pytest.mark.parametrize("reason", ["", "  \t"])
def test_without_a_reason_nothing_is_corrected(draw: Draw, reason: str) -> None:
    before, result = rows(), Result.objects.get(marker_id="CEA")
    with pytest.raises(ReasonMissing):
        revise(draw, Change(marker="CEA", status="cancelled"), reason=reason)
    with pytest.raises(ReasonMissing):
        take_back_draw(actor=ACTOR, draw_id=draw.pk, seen=seen_of(draw), reason=reason)
    with pytest.raises(ReasonMissing):
        correct_result(actor=ACTOR, result_id=result.pk, new=None, status="cancelled", reason=reason)
    assert rows() == before


def test_a_correction_that_changes_nothing_is_none(draw: Draw) -> None:
    before = rows()
    with pytest.raises(NothingChanged):
        revise(draw, facts=as_it_is(draw))
    assert rows() == before


@pytest.mark.parametrize("other", ["the same value", "another value", "the draw"])
def test_the_second_of_two_people_overwrites_nothing(draw: Draw, other: str) -> None:
    seen = seen_of(draw)
    if other == "the draw":
        revise(draw, facts=replace(as_it_is(draw), fasting="yes"))
    else:
        marker = "CEA" if other == "the same value" else "ALP"
        revise(draw, Change(marker=marker, new=reading(marker, "90")))
    before, standing = rows(), on_record(draw)
    with pytest.raises(DrawChangedMeanwhile):
        revise(draw, Change(marker="CEA", new=reading("CEA", "5")), seen=seen)
    with pytest.raises(DrawChangedMeanwhile):
        take_back_draw(actor=ACTOR, draw_id=draw.pk, seen=seen, reason="another patient's")
    assert (rows(), on_record(draw)) == (before, standing)


def test_a_value_that_came_in_meanwhile_stops_only_who_takes_back_the_whole_draw(patient: Patient, draw: Draw) -> None:
    seen = seen_of(draw)
    give_draw(patient, AT, {"NSE": "12"}, laboratory="Central")
    with pytest.raises(DrawChangedMeanwhile):
        take_back_draw(actor=ACTOR, draw_id=draw.pk, seen=seen, reason="another patient's")
    revise(draw, Change(marker="CEA", new=reading("CEA", "3.2")), seen=seen)
    assert on_record(draw)["CEA"] == ("3.2", "corrected", 2)


def test_a_whole_draw_is_taken_back_once(draw: Draw) -> None:
    revise(draw, Change(marker="ALP", status="cancelled"))
    revision = take_back_draw(actor=ACTOR, draw_id=draw.pk, seen=seen_of(draw), reason="another patient's")
    assert on_record(draw) == {"CEA": ("3.10", "entered-in-error", 2), "ALP": ("80", "cancelled", 2)}
    assert AuditEvent.objects.get(action="draw.taken_back").details == {"results": list(revision.results)}
    assert list(Result.objects.for_trends()) == []
    with pytest.raises(NothingChanged):
        take_back_draw(actor=ACTOR, draw_id=draw.pk, seen=seen_of(draw), reason="another patient's")


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled"])
@pytest.mark.parametrize("text", ["3.10", "31.0"])
def test_what_was_taken_back_can_be_entered_again(patient: Patient, draw: Draw, status: str, text: str) -> None:
    revise(draw, Change(marker="CEA", status=status))
    outcome = give_draw(patient, AT, {"CEA": text, "ALP": "80"}, laboratory="Central")
    assert (outcome.draw_created, outcome.repeated, len(outcome.corrected)) == (False, 1, 1)
    assert on_record(draw)["CEA"] == (text, "corrected", 3)
    assert Result.objects.get(marker_id="CEA", version=3).reason == "entered again after it was taken back"
    with pytest.raises(ResultExists):
        give_draw(patient, AT, {"CEA": "99"}, laboratory="Central")


def test_a_draw_cannot_take_the_place_of_another(patient: Patient, draw: Draw) -> None:
    later = AT + dt.timedelta(days=1)
    give_draw(patient, later, {"CEA": "4"}, laboratory="Central")
    record_draw(
        actor=ACTOR,
        patient_id=patient.pk,
        draw=NewDraw(collected_at=later + dt.timedelta(days=1), laboratory="Central", accession="S-77"),
        results=[reading("CEA", "5")],
    )
    before = rows()
    with pytest.raises(DrawOnRecord) as moment:
        revise(draw, facts=replace(as_it_is(draw), collected_at=later))
    assert moment.value.params == {"moment": "2026-03-03 08:15"}
    with pytest.raises(AccessionAtAnotherTime) as number:
        revise(draw, facts=replace(as_it_is(draw), accession="S-77"))
    assert number.value.params == {"accession": "S-77", "recorded": "2026-03-04 08:15+00:00"}
    draw.refresh_from_db()
    assert (rows(), draw.version, draw.collected_at, draw.accession) == (before, 1, AT, "")


def test_a_result_that_is_not_in_the_draw_cannot_be_corrected(draw: Draw) -> None:
    before = rows()
    with pytest.raises(ValueError, match="no result of NSE stands in this draw"):
        revise(draw, Change(marker="NSE", new=reading("NSE", "12")))
    assert rows() == before

"""A second paper of one draw: what it knows is filled in, what it contradicts is refused, and nothing is dropped."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import AuditEvent
from monitoring.models import EvaluationMark
from patients.models import Draw, DrawChange, Patient, Result
from patients.services import (
    AccessionAtAnotherTime,
    DrawChangedMeanwhile,
    DrawFactsDiffer,
    DrawOutcome,
    NewDraw,
    OtherDrawOfTheDay,
    PatientDraw,
    Seen,
    plan_draws,
    record_draw,
    record_draws,
    revise_draw,
)
from patients.services.draw_facts import SAID_LATER
from tests.cast import ACTOR, Cast, make_patient, reading

AT = dt.datetime(2026, 3, 2, 8, 15, tzinfo=dt.UTC)
DAY = AT.replace(hour=0, minute=0)
BARE = NewDraw(collected_at=DAY, time_known=False)
FULL = NewDraw(
    collected_at=AT,
    laboratory="Central",
    accession="S-7",
    fasting="yes",
    haemolysis="present",
    biotin="no",
    g_csf="yes",
    steroid="no",
)


@pytest.fixture
def patient(cast: Cast) -> Patient:
    return make_patient(cast.team)


def give(patient: Patient, draw: NewDraw, marker: str = "CEA", text: str = "3.1", **more: Any) -> DrawOutcome:
    return record_draw(
        actor=ACTOR, patient_id=patient.pk, draw=draw, results=[reading(marker, text)], **{"same_as": None, **more}
    )


def facts(draw_id: int) -> tuple[Any, ...]:
    row = Draw.objects.get(pk=draw_id)
    return (
        *(row.collected_at, row.time_known, row.laboratory, row.accession),
        *(row.fasting, row.haemolysis, row.biotin, row.g_csf, row.steroid),
    )


def mark_version(patient: Patient) -> int:
    """Grows with everything that has the patient evaluated again."""
    return EvaluationMark.objects.get(patient=patient).version


def written() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Draw, Result, DrawChange, AuditEvent))


KNOWN = (AT, True, "Central", "S-7", "yes", "present", "no", "yes", "no")


def test_everything_the_second_paper_knows_is_filled_in_as_an_audited_change(cast: Cast, patient: Patient) -> None:
    first = give(patient, BARE)
    before = mark_version(patient)
    second = give(patient, FULL, "NSE", "12", same_as=first.draw_id, recorded_by=cast.nurse)
    assert (second.draw_id, second.draw_created, len(second.created)) == (first.draw_id, False, 1)
    assert facts(first.draw_id) == KNOWN
    names = ("collected", "laboratory", "accession", "fasting", "haemolysis", "biotin", "g_csf", "steroid")
    assert second.filled == names
    assert Draw.objects.get().version == 2
    changes = DrawChange.objects.order_by("pk")
    assert tuple(change.field for change in changes) == names
    assert {(change.version, change.reason, change.by) for change in changes} == {(2, SAID_LATER, cast.nurse)}
    assert changes[0].old == "2026-03-02"
    event = AuditEvent.objects.get(action="draw.amended")
    assert (event.patient_id, event.details) == (patient.pk, {"facts": list(names), "version": 2})
    assert mark_version(patient) == before + 1


def test_a_paper_that_only_knows_more_of_the_draw_has_it_read_again(patient: Patient) -> None:
    first = give(patient, replace(FULL, haemolysis="unknown"))
    before = mark_version(patient)
    again = give(patient, FULL)
    assert (again.draw_id, again.created, again.repeated, again.filled) == (first.draw_id, (), 1, ("haemolysis",))
    assert Draw.objects.get().haemolysis == "present"
    assert mark_version(patient) == before + 1
    assert AuditEvent.objects.filter(action="draw.recorded").count() == 1


def test_what_says_the_same_or_nothing_changes_nothing(patient: Patient) -> None:
    first = give(patient, replace(FULL, collected_at=AT.replace(second=30)))
    before = written()
    for paper in (BARE, replace(FULL, laboratory=" CENTRAL "), replace(BARE, laboratory="central")):
        assert give(patient, paper, same_as=first.draw_id).filled == ()
    assert written() == before
    assert facts(first.draw_id)[0] == AT.replace(second=30)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("collected_at", AT.replace(hour=14)),
        ("laboratory", "North"),
        ("accession", "S-8"),
        ("fasting", "no"),
        ("haemolysis", "none"),
        ("biotin", "yes"),
        ("g_csf", "no"),
        ("steroid", "yes"),
    ],
)
def test_what_both_know_and_differs_is_refused_with_both_values_and_nothing_is_written(
    patient: Patient, name: str, says: Any
) -> None:
    first = give(patient, FULL)
    before = written()
    with pytest.raises(DrawFactsDiffer) as refusal:
        give(patient, replace(FULL, **{name: says}), "NSE", "12", same_as=first.draw_id)
    fact = "collected" if name == "collected_at" else name
    assert refusal.value.differing == (fact,)
    assert refusal.value.draw_id == first.draw_id
    stands, told = refusal.value.params[f"stands_{fact}"], refusal.value.params[f"says_{fact}"]
    if fact == "collected":
        assert (stands, told) == ("2026-03-02T08:15:00+00:00", "2026-03-02T14:15:00+00:00")
    else:
        assert (stands, told) == (getattr(FULL, name), says)
    assert written() == before


def test_one_difference_fills_in_nothing_of_the_rest(patient: Patient) -> None:
    first = give(patient, replace(BARE, fasting="no"))
    before = written()
    with pytest.raises(DrawFactsDiffer):
        give(patient, FULL, "NSE", "12", same_as=first.draw_id)
    assert written() == before


def test_a_number_that_is_another_draws_is_not_filled_in(patient: Patient) -> None:
    give(patient, replace(FULL, collected_at=AT - dt.timedelta(days=7)))
    first = give(patient, replace(BARE, laboratory="Central"))
    before = written()
    with pytest.raises(AccessionAtAnotherTime):
        give(patient, FULL, "NSE", "12", same_as=first.draw_id)
    assert written() == before


def test_the_draw_that_was_meant_must_be_this_patients_and_of_that_day(cast: Cast, patient: Patient) -> None:
    theirs = give(make_patient(cast.team), BARE).draw_id
    earlier = give(patient, replace(BARE, collected_at=DAY - dt.timedelta(days=1))).draw_id
    before = written()
    for meant in (theirs, earlier, 987654):
        with pytest.raises(DrawChangedMeanwhile):
            give(patient, FULL, same_as=meant)
    assert written() == before


def test_another_draw_of_the_day_is_asked_about_only_where_it_holds_one_of_the_markers(patient: Patient) -> None:
    first = give(patient, BARE)
    before = written()
    with pytest.raises(OtherDrawOfTheDay) as asks:
        give(patient, FULL, ask_same_day=True)
    assert asks.value.draw_id == first.draw_id
    assert written() == before
    assert give(patient, FULL, "NSE", "12", ask_same_day=True).draw_created
    assert give(patient, replace(FULL, accession="S-9")).draw_created


def test_a_corrected_day_is_asked_about_the_same(patient: Patient) -> None:
    standing = give(patient, FULL).draw_id
    moved = Draw.objects.get(pk=give(patient, replace(BARE, collected_at=DAY - dt.timedelta(days=1))).draw_id)
    seen = Seen(version=1, results={"CEA": moved.results.get().pk})
    before = written()
    with pytest.raises(OtherDrawOfTheDay) as asks:
        revise_draw(actor=ACTOR, draw_id=moved.pk, seen=seen, facts=BARE, reason="wrong day", ask_same_day=True)
    assert asks.value.draw_id == standing
    assert written() == before
    revise_draw(actor=ACTOR, draw_id=moved.pk, seen=seen, facts=BARE, reason="wrong day")
    assert Draw.objects.get(pk=moved.pk).collected_at == DAY


# --- files --------------------------------------------------------------------------------------------------------


def item(patient: Patient, draw: NewDraw, marker: str = "CEA", text: str = "3.1") -> PatientDraw:
    return PatientDraw(patient_id=patient.pk, draw=draw, results=(reading(marker, text),))


def test_a_file_fills_in_and_is_refused_by_the_same_rule(cast: Cast, patient: Patient) -> None:
    other = make_patient(cast.team)
    bare = replace(BARE, laboratory="Central", accession="S-7")
    record_draws(actor=ACTOR, draws=[item(patient, bare), item(other, replace(bare, haemolysis="none"))])
    later = [item(patient, FULL, "NSE", "12"), item(other, FULL, "NSE", "12")]
    planned = plan_draws(later)
    assert DrawChange.objects.count() == 0
    filled, refused = record_draws(actor=ACTOR, draws=later, recorded_by=cast.nurse)
    assert [plan.filled for plan in planned] == [filled.filled, {}]
    assert set(filled.filled) == {"collected", "fasting", "haemolysis", "biotin", "g_csf", "steroid"}
    assert isinstance(planned[1].refused, DrawFactsDiffer)
    assert isinstance(refused.refused, DrawFactsDiffer)
    assert refused.refused.differing == ("haemolysis",)
    assert facts(Draw.objects.get(patient=patient).pk) == KNOWN
    kept = Draw.objects.get(patient=other)
    assert (kept.haemolysis, kept.version, kept.results.count()) == ("none", 1, 1)
    assert set(DrawChange.objects.values_list("reason", "by", "draw__patient")) == {
        (SAID_LATER, cast.nurse.pk, patient.pk)
    }


def test_a_file_with_nothing_new_but_a_fact_has_the_draw_read_again(patient: Patient) -> None:
    record_draws(actor=ACTOR, draws=[item(patient, replace(FULL, haemolysis="unknown"))])
    before = mark_version(patient)
    [plan] = record_draws(actor=ACTOR, draws=[item(patient, FULL)])
    assert (plan.repeated, plan.changes, Draw.objects.get().haemolysis) == (1, True, "present")
    assert mark_version(patient) == before + 1
    again = written()
    [plan] = record_draws(actor=ACTOR, draws=[item(patient, FULL)])
    assert (plan.changes, written()) == (False, again)


@pytest.mark.parametrize("corrected_to", ["none", "unknown"])
def test_an_old_file_read_again_undoes_no_correction_of_a_fact(patient: Patient, corrected_to: str) -> None:
    record_draws(actor=ACTOR, draws=[item(patient, FULL)])
    draw = Draw.objects.get()
    seen = Seen(version=1, results={"CEA": draw.results.get().pk})
    right = replace(FULL, haemolysis=corrected_to)
    revise_draw(actor=ACTOR, draw_id=draw.pk, seen=seen, facts=right, reason="the tube was clear")
    [plan] = record_draws(actor=ACTOR, draws=[item(patient, FULL)])
    assert (plan.refused, plan.repeated, plan.changes) == (None, 1, False)
    assert Draw.objects.get().haemolysis == corrected_to


def test_filling_in_fifty_draws_takes_as_many_queries_as_one(cast: Cast) -> None:
    def cost(count: int) -> int:
        patients = [make_patient(cast.team) for _ in range(count)]
        record_draws(actor=ACTOR, draws=[item(one, replace(FULL, haemolysis="unknown")) for one in patients])
        with CaptureQueriesContext(connection) as queries:
            record_draws(actor=ACTOR, draws=[item(one, FULL) for one in patients])
        assert DrawChange.objects.filter(draw__patient__in=patients).count() == count
        return len(queries)

    assert cost(50) == cost(1)

"""A second person looks at what was typed: what waits, who may release it, and what two entries that differ do."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from audit.models import AuditEvent
from monitoring.models import EvaluationMark
from patients.models import Draw, ImportBatch, Patient, Result, ResultCheck, SecondCheck
from patients.selectors import series_points
from patients.services import (
    Change,
    Checked,
    DrawChangedMeanwhile,
    NewDraw,
    NothingChecked,
    OtherCheckAsked,
    OwnEntry,
    PatientDraw,
    PatientMerged,
    RecordError,
    ResultNotCurrent,
    SecondEntry,
    Seen,
    TypedAlready,
    correct_result,
    enter_second_time,
    merge_patients,
    record_draw,
    record_draws,
    revise_draw,
    save_laboratory,
    second_checks,
    take_back_draw,
    verify_results,
)
from patients.services.locking import hold_patient
from tests.cast import ACTOR, Cast, make_patient, reading
from tests.monitoring.scenes import marked
from tests.patients.holds import AT, LABORATORY, a_third, ask, on_hold, standing, type_draw
from tests.patients.holds import typed as typed_as

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient(cast: Cast) -> Patient:
    return make_patient(cast.team)


def verify(draw: Draw, by: User, *markers: str) -> Checked:
    rows = [standing(draw, marker).pk for marker in markers or on_hold(draw)]
    return verify_results(actor=by.audit_name, by=by, draw_id=draw.pk, result_ids=rows)


def second(draw: Draw, by: User, **typed: str) -> Checked:
    """Values in canonical units, or `marker="7.2 unit"`."""
    entries = []
    for marker, text in typed.items():
        value, _, unit = text.partition(" ")
        entries.append(SecondEntry(result_id=standing(draw, marker).pk, new=typed_as(marker, value, unit)))
    return enter_second_time(actor=by.audit_name, by=by, draw_id=draw.pk, entries=entries)


def in_trends(patient: Patient) -> dict[str, list[str]]:
    series = series_points([patient.pk])[patient.pk]
    return {code: [f"{point.comparator}{point.value}" for point in points] for code, points in series.items()}


def record_as_it_is() -> tuple[list[Any], int, int]:
    """Every result, every check, every event."""
    rows: list[Any] = list(Result.objects.order_by("pk").values_list("pk", "as_typed", "status", "awaiting_check"))
    return rows, ResultCheck.objects.count(), AuditEvent.objects.count()


# --- what waits ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("asked", "waits"), [("none", {}), ("verify", {"CEA": "verify"}), ("blind", {"CEA": "blind"})])
def test_what_a_person_types_waits_where_the_laboratory_asks_for_it(
    cast: Cast, patient: Patient, asked: str, waits: dict[str, str]
) -> None:
    ask(asked)
    draw = type_draw(patient, cast.nurse, {"CEA": "5.2"})
    assert on_hold(draw) == waits
    assert standing(draw).as_typed == "5.2"


def test_the_laboratory_is_found_however_its_name_is_spaced_and_another_asks_for_nothing(
    cast: Cast, patient: Patient
) -> None:
    ask("verify")
    spaced = type_draw(patient, cast.nurse, {"CEA": "5.2"}, laboratory=" central ")
    other = type_draw(patient, cast.nurse, {"CEA": "5.2"}, laboratory="Other")
    unnamed = type_draw(patient, cast.nurse, {"CEA": "5.2"}, laboratory="")
    assert [on_hold(draw) for draw in (spaced, other, unnamed)] == [{"CEA": "verify"}, {}, {}]


def test_a_profile_out_of_use_asks_for_nothing(cast: Cast, patient: Patient) -> None:
    save_laboratory(
        actor=ACTOR, name=LABORATORY, decimal_comma=False, is_active=False, lines=[], second_check=SecondCheck.VERIFY
    )
    assert on_hold(type_draw(patient, cast.nurse, {"CEA": "5.2"})) == {}


def test_what_comes_in_a_file_is_the_laboratorys_own_and_waits_for_nobody(cast: Cast, patient: Patient) -> None:
    ask("verify")
    batch = ImportBatch.objects.create(file_name="a.csv", sha256="0" * 64, care_team=cast.team, started_by=cast.nurse)
    new = NewDraw(collected_at=AT, laboratory=LABORATORY)
    item = PatientDraw(patient_id=patient.pk, draw=new, results=(reading("CEA", "5.2"),))
    record_draws(actor=ACTOR, draws=[item], recorded_by=cast.nurse, batch=batch)
    record_draw(
        actor=ACTOR,
        patient_id=patient.pk,
        draw=replace(new, collected_at=AT + dt.timedelta(days=1)),
        results=[reading("CEA", "5.3")],
        recorded_by=cast.nurse,
        batch=batch,
    )
    assert not Result.objects.on_hold().exists()
    assert in_trends(patient) == {"CEA": ["5.2", "5.3"]}


def test_a_file_that_corrects_what_waits_puts_the_laboratorys_own_number_in_its_place(
    cast: Cast, patient: Patient
) -> None:
    ask("verify")
    draw = type_draw(patient, cast.nurse, {"CEA": "5.2"})
    batch = ImportBatch.objects.create(file_name="a.csv", sha256="0" * 64, care_team=cast.team)
    new = NewDraw(collected_at=AT, laboratory=LABORATORY)
    item = PatientDraw(patient_id=patient.pk, draw=new, results=(reading("CEA", "5.3"),))
    record_draws(actor=ACTOR, draws=[item], batch=batch)
    assert on_hold(draw) == {}
    assert in_trends(patient) == {"CEA": ["5.3"]}


def test_a_result_without_a_value_waits_too(cast: Cast, patient: Patient) -> None:
    ask("blind")
    assert on_hold(type_draw(patient, cast.nurse, {"CEA": "haemolysed"})) == {"CEA": "blind"}


def test_the_outcome_says_how_many_wait_and_a_repeat_changes_nothing(cast: Cast, patient: Patient) -> None:
    ask("verify")
    results = [reading("CEA", "5.2"), reading("ALP", "80")]
    said = [
        record_draw(
            actor=ACTOR,
            patient_id=patient.pk,
            draw=NewDraw(collected_at=AT, laboratory=LABORATORY),
            results=results,
            recorded_by=by,
        )
        for by in (cast.nurse, cast.clinician)
    ]
    assert [(one.on_hold, one.repeated) for one in said] == [(2, 0), (0, 2)]
    assert set(Result.objects.on_hold().values_list("recorded_by", flat=True)) == {cast.nurse.pk}


def test_the_database_holds_nothing_on_hold_that_no_person_typed(cast: Cast, patient: Patient) -> None:
    draw = type_draw(patient, cast.nurse, {"CEA": "5.2"})
    for wrong in ({"recorded_by": None}, {"status": "entered-in-error"}, {"awaiting_check": "other"}):
        with pytest.raises(IntegrityError, match="result_on_hold_was_typed"), transaction.atomic():
            Result.objects.filter(draw=draw).update(**({"awaiting_check": "verify"} | wrong))


# --- verified by another person -------------------------------------------------------------------------------------


def test_another_person_releases_what_agrees_and_the_rest_goes_on_waiting(cast: Cast, patient: Patient) -> None:
    ask("verify")
    draw = type_draw(patient, cast.nurse, {"CEA": "5.2", "ALP": "80"})
    assert in_trends(patient) == {}
    EvaluationMark.objects.all().delete()
    done = verify(draw, cast.clinician, "CEA")
    assert done == Checked(released=(standing(draw).pk,))
    assert on_hold(draw) == {"ALP": "verify"}
    assert in_trends(patient) == {"CEA": ["5.2"]}
    check = ResultCheck.objects.get()
    assert (check.kind, check.outcome, check.by, check.entered_by) == (
        "verified",
        "agreed",
        cast.clinician,
        cast.nurse,
    )
    assert marked(patient)
    event = AuditEvent.objects.get(action="result.checked")
    assert (event.actor, event.object_id, event.details) == (
        cast.clinician.audit_name,
        str(standing(draw).pk),
        {"kind": "verified", "outcome": "agreed"},
    )


def test_who_entered_a_value_is_refused_and_nothing_of_the_draw_changes(cast: Cast, patient: Patient) -> None:
    ask("verify")
    draw = type_draw(patient, cast.nurse, {"CEA": "5.2"})
    type_draw(patient, cast.clinician, {"ALP": "80"})
    EvaluationMark.objects.all().delete()
    before = record_as_it_is()
    with pytest.raises(OwnEntry) as refused:
        verify(draw, cast.nurse, "CEA", "ALP")
    assert refused.value.params == {"marker": "CEA"}
    assert record_as_it_is() == before
    assert not marked(patient)


def test_who_corrected_last_is_the_first_person_and_who_entered_first_may_check(cast: Cast, patient: Patient) -> None:
    ask("verify")
    draw = type_draw(patient, cast.nurse, {"CEA": "52"})
    correct(draw, cast.clinician, "5.2")
    assert on_hold(draw) == {"CEA": "verify"}
    with pytest.raises(OwnEntry):
        verify(draw, cast.clinician)
    assert verify(draw, cast.nurse).released == (standing(draw).pk,)


def correct(draw: Draw, by: User, value: str | None, marker: str = "CEA") -> Result:
    return correct_result(
        actor=by.audit_name,
        result_id=standing(draw, marker).pk,
        new=None if value is None else reading(marker, value),
        status="corrected" if value is not None else "entered-in-error",
        reason="typed wrongly",
        recorded_by=by,
    )


def test_what_was_corrected_meanwhile_is_not_released_unseen(cast: Cast, patient: Patient) -> None:
    ask("verify")
    draw = type_draw(patient, cast.nurse, {"CEA": "52", "ALP": "80"})
    seen = [standing(draw).pk, standing(draw, "ALP").pk]
    correct(draw, cast.nurse, "5.2")
    before = record_as_it_is()
    with pytest.raises(ResultNotCurrent):
        verify_results(actor=ACTOR, by=cast.clinician, draw_id=draw.pk, result_ids=seen)
    assert record_as_it_is() == before


def test_a_second_verifier_finds_it_released_and_writes_nothing(cast: Cast, patient: Patient) -> None:
    ask("verify")
    draw = type_draw(patient, cast.nurse, {"CEA": "5.2"})
    row = standing(draw).pk
    verify(draw, cast.clinician)
    before = record_as_it_is()
    done = verify_results(actor=ACTOR, by=a_third(cast), draw_id=draw.pk, result_ids=[row])
    assert done == Checked(already=(row,))
    assert record_as_it_is()[:2] == before[:2]
    assert ResultCheck.objects.get().by == cast.clinician


@pytest.mark.parametrize("asked", ["verify", "blind"])
def test_nothing_and_the_other_kind_of_check_are_refused(cast: Cast, patient: Patient, asked: str) -> None:
    ask(asked)
    draw = type_draw(patient, cast.nurse, {"CEA": "5.2"})
    before = record_as_it_is()
    with pytest.raises(OtherCheckAsked):
        second(draw, cast.clinician, CEA="5.2") if asked == "verify" else verify(draw, cast.clinician)
    with pytest.raises(NothingChecked):
        verify_results(actor=ACTOR, by=cast.clinician, draw_id=draw.pk, result_ids=[])
    assert record_as_it_is() == before


def test_a_result_of_another_draw_is_not_released_through_this_one(cast: Cast, patient: Patient) -> None:
    ask("verify")
    draw = type_draw(patient, cast.nurse, {"CEA": "5.2"})
    other = type_draw(make_patient(cast.other_team), cast.nurse, {"CEA": "9.9"})
    with pytest.raises(ResultNotCurrent):
        verify_results(actor=ACTOR, by=cast.clinician, draw_id=draw.pk, result_ids=[standing(other).pk])
    assert on_hold(other) == {"CEA": "verify"}


# --- typed a second time --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("marker", "first", "again", "agrees"),
    [
        ("CEA", "5.2", "5.20", True),
        ("CEA", "5.2", "5.2 µg/L", True),
        ("CEA", "<0.5", "<0.50", True),
        ("CEA", "<0.5", "0.5", False),
        ("CEA", "0.5", "<0.5", False),
        ("CEA", "<0.5", "<=0.5", False),
        ("CEA", "5.2", "5.3", False),
        ("CEA", "5.2", "52", False),
        ("CEA", "0", "0.000000000001", True),
        ("CEA", "0", "0.000000000002", False),
        ("BCTX", "6", "6 pg/mL", False),
        ("BCTX", "0.5", "500 pg/mL", True),
        ("ALB", "40", "4.0 g/dL", True),
        ("CEA", "haemolysed", "溶血", True),
        ("CEA", "haemolysed", "clotted", False),
        ("CEA", "haemolysed", "5.2", False),
        ("CEA", "5.2", "haemolysed", False),
    ],
)
def test_two_entries_agree_where_they_say_the_same_number(
    cast: Cast, patient: Patient, marker: str, first: str, again: str, agrees: bool
) -> None:
    ask("blind")
    draw = type_draw(patient, cast.nurse, {marker: first})
    row = standing(draw, marker)
    done = second(draw, cast.clinician, **{marker: again})
    assert done == (Checked(released=(row.pk,)) if agrees else Checked(differing=(row.pk,)))
    assert on_hold(draw) == ({} if agrees else {marker: "blind"})
    assert standing(draw, marker).as_typed == first
    check = ResultCheck.objects.get()
    assert (check.kind, check.outcome, check.as_typed) == (
        "typed",
        "agreed" if agrees else "differs",
        again.partition(" ")[0],
    )


def test_each_result_of_a_draw_stands_for_itself(cast: Cast, patient: Patient) -> None:
    ask("blind")
    draw = type_draw(patient, cast.nurse, {"CEA": "5.2", "ALP": "80", "PLT": "250"})
    done = second(draw, cast.clinician, CEA="5.20", ALP="81")
    assert done == Checked(released=(standing(draw).pk,), differing=(standing(draw, "ALP").pk,))
    assert on_hold(draw) == {"ALP": "blind", "PLT": "blind"}
    assert in_trends(patient) == {"CEA": ["5.2"]}


def test_entries_that_differ_ask_for_no_evaluation_and_are_in_the_log(cast: Cast, patient: Patient) -> None:
    ask("blind")
    draw = type_draw(patient, cast.nurse, {"CEA": "5.2"})
    EvaluationMark.objects.all().delete()
    second(draw, cast.clinician, CEA="5.3")
    assert not marked(patient)
    event = AuditEvent.objects.get(action="result.checked")
    assert event.details == {"kind": "typed", "outcome": "differs"}


def test_who_entered_it_cannot_be_the_second_and_nothing_changes(cast: Cast, patient: Patient) -> None:
    ask("blind")
    draw = type_draw(patient, cast.nurse, {"CEA": "5.2"})
    before = record_as_it_is()
    with pytest.raises(OwnEntry):
        second(draw, cast.nurse, CEA="5.2")
    assert record_as_it_is() == before


def test_who_has_seen_both_values_does_not_type_a_third_time(cast: Cast, patient: Patient) -> None:
    ask("blind")
    draw = type_draw(patient, cast.nurse, {"CEA": "5.2"})
    second(draw, cast.clinician, CEA="5.3")
    before = record_as_it_is()
    with pytest.raises(TypedAlready):
        second(draw, cast.clinician, CEA="5.2")
    assert record_as_it_is() == before


def test_after_a_difference_a_third_person_who_types_the_first_value_releases_it(cast: Cast, patient: Patient) -> None:
    ask("blind")
    draw = type_draw(patient, cast.nurse, {"CEA": "5.2"})
    second(draw, cast.clinician, CEA="5.3")
    second(draw, a_third(cast), CEA="5.2")
    assert on_hold(draw) == {}
    kept = ResultCheck.objects.order_by("pk").values_list("kind", "outcome", "as_typed")
    assert list(kept) == [("typed", "differs", "5.3"), ("typed", "agreed", "5.2")]


def test_after_a_difference_who_entered_it_decides_by_typing_it_again(cast: Cast, patient: Patient) -> None:
    ask("blind")
    draw = type_draw(patient, cast.nurse, {"CEA": "5.2"})
    second(draw, cast.clinician, CEA="5.3")
    second(draw, cast.nurse, CEA="5.20")
    assert on_hold(draw) == {}
    decided = ResultCheck.objects.get(kind="decided")
    assert (decided.outcome, decided.by, decided.entered_by) == ("agreed", cast.nurse, cast.nurse)


def test_after_a_difference_a_correction_waits_anew_and_the_second_person_may_type_it(
    cast: Cast, patient: Patient
) -> None:
    ask("blind")
    draw = type_draw(patient, cast.nurse, {"CEA": "5.2"})
    second(draw, cast.clinician, CEA="5.3")
    correct(draw, cast.nurse, "5.3")
    assert on_hold(draw) == {"CEA": "blind"}
    assert in_trends(patient) == {}
    second(draw, cast.clinician, CEA="5.3")
    assert in_trends(patient) == {"CEA": ["5.3"]}


def test_a_second_entry_is_of_the_marker_it_was_typed_for(cast: Cast, patient: Patient) -> None:
    ask("blind")
    draw = type_draw(patient, cast.nurse, {"CEA": "5.2"})
    wrong = SecondEntry(result_id=standing(draw).pk, new=reading("ALP", "5.2"))
    with pytest.raises(ValueError, match="ALP says nothing of CEA"):
        enter_second_time(actor=ACTOR, by=cast.clinician, draw_id=draw.pk, entries=[wrong])
    assert not ResultCheck.objects.exists()


# --- corrections ----------------------------------------------------------------------------------------------------


def test_a_correction_of_what_was_released_waits_anew_and_the_old_value_counts_no_more(
    cast: Cast, patient: Patient
) -> None:
    ask("verify")
    draw = type_draw(patient, cast.nurse, {"CEA": "52"})
    verify(draw, cast.clinician)
    assert in_trends(patient) == {"CEA": ["52"]}
    seen = Seen(version=1, results={"CEA": standing(draw).pk})
    revise_draw(
        actor=ACTOR,
        draw_id=draw.pk,
        seen=seen,
        changes=[Change(marker="CEA", new=reading("CEA", "5.2"))],
        reason="typed wrongly",
        recorded_by=cast.nurse,
    )
    assert on_hold(draw) == {"CEA": "verify"}
    assert in_trends(patient) == {}
    verify(draw, cast.clinician)
    assert in_trends(patient) == {"CEA": ["5.2"]}


def test_what_is_taken_back_waits_for_nobody_and_entered_again_it_waits(cast: Cast, patient: Patient) -> None:
    ask("verify")
    draw = type_draw(patient, cast.nurse, {"CEA": "5.2", "ALP": "80"})
    correct(draw, cast.nurse, None)
    assert on_hold(draw) == {"ALP": "verify"}
    seen = Seen(version=1, results=dict(Result.objects.current().values_list("marker_id", "pk")))
    take_back_draw(actor=ACTOR, draw_id=draw.pk, seen=seen, reason="another patient's", recorded_by=cast.nurse)
    assert on_hold(draw) == {}
    assert in_trends(patient) == {}
    type_draw(patient, cast.nurse, {"CEA": "5.2"})
    assert on_hold(draw) == {"CEA": "verify"}


def test_what_waits_goes_on_waiting_when_the_profile_asks_for_nothing_or_the_other_kind(
    cast: Cast, patient: Patient
) -> None:
    ask("verify")
    first = type_draw(patient, cast.nurse, {"CEA": "5.2", "ALP": "80"})
    ask("none")
    correct(first, cast.nurse, "5.3")
    after = type_draw(patient, cast.nurse, {"CEA": "5.4"}, at=AT + dt.timedelta(days=7))
    assert (on_hold(first), on_hold(after)) == ({"CEA": "verify", "ALP": "verify"}, {})
    ask("blind")
    assert on_hold(first) == {"CEA": "verify", "ALP": "verify"}
    assert len(verify(first, cast.clinician).released) == 2
    assert in_trends(patient) == {"CEA": ["5.3", "5.4"], "ALP": ["80"]}


# --- the person behind it -------------------------------------------------------------------------------------------


def test_a_merge_takes_what_waits_with_its_draw_and_its_checks(cast: Cast, patient: Patient) -> None:
    ask("blind")
    other = make_patient(cast.team)
    draw = type_draw(other, cast.nurse, {"CEA": "5.2", "ALP": "80"})
    second(draw, cast.clinician, CEA="5.3", ALP="80")
    merge_patients(actor=ACTOR, survivor_id=patient.pk, retired_id=other.pk, reason="one person", by=cast.clinician)
    assert on_hold(draw) == {"CEA": "blind"}
    assert in_trends(patient) == {"ALP": ["80"]}
    second(draw, a_third(cast), CEA="5.2")
    assert in_trends(patient) == {"ALP": ["80"], "CEA": ["5.2"]}
    assert ResultCheck.objects.filter(result__draw__patient=patient).count() == 3


def test_what_stayed_behind_with_a_merged_record_is_not_released(cast: Cast, patient: Patient) -> None:
    ask("verify")
    other = make_patient(cast.team)
    left, _kept = (type_draw(one, cast.nurse, {"CEA": "5.2"}) for one in (other, patient))
    merge_patients(actor=ACTOR, survivor_id=patient.pk, retired_id=other.pk, reason="one person", by=cast.clinician)
    before = record_as_it_is()
    with pytest.raises(PatientMerged):
        verify(left, cast.clinician)
    assert record_as_it_is() == before


# --- in the database ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"entered_by": "clinician"}, "check_by_another_person"),
        ({"kind": "decided", "as_typed": "5"}, "check_by_another_person"),
        ({"outcome": "differs"}, "check_says_what_was_typed"),
        ({"kind": "typed"}, "check_says_what_was_typed"),
        ({"kind": "guessed", "as_typed": "5"}, "check_"),
        ({"outcome": "perhaps", "kind": "typed", "as_typed": "5"}, "check_outcome_known"),
    ],
)
def test_the_database_refuses_a_check_that_cannot_be(
    cast: Cast, patient: Patient, wrong: dict[str, str], name: str
) -> None:
    ask("verify")
    row = standing(type_draw(patient, cast.nurse, {"CEA": "5.2"}))
    people = {"nurse": cast.nurse, "clinician": cast.clinician}
    facts: dict[str, Any] = {"kind": "verified", "outcome": "agreed", "entered_by": "nurse", **wrong}
    facts["entered_by"] = people[facts["entered_by"]]
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        ResultCheck.objects.create(result=row, by=cast.clinician, **facts)


def test_a_result_is_agreed_to_once_and_looked_at_once_by_each(cast: Cast, patient: Patient) -> None:
    ask("verify")
    draw = type_draw(patient, cast.nurse, {"CEA": "5.2"})
    verify(draw, cast.clinician)
    row = standing(draw)
    for by, again in ((a_third(cast), "verified"), (cast.clinician, "typed")):
        typed = "" if again == "verified" else "5.3"
        outcome = "agreed" if again == "verified" else "differs"
        with pytest.raises(IntegrityError), transaction.atomic():
            ResultCheck.objects.create(
                result=row, by=by, entered_by=cast.nurse, kind=again, outcome=outcome, as_typed=typed
            )


def test_fifty_results_are_checked_in_as_many_queries_as_one(cast: Cast, patient: Patient) -> None:
    def queries(kind: str, values: dict[str, str], day: int) -> int:
        ask(kind)
        draw = type_draw(patient, cast.nurse, values, at=AT + dt.timedelta(days=day))
        with CaptureQueriesContext(connection) as seen:
            verify(draw, cast.clinician) if kind == "verify" else second(draw, cast.clinician, **values)
        return len(seen) - len(values) * (1 + (kind == "blind"))  # the helpers look each result up

    many = {"CEA": "5.2", "ALP": "80", "PLT": "250", "NSE": "10", "LDH": "180", "CA": "2.3", "ALB": "40"}
    for at, kind in enumerate(("verify", "blind")):
        base = 10 * at
        assert queries(kind, many, base) <= queries(kind, {"CEA": "5.2"}, base + 1)


def test_every_refusal_is_one_that_the_pages_can_say() -> None:
    for refusal in (NothingChecked, OwnEntry, OtherCheckAsked, TypedAlready):
        assert issubclass(refusal, RecordError)


def test_a_draw_that_went_back_to_another_record_while_this_waited_is_looked_at_anew(
    cast: Cast, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A merge is undone between the reading of the draw and the lock; reading and lock are the real ones."""
    ask(SecondCheck.VERIFY)
    draw = type_draw(patient, cast.nurse, {"CEA": "3.1"})
    other = make_patient(cast.team)

    def undone_then_held(patient_id: int) -> Patient:
        Draw.objects.filter(pk=draw.pk).update(patient=other)
        return hold_patient(patient_id)

    monkeypatch.setattr(second_checks, "hold_patient", undone_then_held)
    with pytest.raises(DrawChangedMeanwhile):
        verify(draw, cast.clinician)
    assert on_hold(draw) == {"CEA": "verify"}
    assert not ResultCheck.objects.exists()

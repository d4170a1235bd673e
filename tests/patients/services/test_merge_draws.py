from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest

from audit.models import AuditEvent
from patients.catalogue import catalogue
from patients.models import Assay, Draw, DrawChange, Patient, PatientMerge, Result
from patients.reading import read_cell
from patients.selectors import series_points
from patients.services import (
    MergeRefused,
    NewDraw,
    correct_result,
    merge_patients,
    plan_merge,
    record_draw,
    result_of,
    undo_merge,
)
from patients.services.merge_draws import MERGE_UNDONE
from tests.cast import ACTOR, Cast, make_patient, reading
from tests.patients.services.test_merging import everything

JAN, FEB = dt.date(2025, 1, 6), dt.date(2025, 2, 3)
Pair = tuple[Patient, Patient]
Values = Mapping[str, str | tuple[str, str]]


@pytest.fixture
def pair(cast: Cast) -> Pair:
    """(kept, given away): one person on record twice."""
    return make_patient(cast.team, number="H-1"), make_patient(cast.team, number="H-2")


def draw(patient: Patient, values: Values, *, on: dt.date = JAN, at: str = "08:00", **facts: Any) -> int:
    """A draw of `values`: marker -> text, or text and unit. `at=""` where only the day is known."""
    moment = dt.datetime.combine(on, dt.time.fromisoformat(at or "00:00"), tzinfo=dt.UTC)
    results = [reading(marker, *(value if isinstance(value, tuple) else (value,))) for marker, value in values.items()]
    new = NewDraw(collected_at=moment, time_known=bool(at), **facts)
    return record_draw(actor=ACTOR, patient_id=patient.pk, draw=new, results=results).draw_id


def merge(pair: Pair, *answers: str) -> PatientMerge:
    """Merge; the answers are given to the pairs in their order."""
    asked = plan_merge(survivor=pair[0], retired=pair[1]).pairs
    assert len(asked) == len(answers)
    said = {one.key: answer for one, answer in zip(asked, answers, strict=True) if answer}
    return merge_patients(
        actor=ACTOR, survivor_id=pair[0].pk, retired_id=pair[1].pk, reason="typed twice", answers=said
    )


def asked(pair: Pair) -> list[tuple[int, int]]:
    return [one.key for one in plan_merge(survivor=pair[0], retired=pair[1]).pairs]


def trend(patient: Patient) -> dict[str, list[str]]:
    return {
        marker: [point.value for point in points] for marker, points in series_points([patient.pk])[patient.pk].items()
    }


def refusal_of(pair: Pair, *answers: str) -> MergeRefused:
    """The merge is refused, and nothing at all was written."""
    before = everything()
    with pytest.raises(MergeRefused) as refusal:
        merge(pair, *answers)
    assert everything() == before
    return refusal.value


# --- what is asked --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("mine", "theirs", "is_asked"),
    [
        ({"laboratory": "Central"}, {}, True),
        ({"laboratory": "Central", "accession": "A1"}, {"laboratory": "Central"}, True),
        ({"laboratory": "Central", "accession": "A1"}, {"accession": "A1"}, True),
        ({"laboratory": "Central", "accession": "A1"}, {"laboratory": "North", "accession": "A1"}, True),
        ({"laboratory": "Central"}, {"laboratory": "Central"}, False),  # the record takes these for one itself
        ({"at": "08:00"}, {"at": "15:59"}, True),
        ({"at": "08:00"}, {"at": "16:00"}, False),  # midnight in the clinic's Shanghai
        ({"at": ""}, {"at": "08:00"}, True),
        ({"on": JAN}, {"on": FEB}, False),
        ({"on": JAN, "accession": "A1", "laboratory": "Central"}, {"on": FEB, "accession": "A1"}, True),
        ({"on": JAN, "accession": "A1", "laboratory": "Central"}, {"on": FEB, "accession": "A2"}, False),
        ({"on": JAN, "accession": "A1", "laboratory": "X"}, {"on": FEB, "accession": "A1", "laboratory": "Y"}, False),
    ],
)
def test_draws_that_may_be_one_blood_are_asked_about(
    pair: Pair, mine: dict[str, Any], theirs: dict[str, Any], is_asked: bool, settings: Any
) -> None:
    settings.TIME_ZONE = "Asia/Shanghai"
    one, other = draw(pair[0], {"CEA": "2.0"}, **mine), draw(pair[1], {"CEA": "2.0"}, **theirs)
    assert asked(pair) == ([(one, other)] if is_asked else [])


def test_two_draws_of_a_day_without_a_marker_in_common_are_asked_about_only_by_their_accession_number(
    pair: Pair,
) -> None:
    one = draw(pair[0], {"CEA": "2.0"}, laboratory="Central", accession="A1")
    draw(pair[1], {"NSE": "9"}, laboratory="North")
    assert asked(pair) == []
    other = draw(pair[1], {"NSE": "9"}, accession="A1")
    assert asked(pair) == [(one, other)]


def test_a_marker_that_was_taken_back_is_not_in_common(pair: Pair) -> None:
    draw(pair[0], {"CEA": "2.0"}, laboratory="Central")
    wrong = Result.objects.get(draw=draw(pair[1], {"CEA": "2.0"}))
    correct_result(actor=ACTOR, result_id=wrong.pk, new=None, status="entered-in-error", reason="slip")
    assert asked(pair) == []


@pytest.mark.parametrize("answer", ["", "perhaps"])
def test_a_merge_waits_until_each_pair_is_answered(pair: Pair, answer: str) -> None:
    for on in (JAN, FEB):
        draw(pair[0], {"CEA": "2.0"}, laboratory="Central", on=on)
        draw(pair[1], {"CEA": "2.0"}, on=on)
    assert refusal_of(pair, "one", answer).code == "merge_bloods_unanswered"
    assert not AuditEvent.objects.filter(action="patient.merged").exists()


# --- one blood ------------------------------------------------------------------------------------------------------
def test_one_blood_becomes_one_draw_with_the_results_and_the_facts_of_both(pair: Pair) -> None:
    one = draw(pair[0], {"CEA": "2.0", "NSE": "9"}, laboratory="Central", fasting="yes", at="")
    other = draw(pair[1], {"CEA": "2.0", "SCC": "1.1"}, accession="A1", biotin="no", note="sent by courier")
    done = merge(pair, "one")
    joined = Draw.objects.get(patient=pair[0])
    assert (joined.pk, joined.laboratory, joined.accession, joined.time_known) == (one, "Central", "A1", True)
    assert joined.collected_at == dt.datetime(2025, 1, 6, 8, tzinfo=dt.UTC)
    assert (joined.fasting, joined.biotin, joined.steroid, joined.note) == ("yes", "no", "unknown", "sent by courier")
    assert trend(pair[0]) == {"CEA": ["2.0"], "NSE": ["9"], "SCC": ["1.1"]}
    assert trend(pair[1]) == {}
    assert done.left == {"draw": [other]}
    changes = DrawChange.objects.order_by("field").values_list("field", "old", "new", "reason", "version")
    assert list(changes) == [
        ("accession", "", "A1", "typed twice", 2),
        ("biotin", "unknown", "no", "typed twice", 2),
        ("collected", "2025-01-06", "2025-01-06T08:00:00+00:00", "typed twice", 2),
    ]
    events = AuditEvent.objects.filter(action="patient.merged")
    assert [event.details["bloods"] for event in events] == [[{"kept": one, "other": other, "answer": "one"}]] * 2


def test_undoing_parts_one_blood_as_it_was(pair: Pair) -> None:
    draw(pair[0], {"CEA": "2.0", "NSE": "9"}, laboratory="Central", fasting="yes", at="")
    other = draw(pair[1], {"CEA": "2.0", "SCC": "1.1"}, accession="A1", biotin="no", note="sent by courier")
    old = Result.objects.get(draw=other, marker="SCC")
    correct_result(actor=ACTOR, result_id=old.pk, new=reading("SCC", "1.2"), status="corrected", reason="slip")
    before = everything()
    undo_merge(actor=ACTOR, merge_id=merge(pair, "one").pk)
    after = everything()
    for rows in (before, after):
        for row in rows["patients.Draw"]:
            del row["version"]  # counts the corrections, there and back
    journal = ("patients.PatientMerge", "patients.Historical", "patients.DrawChange")
    assert {key: rows for key, rows in after.items() if not key.startswith(journal)} == {
        key: rows for key, rows in before.items() if not key.startswith(journal)
    }
    assert DrawChange.objects.filter(reason=MERGE_UNDONE, version=3).count() == 3


def test_what_came_since_to_one_blood_goes_where_it_belongs_and_is_listed(pair: Pair) -> None:
    one = draw(pair[0], {"CEA": "2.0"}, laboratory="Central")
    other = draw(pair[1], {"CEA": "2.0", "NSE": "9"}, accession="A1")
    moved = Result.objects.get(draw=other, marker="NSE")
    done = merge(pair, "one")
    later = correct_result(actor=ACTOR, result_id=moved.pk, new=reading("NSE", "8"), status="corrected", reason="slip")
    draw(pair[0], {"SCC": "1.1"}, laboratory="Central", accession="A1")
    new = Result.objects.get(marker="SCC")
    Draw.objects.filter(pk=one).update(fasting="yes")
    done = undo_merge(actor=ACTOR, merge_id=done.pk)
    assert done.came_since == {"result": [later.pk, new.pk]}
    assert sorted(Result.objects.filter(draw=other).values_list("pk", "marker")) == sorted(
        [(Result.objects.get(draw=other, marker="CEA").pk, "CEA"), (moved.pk, "NSE"), (later.pk, "NSE")]
    )
    kept = Draw.objects.get(pk=one)
    assert (kept.laboratory, kept.accession, kept.fasting) == ("Central", "", "yes")
    assert trend(pair[0]) == {"CEA": ["2.0"], "SCC": ["1.1"]}
    assert trend(pair[1]) == {"CEA": ["2.0"], "NSE": ["8"]}


def test_a_fact_that_was_corrected_since_stays_corrected(pair: Pair) -> None:
    one = draw(pair[0], {"CEA": "2.0"}, laboratory="Central", at="")
    draw(pair[1], {"CEA": "2.0"}, accession="A1")
    done = merge(pair, "one")
    Draw.objects.filter(pk=one).update(collected_at=dt.datetime(2025, 1, 6, 9, tzinfo=dt.UTC))
    undo_merge(actor=ACTOR, merge_id=done.pk)
    kept = Draw.objects.get(pk=one)
    assert (kept.collected_at.hour, kept.time_known, kept.accession) == (9, True, "")


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (("9.4", "mg/dL"), ("2.35", "mmol/L")),
        (("2.35", "mmol/L"), ("9.4", "mg/dL")),
        ("2.00", "2.0"),
        (("5.0", "ng/mL"), ("5.0", "ug/L")),
        ("<0.5", "<0.50"),
        ("haemolysed", "溶血"),
    ],
)
def test_values_that_are_equal_but_for_unit_rounding_or_zeros_are_one(pair: Pair, mine: Any, theirs: Any) -> None:
    marker = "CA" if "2.35" in str(mine) + str(theirs) else "CEA"
    for patient, value, laboratory in ((pair[0], mine, "Central"), (pair[1], theirs, "")):
        write = _absent if mine == "haemolysed" else draw
        write(patient, {marker: value}, laboratory=laboratory)
    merge(pair, "one")
    assert Draw.objects.filter(patient=pair[0]).count() == 1


def _absent(patient: Patient, values: Values, *, laboratory: str = "") -> int:
    results = [
        result_of(read_cell(marker=catalogue().marker(code), text=str(text), unit="")) for code, text in values.items()
    ]
    new = NewDraw(collected_at=dt.datetime(2025, 1, 6, 8, tzinfo=dt.UTC), laboratory=laboratory)
    return record_draw(actor=ACTOR, patient_id=patient.pk, draw=new, results=results).draw_id


@pytest.mark.parametrize(
    ("mine", "theirs", "what"),
    [
        ({"values": {"CEA": "2.0"}}, {"values": {"CEA": "2.1"}}, ("CEA", "2.0 ng/mL", "2.1 ng/mL")),
        ({"values": {"CEA": "2.0"}}, {"values": {"CEA": "<2.0"}}, ("CEA", "2.0 ng/mL", "<2.0 ng/mL")),
        (
            {"values": {"CA": ("9.5", "mg/dL")}},
            {"values": {"CA": ("2.35", "mmol/L")}},
            ("CA", "9.5 mg/dL", "2.35 mmol/L"),
        ),
        ({"fasting": "yes"}, {"fasting": "no"}, ("fasting", "yes", "no")),
        ({"laboratory": "Central"}, {"laboratory": "North"}, ("laboratory", "Central", "North")),
        (
            {"laboratory": "Central", "accession": "A1"},
            {"laboratory": "Central", "accession": "A2"},
            ("accession", "A1", "A2"),
        ),
        ({"at": "08:00"}, {"at": "09:00"}, ("collected_at", "2025-01-06T08:00:00+00:00", "2025-01-06T09:00:00+00:00")),
    ],
)
def test_one_blood_that_contradicts_itself_is_refused_with_what_to_correct(
    pair: Pair, mine: dict[str, Any], theirs: dict[str, Any], what: tuple[str, str, str]
) -> None:
    defaults: dict[str, Any] = {"values": {"CEA": "2.0"}}
    first = defaults | ({"laboratory": "Central"} if "laboratory" not in theirs else {}) | mine
    draw(pair[0], **first)
    draw(pair[1], **defaults | theirs)
    refusal = refusal_of(pair, "one")
    assert refusal.code == "merge_blood_differs"
    assert [(one.what, one.kept, one.other) for one in refusal.differences] == [what]


def test_a_value_that_stands_in_one_and_was_taken_back_in_the_other_is_for_a_person_to_settle(pair: Pair) -> None:
    one = draw(pair[0], {"CEA": "2.0", "NSE": "9"}, laboratory="Central")
    wrong = Result.objects.get(draw=one, marker="CEA")
    correct_result(actor=ACTOR, result_id=wrong.pk, new=None, status="entered-in-error", reason="slip")
    draw(pair[1], {"CEA": "2.0", "NSE": "9"})
    refusal = refusal_of(pair, "one")
    assert [(found.what, found.kept, found.other) for found in refusal.differences] == [("CEA", "", "2.0 ng/mL")]


def test_an_assay_that_only_the_other_record_names_would_be_lost_and_is_told(pair: Pair) -> None:
    one, other = draw(pair[0], {"CEA": "2.0"}, laboratory="Central"), draw(pair[1], {"CEA": "2.0"})
    assay = Assay.objects.create(marker_id="CEA", laboratory="Central", name="Elecsys")
    Result.objects.filter(draw=other).update(assay=assay)
    assert [(found.kept, found.other) for found in refusal_of(pair, "one").differences] == [
        ("2.0 ng/mL", "2.0 ng/mL (Elecsys)")
    ]
    Result.objects.filter(draw=one).update(assay=assay)
    Result.objects.filter(draw=other).update(assay=None)
    merge(pair, "one")
    assert trend(pair[0]) == {"CEA": ["2.0"]}


def test_a_draw_is_one_blood_with_one_other_only(pair: Pair) -> None:
    for at in ("08:00", "09:00"):
        draw(pair[0], {"CEA": "2.0"}, laboratory="Central", at=at)
    draw(pair[1], {"CEA": "2.0"}, at="")
    assert refusal_of(pair, "one", "one").code == "merge_blood_joined_twice"
    merge(pair, "one", "twice")
    assert trend(pair[0]) == {"CEA": ["2.0", "2.0"]}


def test_a_joined_draw_that_would_take_the_place_of_a_third_is_refused(pair: Pair) -> None:
    draw(pair[0], {"CEA": "2.0"}, accession="A1")
    draw(pair[0], {"CEA": "3.0"}, laboratory="Central", accession="A1", on=FEB)
    draw(pair[1], {"CEA": "2.0"}, laboratory="Central")
    assert refusal_of(pair, "one").code == "merge_place_taken"


def test_a_joined_draw_does_not_take_the_place_that_another_leaves_in_the_same_merge(pair: Pair) -> None:
    day = draw(pair[0], {"CEA": "2.0"}, laboratory="Central", at="")
    hour = draw(pair[0], {"CEA": "2.0"}, laboratory="Central")
    plain, numbered = draw(pair[1], {"CEA": "2.0"}), draw(pair[1], {"CEA": "2.0"}, accession="A2")
    one = {(day, plain), (hour, numbered)}
    answers = ["one" if key in one else "twice" for key in asked(pair)]
    assert answers.count("one") == 2
    assert refusal_of(pair, *answers).code == "merge_place_taken"


def test_a_value_that_waits_for_its_second_check_is_not_kept_instead_of_one_that_counts(cast: Cast, pair: Pair) -> None:
    one, other = draw(pair[0], {"CEA": "2.0"}, laboratory="Central"), draw(pair[1], {"CEA": "2.0"})
    Result.objects.filter(draw__in=[one, other]).update(recorded_by=cast.nurse)
    Result.objects.filter(draw=one).update(awaiting_check="verify")
    assert [(found.kept, found.other) for found in refusal_of(pair, "one").differences] == [
        ("2.0 ng/mL (waits for its second check)", "2.0 ng/mL")
    ]
    Result.objects.filter(draw=one).update(awaiting_check="")
    Result.objects.filter(draw=other).update(awaiting_check="verify")
    merge(pair, "one")
    assert trend(pair[0]) == {"CEA": ["2.0"]}


def test_a_draw_that_came_along_may_stand_where_a_joined_one_goes_back_to(pair: Pair) -> None:
    one = draw(pair[0], {"CEA": "2.0"})
    draw(pair[1], {"CEA": "2.0"}, laboratory="Central", accession="A1")
    beside = draw(pair[1], {"NSE": "9"}, at="09:00")
    done = merge(pair, "one")
    Draw.objects.filter(pk=beside).update(collected_at=Draw.objects.get(pk=one).collected_at)  # corrected since
    undo_merge(actor=ACTOR, merge_id=done.pk)
    assert Draw.objects.get(pk=one).accession == ""
    assert Draw.objects.get(pk=beside).patient == pair[1]


# --- taken twice ----------------------------------------------------------------------------------------------------
def test_blood_that_was_taken_twice_stays_two_draws_and_the_answer_is_audited(pair: Pair) -> None:
    one, other = draw(pair[0], {"CEA": "2.0"}, laboratory="Central"), draw(pair[1], {"CEA": "2.6"})
    done = merge(pair, "twice")
    assert trend(pair[0]) == {"CEA": ["2.0", "2.6"]}
    assert done.moved["draw"] == [other]
    said = [{"kept": one, "other": other, "answer": "twice"}]
    assert done.bloods == said
    assert [event.details["bloods"] for event in AuditEvent.objects.filter(action="patient.merged")] == [said, said]
    undo_merge(actor=ACTOR, merge_id=done.pk)
    assert (trend(pair[0]), trend(pair[1])) == ({"CEA": ["2.0"]}, {"CEA": ["2.6"]})

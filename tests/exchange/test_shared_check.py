"""Files ask what the entry page asks, and take the words that stand for a value."""

from __future__ import annotations

import io

import pytest

from exchange.loader import ImportSummary, Order, import_file
from patients.models import Result
from tests.cast import ACTOR, Cast, make_patient

HEADER = "patient_id,marker,value,unit,collected_at"


def take_in(*lines: str) -> ImportSummary:
    stream = io.BytesIO("\n".join((HEADER, *lines, "")).encode())
    return import_file(order=Order(actor=ACTOR, file_name="a.csv"), stream=stream)


def test_a_reason_for_no_value_is_taken_in_as_typed_and_once(cast: Cast) -> None:
    make_patient(cast.team, number="N-1")
    lines = (
        "N-1,NSE,溶血,ng/mL,2024-03-12",
        "N-1,CEA,not done,ng/mL,2024-03-12",
        "N-1,NSE,haemolysed,ng/mL,2024-03-12",
    )
    first = take_in(*lines)
    assert (first.counts.results_new, first.counts.results_repeated, first.counts.lines_rejected) == (2, 1, 0)
    kept = Result.objects.order_by("marker_id").values_list("marker_id", "as_typed", "absent", "canonical_value")
    assert list(kept) == [("CEA", "not done", "not_done", None), ("NSE", "溶血", "haemolysed", None)]
    again = take_in(*lines)
    assert (again.counts.results_new, again.counts.results_repeated) == (0, 3)


def test_what_was_not_detected_is_refused_and_never_zero(cast: Cast) -> None:
    make_patient(cast.team, number="N-1")
    summary = take_in("N-1,NSE,ND,ng/mL,2024-03-12", "N-1,CEA,未检出,ng/mL,2024-03-12")
    assert (summary.counts.results_new, summary.counts.lines_rejected) == (0, 2)


@pytest.mark.parametrize(
    ("lines", "to_check"),
    [
        (("N-1,ALB,41,g/L,2024-03-12",), 0),
        (("N-1,TRACP5B,350,mU/dL,2024-03-12",), 0),
        (("N-1,TRACP5B,5.9,mU/dL,2024-03-12",), 1),
        (("N-1,PHOS,2.4,mmol/L,2024-03-12",), 0),
        (("N-1,CEA,0.0032,ng/mL,2024-03-12",), 1),
        (("N-1,BAP,13.9,ug/L,2021-03-12", "N-1,BAP,139,ug/L,2024-03-12"), 1),
        (("N-1,BAP,13.9,ug/L,2021-03-12", "N-1,BAP,<5,ug/L,2023-03-12", "N-1,BAP,139,ug/L,2024-03-12"), 1),
        (("N-1,NEUT,4.2,10*9/L,2024-03-12", "N-1,LYMPH,3.4,10*9/L,2024-03-12", "N-1,WBC,6.5,10*9/L,2024-03-12"), 3),
        (("N-1,NEUT,65,10*9/L,2024-03-12", "N-1,LYMPH,24,10*9/L,2024-03-12"), 2),
    ],
)
def test_the_questions_of_the_entry_page_are_counted_as_to_check(
    cast: Cast, lines: tuple[str, ...], to_check: int
) -> None:
    make_patient(cast.team, number="N-1")
    assert take_in(*lines).to_check == to_check

"""NLR, SII and corrected calcium: exact values, traceable inputs, empty where an input does not allow them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from patients.derived import DerivedInput, DerivedValue, derive

IDS = {"NEUT": 1, "LYMPH": 2, "PLT": 3, "CA": 4, "ALB": 5}


def draw(**values: str) -> dict[str, DerivedInput]:
    """Inputs by marker code; a value may start with its comparator."""
    return {
        code: DerivedInput(IDS[code], Decimal(text.lstrip("<>=")), text[: len(text) - len(text.lstrip("<>="))])
        for code, text in values.items()
    }


def test_a_full_draw_gives_all_three_with_their_inputs() -> None:
    assert derive(draw(NEUT="4.2", LYMPH="1.6", PLT="250", CA="2.30", ALB="35")) == (
        DerivedValue("NLR", Decimal("2.625"), (1, 2), ""),
        DerivedValue("SII", Decimal("656.2"), (3, 1, 2), ""),
        DerivedValue("CA_CORR", Decimal("2.400"), (4, 5), ""),
    )


def test_results_of_other_markers_do_not_count() -> None:
    other = {"CEA": DerivedInput(9, Decimal(3), "")}
    assert [(value.value, value.input_ids) for value in derive(other)] == [(None, ()), (None, ()), (None, ())]


@pytest.mark.parametrize(
    ("calcium", "albumin", "corrected"),
    [("2.30", "40", "2.300"), ("2.30", "45", "2.200"), ("2.30", "20", "2.700"), ("2.3456", "39.99", "2.346")],
)
def test_calcium_is_corrected_by_payne(calcium: str, albumin: str, corrected: str) -> None:
    assert str(derive(draw(CA=calcium, ALB=albumin))[2].value) == corrected


def test_rounding_is_half_to_even() -> None:
    assert str(derive(draw(NEUT="1.0005", LYMPH="1"))[0].value) == "1.000"
    assert str(derive(draw(NEUT="1.0015", LYMPH="1"))[0].value) == "1.002"
    assert str(derive(draw(NEUT="2", LYMPH="3"))[0].value) == "0.667"


@pytest.mark.parametrize(
    ("inputs", "nlr", "sii"),
    [
        ({"NEUT": "4"}, "LYMPH:missing", "PLT:missing,LYMPH:missing"),
        ({"NEUT": "4", "LYMPH": "0", "PLT": "200"}, "LYMPH:zero", "LYMPH:zero"),
        ({"NEUT": "4", "LYMPH": "0.0", "PLT": "200"}, "LYMPH:zero", "LYMPH:zero"),
        ({"NEUT": "0", "LYMPH": "2", "PLT": "200"}, "NEUT:zero", "NEUT:zero"),
        ({"NEUT": "4", "LYMPH": "<0.1", "PLT": "200"}, "LYMPH:censored", "LYMPH:censored"),
        ({"NEUT": "4", "LYMPH": "2", "PLT": ">=2000"}, "", "PLT:censored"),
        ({"LYMPH": "<=0", "PLT": "0"}, "NEUT:missing,LYMPH:censored", "PLT:zero,NEUT:missing,LYMPH:censored"),
    ],
)
def test_a_ratio_is_empty_and_says_which_input_is_why(inputs: dict[str, str], nlr: str, sii: str) -> None:
    values = derive(draw(**inputs))
    assert (values[0].missing, values[1].missing) == (nlr, sii)
    assert [value.value is None for value in values[:2]] == [bool(nlr), bool(sii)]
    assert set(values[0].input_ids) == {IDS[code] for code in inputs if code in {"NEUT", "LYMPH"}}


def test_calcium_without_albumin_of_the_draw_is_not_corrected() -> None:
    assert derive(draw(CA="2.3"))[2] == DerivedValue("CA_CORR", None, (4,), "ALB:missing")

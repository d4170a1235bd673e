"""Every side of every limit: refused, to be confirmed, urgent; and slips of the unit."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.catalogue import MarkerDefinition, catalogue
from patients.plausibility import check_change, check_first, check_value
from patients.reference import reference_for

EACH = pytest.mark.parametrize("marker", catalogue().markers, ids=lambda marker: marker.code)
STEP = Decimal("0.0001")


def concerns(marker: MarkerDefinition, value: Decimal, comparator: str = "") -> list[tuple[str, str]]:
    return [(concern.severity, concern.code) for concern in check_value(marker, value, comparator)]


@EACH
def test_beyond_a_hard_limit_a_value_is_refused_and_on_it_is_not(marker: MarkerDefinition) -> None:
    assert concerns(marker, marker.plausible_high + STEP) == [("refuse", "value_above_possible")]
    assert concerns(marker, marker.plausible_low - STEP) == [("refuse", "value_below_possible")]
    for limit in marker.plausible_limits:
        assert "refuse" not in {severity for severity, _ in concerns(marker, limit.value)}


@EACH
def test_beyond_a_warning_limit_a_value_is_to_be_confirmed_and_on_it_is_not(marker: MarkerDefinition) -> None:
    if marker.warn_high is not None:
        assert concerns(marker, marker.warn_high.value + STEP) == [("confirm", "value_unusually_high")]
        assert concerns(marker, marker.warn_high.value) == []
        assert concerns(marker, marker.warn_high.value, ">") == [("confirm", "value_unusually_high")]
        assert concerns(marker, marker.warn_high.value, ">=") == []
        assert concerns(marker, marker.warn_high.value + STEP, "<") == []
    if marker.warn_low is not None:
        assert concerns(marker, marker.warn_low.value - STEP) == [("confirm", "value_unusually_low")]
        assert concerns(marker, marker.warn_low.value) == []
        assert concerns(marker, marker.warn_low.value, "<") == [("confirm", "value_unusually_low")]
        assert concerns(marker, marker.warn_low.value, "<=") == []
        assert concerns(marker, marker.warn_low.value - STEP, ">") == []


@pytest.mark.parametrize("code", ["CA", "CA_CORR"])
@pytest.mark.parametrize(
    ("value", "comparator", "code_of_concern"),
    [
        ("1.5", "", "value_urgently_low"),
        ("1.49", "", "value_urgently_low"),
        ("1.51", "", None),
        ("3.24", "", None),
        ("3.25", "", "value_urgently_high"),
        ("3.26", "", "value_urgently_high"),
        ("3.25", ">", "value_urgently_high"),
        ("3.25", ">=", "value_urgently_high"),
        ("3.25", "<", None),
        ("1.5", "<", "value_urgently_low"),
        ("1.5", "<=", "value_urgently_low"),
        ("1.5", ">", None),
    ],
)
def test_dangerous_calcium_is_urgent_and_not_refused(
    code: str, value: str, comparator: str, code_of_concern: str | None
) -> None:
    expected = [] if code_of_concern is None else [("urgent", code_of_concern)]
    assert concerns(catalogue().marker(code), Decimal(value), comparator) == expected


def test_no_other_marker_is_urgent() -> None:
    assert {m.code for m in catalogue().markers if m.urgent_low or m.urgent_high} == {"CA", "CA_CORR"}


def test_no_lymphocytes_at_all_is_to_be_confirmed() -> None:
    assert concerns(catalogue().marker("LYMPH"), Decimal("0.0")) == [("confirm", "value_zero")]
    assert concerns(catalogue().marker("LYMPH"), Decimal("0.1")) == []
    assert concerns(catalogue().marker("NEUT"), Decimal(0)) == []


def test_a_concern_names_marker_value_limit_unit_and_where_the_limit_was_read() -> None:
    (concern,) = check_value(catalogue().marker("CEA"), Decimal(1_000_000), "")
    named = {"marker": "CEA", "value": "1000000", "limit": "100000", "unit": "ng/mL"}
    assert concern.params == named | {"source": "assumed", "grade": "A"}
    assert (concern.source, concern.grade) == ("assumed", "A")


def changes(code: str, value: str, previous: str | None, days: float | None) -> list[tuple[str, str]]:
    found = check_change(
        catalogue().marker(code), Decimal(value), None if previous is None else Decimal(previous), days
    )
    assert {concern.severity for concern in found} <= {"confirm"}
    return [(concern.code, concern.params.get("factor", "")) for concern in found]


FAST = ("change_large_and_fast", "")


@pytest.mark.parametrize(
    ("value", "previous", "days", "expected"),
    [
        ("50.1", "10", 13.9, [FAST]),
        ("50", "10", 13.9, []),
        ("50.1", "10", 14, []),
        ("50.1", "10", 0, [FAST]),
        ("50.1", "10", -3, [FAST]),
        ("1.99", "10", 13.9, [FAST]),
        ("2", "10", 13.9, []),
        ("50.1", "10", None, []),
        ("50.1", None, None, []),
        ("50.1", "0", 3, []),
        ("0", "50", 3, []),
    ],
)
def test_more_than_five_times_within_fourteen_days_is_to_be_confirmed(
    value: str, previous: str | None, days: float | None, expected: list[tuple[str, str]]
) -> None:
    assert changes("CEA", value, previous, days) == expected


UNIT = "change_fits_unit_slip"
POINT = "change_fits_decimal_slip"


@pytest.mark.parametrize(
    ("code", "value", "previous", "slip"),
    [
        ("CEA", "3200", "3.1", (POINT, "0.001")),
        ("CEA", "0.0032", "3.1", (POINT, "1000")),
        ("CEA", "6300", "3.1", None),
        ("CEA", "310", "3.1", (POINT, "0.01")),
        ("CEA", "31", "3.1", (POINT, "0.1")),
        ("CEA", "0.31", "3.1", (POINT, "10")),
        ("CEA", "17.3", "3.1", None),
        ("CEA", "56", "3.1", None),
        ("BAP", "139", "13.9", (POINT, "0.1")),
        ("BCTX", "0.0006", "0.4", (UNIT, "1000")),
        ("BCTX", "0.4", "0.0006", (UNIT, "0.001")),
        ("PLT", "23.6", "240", (UNIT, "10")),
        ("PLT", "2400", "236", (UNIT, "0.1")),
        ("ALB", "4.1", "40", (UNIT, "10")),
        ("ALB", "25", "40", None),
        ("ALP", "1.5", "95", (UNIT, "60")),
        ("CA", "9.6", "2.4", (UNIT, "0.2495")),
        ("CA", "2.6", "2.4", None),
        ("PHOS", "3.5", "1.1", (UNIT, "0.3229")),
        ("PHOS", "0.35", "1.1", (UNIT, "3.09693")),
        ("PHOS", "1.8", "1.1", None),
        ("TRACP5B", "3.6", "350", (UNIT, "100")),
        ("RDW_CV", "0.135", "13.1", (UNIT, "100")),
    ],
)
def test_a_value_that_fits_only_after_a_factor_is_to_be_confirmed_at_any_distance_in_time(
    code: str, value: str, previous: str, slip: tuple[str, str] | None
) -> None:
    for days in (90, 1022):
        assert changes(code, value, previous, days) == ([] if slip is None else [slip])


def test_a_slip_in_a_few_days_is_named_first() -> None:
    assert changes("CEA", "3200", "3.1", 5) == [(POINT, "0.001"), FAST]


def test_a_slip_of_the_unit_names_the_other_unit_and_where_its_factor_was_read() -> None:
    (concern,) = check_change(catalogue().marker("PHOS"), Decimal("3.5"), Decimal("1.1"), 90)
    assert (concern.params["other_unit"], concern.grade) == ("mg/dL", "D")
    assert concern.source == catalogue().marker("PHOS").conversions[0].source


@pytest.mark.parametrize(
    ("code", "value", "comparator", "slip"),
    [
        ("CEA", "3200", "", ("first_value_fits_factor", "0.001")),
        ("CEA", "0.0032", "", ("first_value_fits_factor", "1000")),
        ("CEA", "3.2", "", None),
        ("CEA", "32", "", None),  # a tumour does that
        ("CEA", "0.2", "", None),
        ("CEA", "3200", ">", None),
        ("CEA", "0", "", None),
        ("BCTX", "300", "", ("first_value_fits_unit", "0.001")),
        ("ALB", "4.1", "", ("first_value_fits_unit", "10")),
        ("ALB", "41", "", None),
        ("ALB", "30", "", None),
        ("PHOS", "3.5", "", ("first_value_fits_unit", "0.3229")),
        ("PHOS", "0.1", "", ("first_value_fits_factor", "10")),
        ("PLT", "23.6", "", ("first_value_fits_unit", "10")),
        ("PLT", "240000", "", ("first_value_fits_unit", "0.001")),
        ("NEUT", "0.4", "", None),  # neutropenia
    ],
)
def test_a_first_value_that_fits_the_usual_only_after_a_factor_is_to_be_confirmed(
    code: str, value: str, comparator: str, slip: tuple[str, str] | None
) -> None:
    marker = catalogue().marker(code)
    reference = reference_for(marker, sex="", age=None, menopause="", smoking="")
    found = check_first(marker, Decimal(value), comparator, reference)
    assert [(one.severity, one.code, one.params["factor"]) for one in found] == (
        [] if slip is None else [("confirm", *slip)]
    )


def test_without_a_reference_a_first_value_raises_no_question() -> None:
    assert check_first(catalogue().marker("CEA"), Decimal(3200), "", None) == ()


@EACH
def test_no_value_within_its_reference_interval_raises_a_question(marker: MarkerDefinition) -> None:
    for reference in marker.reference_intervals:
        for limit in (reference.low, reference.high):
            assert limit is None or check_first(marker, limit, "", reference) == ()


@given(
    marker=st.sampled_from(catalogue().markers),
    value=st.decimals(min_value=0, max_value=10**6, places=4),
    previous=st.decimals(min_value=0, max_value=10**6, places=4),
    days=st.one_of(st.none(), st.floats(min_value=-10_000, max_value=10_000)),
)
def test_any_two_values_can_be_compared_and_close_ones_raise_no_question(
    marker: MarkerDefinition, value: Decimal, previous: Decimal, days: float | None
) -> None:
    found = check_change(marker, value, previous, days)
    if 0 < previous <= 2 * value <= 4 * previous:
        assert found == ()

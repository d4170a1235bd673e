"""Every side of every limit: refused, to be confirmed, urgent; and slips of the unit."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.catalogue import MarkerDefinition, catalogue
from patients.plausibility import check_change, check_value

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


def test_a_concern_names_marker_value_limit_and_unit() -> None:
    (concern,) = check_value(catalogue().marker("CEA"), Decimal(1_000_000), "")
    assert concern.params == {"marker": "CEA", "value": "1000000", "limit": "100000", "unit": "ng/mL"}


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


@pytest.mark.parametrize(
    ("code", "value", "previous", "factor"),
    [
        ("CEA", "3200", "3.1", "0.001"),
        ("CEA", "0.0032", "3.1", "1000"),
        ("CEA", "6300", "3.1", None),
        ("CEA", "31", "3.1", None),
        ("BCTX", "0.0006", "0.4", "1000"),
        ("BCTX", "0.4", "0.0006", "0.001"),
        ("PLT", "23.6", "240", "10"),
        ("PLT", "2400", "236", "0.1"),
        ("ALB", "4.1", "40", "10"),
        ("ALB", "25", "40", None),
        ("ALP", "1.5", "95", "60"),
        ("CA", "9.6", "2.4", "0.2495"),
        ("CA", "2.6", "2.4", None),
        ("PHOS", "3.5", "1.1", "0.3229"),
        ("PHOS", "0.35", "1.1", "3.09693"),
        ("PHOS", "1.8", "1.1", None),
        ("TRACP5B", "3.6", "350", "100"),
        ("RDW_CV", "0.135", "13.1", "100"),
    ],
)
def test_a_value_that_fits_only_after_a_factor_is_to_be_confirmed(
    code: str, value: str, previous: str, factor: str | None
) -> None:
    expected = [] if factor is None else [("change_fits_unit_slip", factor)]
    assert changes(code, value, previous, 90) == expected


def test_a_slip_in_a_few_days_is_named_first() -> None:
    assert changes("CEA", "3200", "3.1", 5) == [("change_fits_unit_slip", "0.001"), FAST]


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

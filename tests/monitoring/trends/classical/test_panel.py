from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from monitoring.trends.classical.panel import past_of
from monitoring.trends.types import TrendProblem
from tests.monitoring.trends.classical.builders import panel


def test_before_each_draw_only_earlier_used_draws_are_known() -> None:
    past = past_of(panel([2.0, 8.0, 4.0, 1.0], unusable=[1]))

    assert past.used.tolist() == [[True, False, True, True]]
    assert past.count.tolist() == [[0.0, 1.0, 1.0, 2.0]]
    assert np.exp(past.mean[0, 1:]).tolist() == pytest.approx([2.0, 2.0, 8.0**0.5])
    assert np.exp(past.first[0, 1:]).tolist() == pytest.approx([2.0, 2.0, 2.0])
    assert np.exp(past.lowest[0, 1:]).tolist() == pytest.approx([2.0, 2.0, 2.0])
    assert np.isnan([past.mean[0, 0], past.first[0, 0], past.lowest[0, 0]]).all()


def test_a_rebase_forgets_everything_before_it_even_on_a_draw_that_is_not_usable() -> None:
    past = past_of(panel([2.0, 3.0, 9.0, 9.5, 9.0], rebase=[2], unusable=[2]))

    assert past.count.tolist() == [[0.0, 1.0, 0.0, 0.0, 1.0]]
    assert past.segment.tolist() == [[0, 0, 1, 1, 1]]
    assert float(np.exp(past.mean[0, 4])) == pytest.approx(9.5)


def test_a_result_below_a_limit_counts_at_the_limit_where_nothing_lower_was_seen() -> None:
    past = past_of(panel([2.0, 0.5, 1.0], below=[1]))

    assert past.used.tolist() == [[True, True, True]]
    assert past.speaks.tolist() == [[True, False, True]]
    assert float(np.exp(past.lowest[0, 2])) == pytest.approx(0.5)


def test_a_limit_above_something_already_seen_is_left_out() -> None:
    past = past_of(panel([2.0, 5.0, 3.0, 1.9, 2.0], below=[1, 3, 4]))

    assert past.used.tolist() == [[True, False, True, True, False]]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"logs": np.zeros((1, 2))}, "panel_shapes_differ"),
        ({"days": np.zeros(3)}, "panel_shapes_differ"),
        ({"sigma": np.ones(2)}, "panel_rows_differ"),
        ({"logs": np.array([[0.0, np.nan, 0.0]])}, "panel_draw_not_finite"),
        ({"days": np.array([[0.0, np.inf, 2.0]])}, "panel_draw_not_finite"),
        ({"days": np.array([[0.0, 2.0, 1.0]])}, "panel_not_ascending"),
        ({"sigma": np.zeros(1)}, "panel_sd_invalid"),
        ({"set_point_sd": np.array([-1.0])}, "panel_sd_invalid"),
    ],
)
def test_arguments_that_cannot_be_meant_are_refused_with_their_code(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(TrendProblem) as refused:
        replace(panel([1.0, 2.0, 3.0]), **changes)

    assert refused.value.code == code


def test_padding_may_hold_anything() -> None:
    fine = panel([1.0, 2.0, 3.0], unusable=[1])
    odd = replace(fine, days=np.array([[0.0, np.nan, 84.0]]), logs=np.array([[0.0, np.nan, np.log(3.0)]]))

    assert past_of(odd).mean[0, 2] == past_of(fine).mean[0, 2] == 0.0

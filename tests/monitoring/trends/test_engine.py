"""The engine's two doors, and what they refuse."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from monitoring.trends.detection import DetectionParameters, Thresholds
from monitoring.trends.engine import evaluate, level_history
from monitoring.trends.types import Series, TrendProblem
from tests.monitoring.trends.builders import (
    CEA,
    PANEL,
    PARAMETERS,
    flat_thresholds,
    history_of,
    patient_of,
    series,
)


def test_an_empty_batch_gives_nothing() -> None:
    assert evaluate([], PANEL, PARAMETERS) == ()
    assert level_history([], PANEL, PARAMETERS) == ()


def test_a_patient_without_a_draw_is_not_among_the_findings() -> None:
    assert evaluate([series([]), series([2.2], patient=2)], PANEL, PARAMETERS)[0].patient == 2


def test_a_marker_without_a_draw_is_not_among_the_markers() -> None:
    assert [one.marker for one in patient_of(series([2.2]), series([], marker="ALP")).markers] == ["CEA"]


def test_a_patient_whose_every_draw_is_excluded_is_shown_and_has_no_level() -> None:
    found = patient_of(series([2.2, 9.0, 30.0], exclusions=["haemolysed"] * 3))

    assert (found.level, found.watch_index, found.alert_index, found.weighed) == ("none", 0.0, None, ())
    (finding,) = found.markers
    assert (finding.state, finding.baseline, finding.last_value, finding.slope) == ("not_enough_data", None, None, None)
    assert [reading.reason for reading in finding.readings] == ["haemolysed"] * 3


def test_findings_come_by_patient_and_markers_by_code() -> None:
    batch = [series([2.2], patient=9), series([2.2], patient=2), series([78.0, 80.0], marker="ALP", patient=9)]

    found, histories = evaluate(batch, PANEL, PARAMETERS), level_history(batch, PANEL, PARAMETERS)

    assert [(one.patient, [marker.marker for marker in one.markers]) for one in found] == [
        (2, ["CEA"]),
        (9, ["ALP", "CEA"]),
    ]
    assert [one.patient for one in histories] == [2, 9]


def test_the_history_of_markers_drawn_on_different_days_is_one_line() -> None:
    cea = series([2.2, 2.3, 6.0], days=[0.0, 40.0, 80.0])
    alp = series([78.0, 80.0, 79.0], marker="ALP", days=[10.0, 50.0, 80.0], draw_ids=[7, 8, 3])

    draws = history_of(cea, alp).draws

    assert [(draw.day, draw.draw_id) for draw in draws] == [(0.0, 1), (10.0, 7), (40.0, 2), (50.0, 8), (80.0, 3)]


def test_draws_of_one_moment_are_kept_apart_by_their_id() -> None:
    cea = series([2.2, 2.3], days=[0.0, 0.0], draw_ids=[5, 4])

    assert [draw.draw_id for draw in history_of(cea).draws] == [4, 5]


def test_a_date_typed_a_century_ago_breaks_nothing_and_warns_of_nothing() -> None:
    found = patient_of(series([2.2, 2.3, 2.1, 6.0, 9.0], days=[-16_000.0, 20_000.0, 20_042.0, 20_084.0, 20_126.0]))

    assert found.level == "alert"
    assert found.watch_index is not None
    assert math.isfinite(found.watch_index)


def test_values_beyond_all_reason_stay_finite() -> None:
    found = patient_of(series([1e-100, 1e100, 1e100, 1e-100, 1e100] * 6))

    assert found.watch_index is not None
    assert math.isfinite(found.watch_index)


def test_evidence_grows_no_further_than_a_number_can_hold() -> None:
    values = [2.2 * math.exp(0.8 * at) for at in range(160)]
    rising = series(values, days=[20_000.0 + 7.0 * at for at in range(160)])
    strong = replace(CEA, clip=60.0)

    (found,) = evaluate([rising], {"CEA": strong}, replace(PARAMETERS, noise_bounds=(1.0, 1.0)))

    assert found.level == "alert"
    assert found.watch_index is not None
    assert math.isfinite(found.watch_index)


# --- what is refused ---
def test_the_same_series_twice_in_a_batch_is_refused() -> None:
    with pytest.raises(TrendProblem) as refused:
        evaluate([series([1.0]), series([2.0])], PANEL, PARAMETERS)

    assert (refused.value.code, refused.value.params) == ("series_twice", {"patient": "1", "marker": "CEA"})


def test_draws_out_of_order_are_refused() -> None:
    with pytest.raises(TrendProblem) as refused:
        series([1.0, 2.0], days=[20_001.0, 20_000.0])

    assert refused.value.code == "series_not_ascending"


@pytest.mark.parametrize("day", [math.nan, math.inf])
def test_a_draw_without_a_day_is_refused(day: float) -> None:
    with pytest.raises(TrendProblem) as refused:
        series([1.0, 2.0], days=[20_000.0, day])

    assert refused.value.code == "series_day_missing"


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(TrendProblem) as refused:
        series([1.0, 2.0], exclusions=[""])

    assert refused.value.code == "series_lengths_differ"


def test_what_is_not_known_of_a_series_is_empty_for_every_draw() -> None:
    one = Series(
        patient=1,
        marker="CEA",
        days=np.array([0.0, 1.0]),
        values=np.array([2.0, 2.1]),
        censoring=np.zeros(2, dtype=np.int8),
        segments=np.zeros(2, dtype=np.int64),
        exclusions=("", ""),
        draw_ids=(1, 2),
    )

    assert (one.rebase_codes, one.extra_codes, one.watch_only) == (("", ""), ("", ""), ("", ""))
    assert (one.rebase_sd.tolist(), one.extra_sd.tolist()) == ([0.0, 0.0], [0.0, 0.0])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"sigma_total": None}, "sigma_missing"),
        ({"sigma_total": 0.0}, "sigma_missing"),
        ({"set_point_log_sd": None}, "set_point_incomplete"),
        ({"set_point_log_mean": None}, "set_point_incomplete"),
        ({"set_point_log_sd": 0.0}, "set_point_sd_invalid"),
        ({"z": 0.0}, "z_invalid"),
        ({"z": math.nan}, "z_invalid"),
    ],
)
def test_parameters_of_a_marker_that_cannot_be_are_refused(change: dict[str, float | None], code: str) -> None:
    with pytest.raises(TrendProblem) as refused:
        replace(CEA, **change)  # type: ignore[arg-type]

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"doubling_times": ()}, "doubling_times_invalid"),
        ({"doubling_times": (25.0, 0.0)}, "doubling_times_invalid"),
        ({"start_share": 0.0}, "start_share_invalid"),
        ({"start_share": 1.1}, "start_share_invalid"),
    ],
)
def test_a_grid_that_cannot_be_is_refused(change: dict[str, object], code: str) -> None:
    with pytest.raises(TrendProblem) as refused:
        DetectionParameters(**change)  # type: ignore[arg-type]

    assert refused.value.code == code


@pytest.mark.parametrize("interval", [(0.0, 140.0), (140.0, 21.0), (21.0, 21.0)])
def test_thresholds_for_no_interval_are_refused(interval: tuple[float, float]) -> None:
    known = flat_thresholds(watch=1.0, alert=2.0)

    with pytest.raises(TrendProblem) as refused:
        Thresholds(curve=known.curve, weight=1.0, interval_days=interval, weight_range=(0.1, 9.0))

    assert refused.value.code == "thresholds_invalid"

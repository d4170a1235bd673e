"""Panels and arguments of readings from plain lists."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from monitoring.trends.classical.panel import Panel
from monitoring.trends.classical.readings import ClassicalReadings, classical_readings

SIGMA, MU, TAU = 0.19, math.log(2.2), 0.6


def panel(
    values: Sequence[float],
    *,
    days: Sequence[float] | None = None,
    below: Sequence[int] = (),
    unusable: Sequence[int] = (),
    rebase: Sequence[int] = (),
    sigma: float = SIGMA,
    set_point: tuple[float, float] | None = (MU, TAU),
) -> Panel:
    """One row; draws 42 days apart unless told. `below`, `unusable` and `rebase` are places in the list."""
    count = len(values)
    mean, sd = set_point or (math.nan, math.nan)
    return Panel(
        days=np.array([days if days is not None else 42.0 * np.arange(count)], dtype=np.float64),
        logs=np.log(np.array([values], dtype=np.float64)),
        censored=np.array([[place in below for place in range(count)]]),
        usable=np.array([[place not in unusable for place in range(count)]]),
        rebase=np.array([[place in rebase for place in range(count)]]),
        sigma=np.array([sigma]),
        set_point_mean=np.array([mean]),
        set_point_sd=np.array([sd]),
    )


def read(values: Sequence[float], *, censoring: Mapping[int, int] | None = None, **changes: Any) -> ClassicalReadings:
    """Readings of one series; `censoring`, `unusable` and `rebase` by place, everything else as the function has it."""
    count = len(values)
    marks = censoring or {}
    arguments: dict[str, Any] = {
        "days": 42.0 * np.arange(count),
        "sigma": SIGMA,
        "set_point_log_mean": MU,
        "set_point_log_sd": TAU,
    }
    unusable, rebase = changes.pop("unusable", ()), changes.pop("rebase", ())
    if "days" in changes:
        changes["days"] = np.array(changes["days"], dtype=np.float64)
    return classical_readings(
        values=np.array(values, dtype=np.float64),
        censoring=np.array([marks.get(place, 0) for place in range(count)], dtype=np.int8),
        usable=np.array([place not in unusable for place in range(count)], dtype=np.bool_),
        rebase=np.array([place in rebase for place in range(count)], dtype=np.bool_),
        **(arguments | changes),
    )


def side_by_side(panels: Sequence[Panel], *, padding: int = 0) -> Panel:
    """The rows of several panels as one, padded at the end to the longest and `padding` columns more."""
    width = max(one.columns for one in panels) + padding

    def matrix(name: str, fill: float) -> Any:
        return np.concatenate(
            [
                np.pad(getattr(one, name), ((0, 0), (0, width - one.columns)), constant_values=fill).astype(
                    getattr(one, name).dtype
                )
                for one in panels
            ]
        )

    def vector(name: str) -> Any:
        return np.concatenate([getattr(one, name) for one in panels])

    return Panel(
        days=matrix("days", math.nan),
        logs=matrix("logs", math.nan),
        censored=matrix("censored", 0),
        usable=matrix("usable", 0),
        rebase=matrix("rebase", 0),
        sigma=vector("sigma"),
        set_point_mean=vector("set_point_mean"),
        set_point_sd=vector("set_point_sd"),
    )

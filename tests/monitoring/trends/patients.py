"""Patients for the property tests: visits at any distance, and anything that may happen to a draw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, TypeVar

import numpy as np
from hypothesis import strategies as st

from monitoring.trends.types import Series
from tests.monitoring.trends.builders import FIRST_DAY, series, take

Value = TypeVar("Value")
TYPICAL: Final = {"CEA": 2.2, "CYFRA211": 1.7, "ALP": 78.0, "BAP": 13.0, "ALB": 42.0, "SCC": 1.0}
CODES: Final = tuple(sorted(TYPICAL))
GAPS: Final = st.one_of(st.sampled_from([0.0, 0.2, 28.0, 56.0]), st.floats(0.5, 200.0))


@st.composite
def visits(draw: st.DrawFn, most: int = 8) -> list[float]:
    gaps = draw(st.lists(GAPS, min_size=0, max_size=most - 1))
    days: list[float] = (FIRST_DAY + np.cumsum(np.array([0.0, *gaps]))).tolist()
    return days


@st.composite
def courses(draw: st.DrawFn, marker: str, days: Sequence[float], *, patient: int = 1, plain: bool = False) -> Series:
    """One marker on these days; `plain`: nothing but values and "<"."""
    count = len(days)

    def column(of: st.SearchStrategy[Value]) -> list[Value]:
        return draw(st.lists(of, min_size=count, max_size=count))

    factors = column(st.one_of(st.sampled_from([1.0, 20.0]), st.floats(-1.0, 2.0).map(math.exp)))
    values = [TYPICAL[marker] * factor for factor in factors]
    if plain:
        return series(values, marker=marker, patient=patient, days=days)
    happened = column(st.sampled_from(["", "", "", "", "", "zero", "excluded", "moved", "uncertain", "watch_only"]))
    places = {what: [at for at, one in enumerate(happened) if one == what] for what in happened}
    return series(
        [0.0 if what == "zero" else value for value, what in zip(values, happened, strict=True)],
        marker=marker,
        patient=patient,
        days=days,
        censoring=column(st.sampled_from([0, 0, 0, 0, -1, 1])),
        segments=np.cumsum(np.array(column(st.sampled_from([0, 0, 0, 0, 0, 1])), dtype=np.int64)).tolist(),
        exclusions=["haemolysed" if what == "excluded" else "" for what in happened],
        rebase=dict.fromkeys(places.get("moved", []), 0.4),
        extra=dict.fromkeys(places.get("uncertain", []), 0.2),
        watch_only=places.get("watch_only", []),
    )


@st.composite
def patients(draw: st.DrawFn, *, patient: int = 1, most: int = 8) -> tuple[Series, ...]:
    """One to three markers, each on some of the patient's visits."""
    days = draw(visits(most))
    codes = draw(st.lists(st.sampled_from(CODES), min_size=1, max_size=3, unique=True))
    found = []
    for code in sorted(codes):
        whole = draw(courses(code, days, patient=patient))
        there = draw(st.lists(st.booleans(), min_size=len(days), max_size=len(days)))
        kept = [at for at, is_there in enumerate(there) if is_there] or [0]
        found.append(take(whole, kept))
    return tuple(found)


def dates_of(of_patient: Sequence[Series]) -> list[tuple[float, int]]:
    return sorted({date for one in of_patient for date in zip(one.days.tolist(), one.draw_ids, strict=True)})


def until(of_patient: Sequence[Series], date: tuple[float, int]) -> tuple[Series, ...]:
    """The patient as on record after that date."""
    kept = []
    for one in of_patient:
        places = [at for at, day in enumerate(one.days.tolist()) if (day, one.draw_ids[at]) <= date]
        if places:
            kept.append(take(one, places))
    return tuple(kept)

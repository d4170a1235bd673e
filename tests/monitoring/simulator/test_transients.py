"""Passing causes: how often, how long, how strong, and which markers together."""

from __future__ import annotations

import math

import numpy as np
import pytest

from monitoring.simulator.transients import Bouts, causes
from tests.monitoring.simulator.settings import exact, quiet, values_of

MANY = 20_000


def bouts_of(cause: str, patients: int = MANY, **changes: float) -> tuple[Bouts, float]:
    """The bouts of a cause that begin within follow-up, and the years of follow-up."""
    setting = quiet(patients, **{"transient_factor": 1.0, **changes})
    (bouts,) = (one for one in setting.bouts if one.cause.code == cause)
    return bouts, float(np.sum(setting.course.last_day)) / 365.25


@pytest.mark.parametrize(
    ("cause", "per_year"), [("infection", 0.40), ("cholestasis", 0.10), ("renal", 0.06), ("fracture", 0.04)]
)
def test_a_cause_comes_at_its_yearly_rate(cause: str, per_year: float) -> None:
    bouts, years = bouts_of(cause)
    begun = np.sum(bouts.start >= 0.0)
    assert begun / years == pytest.approx(per_year, abs=4 * math.sqrt(per_year / years))


def test_a_cause_covers_the_share_of_draws_that_its_rate_and_duration_give() -> None:
    """Poisson starts and exponential durations: a share of rate x duration; tolerance a tenth (2,500 bouts)."""
    bouts, _ = bouts_of("renal")
    draws = np.sum(quiet(MANY).course.planned)
    assert len(bouts.cell) / draws == pytest.approx(0.06 / 365.25 * 90.0, rel=0.1)


def test_twice_the_rate_keeps_every_bout_and_adds_as_many() -> None:
    once, _ = bouts_of("infection", 3000)
    twice, _ = bouts_of("infection", 3000, transient_factor=2.0)
    half, _ = bouts_of("infection", 3000, transient_factor=0.5)
    assert set(half.start) < set(once.start) < set(twice.start)
    assert (len(twice.start) / len(once.start), len(half.start) / len(once.start)) == pytest.approx((2.0, 0.5), abs=0.1)


def test_infections_alone_can_be_doubled() -> None:
    counts = [
        [len(bouts_of(cause, 3000, infection_factor=factor)[0].start) for factor in (1.0, 2.0)]
        for cause in ("infection", "renal")
    ]
    assert counts[0][1] > 1.8 * counts[0][0]
    assert counts[1][1] == counts[1][0]


@pytest.mark.parametrize("shared", [0.0, 0.5, 1.0])
def test_markers_of_one_bout_share_the_stated_part_of_its_strength(shared: float) -> None:
    bouts, _ = bouts_of("infection", shared_strength=shared)
    cyfra, neut = (np.log(bouts.strength_of[marker]) for marker in ("CYFRA211", "NEUT"))
    assert np.std(cyfra) == pytest.approx(0.4, abs=0.01)
    assert np.corrcoef(cyfra, neut)[0, 1] == pytest.approx(shared, abs=0.03)


def test_an_infection_multiplies_each_marker_by_its_own_factor() -> None:
    changes = {"transient_factor": 1.0, "shared_strength": 1.0}
    setting = quiet(4000, **changes)
    (infection,) = (one for one in setting.bouts if one.cause.code == "infection")
    effects = infection.cause.effects
    strength = infection.log_effect("CYFRA211", setting.course) / (0.6 * math.log(1.5))
    for marker, factor in effects.items():
        assert np.allclose(infection.log_effect(marker, setting.course), strength * math.log(factor), atol=1e-12)
    shift = np.log(values_of(exact("NEUT"), setting) / values_of(exact("NEUT"), quiet(4000)))
    known = ~np.isnan(shift)  # no other cause moves neutrophils here, for nobody has surgery
    assert np.allclose(shift[known], (strength * 0.6 * math.log(1.8))[known], atol=1e-6)
    written = {"CYFRA211": 1.5, "CEA": 1.1, "ALP": 1.1, "NEUT": 1.8, "LYMPH": 0.75, "PLT": 1.25, "LDH": 1.2}
    assert dict(effects) == {marker: pytest.approx(factor**0.6, rel=1e-12) for marker, factor in written.items()}


def test_without_transients_there_is_no_bout() -> None:
    setting = quiet(1000)
    assert [len(bouts.start) for bouts in setting.bouts] == [0] * len(causes())

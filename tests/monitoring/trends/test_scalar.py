"""The vectorised engine against the same equations written one number at a time (reference/scalar.py)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np
import pytest

from monitoring.trends.analysis import Analysis
from monitoring.trends.detection import DetectionParameters
from monitoring.trends.types import MarkerParameters, Series
from tests.monitoring.trends.builders import PANEL, PARAMETERS, analysis_of, series
from tests.monitoring.trends.reference import scalar

AGREE = 1e-9
GOLDEN_LIKE = replace(
    PARAMETERS,
    noise_weight=8.0,
    noise_lag=3,
    noise_shared=0.0,
    noise_falls_at_once=False,
    noise_bounds=(0.5, 6.0),
    set_point_reach=None,
    occasion_days=0.5,
    onsets_nobody_looked_at=True,
    below_is_a_reading=True,
    two_in_a_row=True,
    least_support=0.0,
)
VARIANTS = {
    "shipped": PARAMETERS,
    "golden": GOLDEN_LIKE,
    "half of the others": replace(PARAMETERS, noise_shared=0.5, noise_lag=2),
    "no excursion": replace(PARAMETERS, slow_share=0.0),
    "narrow window": replace(PARAMETERS, onset_window=150.0, onset_step=20.0, company=1.5),
}
CODES = ("ALB", "ALP", "BAP", "BCTX", "CA", "CEA", "CYFRA211", "HGB")
TYPICAL = {"ALB": 42.0, "ALP": 78.0, "BAP": 13.0, "BCTX": 0.3, "CA": 2.3, "CEA": 2.2, "CYFRA211": 1.7, "HGB": 140.0}


def random_patient(seed: int) -> list[Series]:
    """Visits at any distance, some twice a day; draws missing, excluded, "<", ">", re-based, uncertain, watch-only."""
    rng = np.random.default_rng(seed)
    visits = int(rng.integers(2, 14))
    gaps = rng.choice([0.2, 0.0, 20.0, 45.0, 90.0, 400.0], size=visits, p=[0.08, 0.04, 0.28, 0.3, 0.25, 0.05])
    days = 20_000.0 + np.cumsum(gaps * rng.uniform(0.8, 1.2, size=visits))
    found = []
    for code in CODES:
        there = np.flatnonzero(rng.random(visits) < 0.7)
        if not len(there):
            continue
        count = len(there)
        spread = PANEL[code].sigma_total or 0.1
        grown = np.maximum(days[there] - days[visits // 2], 0.0) * rng.choice([0.0, 0.004, 0.012])
        values = TYPICAL[code] * np.exp(rng.normal(rng.normal(0.0, 0.5), 2.0 * spread, size=count) + grown)
        some = [at for at in range(count) if rng.random() < 0.12]
        found.append(
            series(
                values.tolist(),
                marker=code,
                days=days[there].tolist(),
                draw_ids=[int(at) + 1 for at in there],
                censoring=rng.choice([0, 0, 0, 0, -1, 1], size=count).tolist(),
                segments=np.cumsum(rng.random(count) < 0.08).tolist(),
                exclusions=rng.choice(["", "", "", "", "", "haemolysed"], size=count).tolist(),
                rebase={at: float(rng.uniform(0.1, 0.8)) for at in some},
                extra={at: 0.2 for at in range(count) if rng.random() < 0.12},
                watch_only=[at for at in range(count) if rng.random() < 0.12],
            )
        )
    return found


def restated(
    of_patient: Sequence[Series], using: DetectionParameters
) -> tuple[list[list[scalar.Row]], list[scalar.Index]]:
    ordered = sorted(of_patient, key=lambda one: one.marker)
    dates = sorted({date for one in ordered for date in zip(one.days.tolist(), one.draw_ids, strict=True)})
    rules = scalar.Rules(**{one.name: getattr(using, one.name) for one in fields(scalar.Rules)})
    markers = [_marker(one, PANEL[one.marker], dates) for one in ordered]
    return scalar.read([day - dates[0][0] for day, _ in dates], markers, rules)


def _marker(one: Series, known: MarkerParameters, dates: list[tuple[float, int]]) -> scalar.Marker:
    mirror = -1.0 if known.direction == "down" else 1.0
    draws = []
    for at, draw_id in enumerate(one.draw_ids):
        changed = at > 0 and one.segments[at] != one.segments[at - 1]
        rebase_sd = float(one.rebase_sd[at])
        draws.append(
            scalar.Draw(
                date=dates.index((float(one.days[at]), draw_id)),
                day=float(one.days[at]) - dates[0][0],
                log=mirror * math.log(one.values[at]),
                below=one.censoring[at] * mirror < 0,
                above=one.censoring[at] * mirror > 0,
                usable=not one.exclusions[at],
                rebase_sd=known.rebase_sd if changed and rebase_sd == 0 else rebase_sd,
                extra_sd=float(one.extra_sd[at]),
                watch_only=bool(one.watch_only[at]),
            )
        )
    assert known.sigma_total is not None
    share = known.participation
    return scalar.Marker(
        set_point=None if known.set_point_log_mean is None else mirror * known.set_point_log_mean,
        set_point_sd=known.set_point_log_sd,
        sigma=known.sigma_total * known.inflation,
        drift=known.drift,
        clip=known.clip,
        phi=0.0 if share is None else share / (1.0 - share),
        family=known.family,
        group=known.group,
        draws=tuple(draws),
    )


def assert_rows_agree(analysis: Analysis, rows: list[list[scalar.Row]]) -> None:
    path, evidence, markers = analysis.path, analysis.evidence, analysis.markers
    for row, of_marker in enumerate(rows):
        for at, one in enumerate(of_marker):
            assert bool(path.used[row, at]) == one.used
            assert path.noise[row, at] == pytest.approx(one.noise, abs=AGREE)
            if one.used:
                assert path.expected[row, at] == pytest.approx(one.expected, abs=AGREE)
                assert path.spread[row, at] == pytest.approx(one.spread, abs=AGREE)
                assert path.level[row, at] == pytest.approx(one.level, abs=AGREE)
                assert path.level_sd[row, at] == pytest.approx(one.level_sd, abs=AGREE)
            if one.support is None:
                assert evidence.log_evidence[row, at] == -math.inf
                assert math.isnan(evidence.support[row, at])
                continue
            assert evidence.log_evidence[row, at] == pytest.approx(one.log_evidence, abs=AGREE)
            assert markers.odds[row, at] == pytest.approx(one.odds, rel=AGREE)
            if one.leader_is_clear:
                assert evidence.support[row, at] == pytest.approx(one.support, abs=AGREE)
                assert evidence.latest[row, at] == pytest.approx(one.latest, abs=AGREE)
                assert (evidence.onset[row, at], evidence.doubling[row, at]) == (one.onset, one.doubling)
                assert bool(markers.confirmed[row, at]) == one.confirmed


def assert_indices_agree(analysis: Analysis, indices: list[scalar.Index]) -> None:
    for at, one in enumerate(indices):
        assert analysis.patients.watch[0, at] == pytest.approx(one.watch, abs=AGREE)
        assert analysis.patients.alert[0, at] == pytest.approx(one.alert, abs=AGREE)
        assert analysis.patients.interval[0, at] == pytest.approx(one.interval, abs=AGREE)
        assert analysis.patients.weight[0, at] == pytest.approx(one.weight, abs=AGREE)


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_every_number_of_filter_bank_and_fusion_agrees_with_the_scalar_restatement(variant: str) -> None:
    alerts = 0
    for seed in range(60):
        batch = random_patient(seed)
        if not batch:
            continue
        analysis = analysis_of(*batch, using=VARIANTS[variant])
        rows, indices = restated(batch, VARIANTS[variant])
        assert_rows_agree(analysis, rows)
        assert_indices_agree(analysis, indices)
        alerts += sum(math.isfinite(one.alert) for one in indices)
    assert alerts > 20  # the random patients do reach the rules of confirmation


def test_a_marker_without_a_set_point_starts_at_its_first_draw() -> None:
    known = replace(PANEL["CEA"], set_point_log_mean=None, set_point_log_sd=None)
    one = series([7.0, 8.0, 7.5, 9.0, 14.0], censoring=[-1, 0, 0, 0, 1])

    analysis = analysis_of(one, markers={"CEA": known})
    dates = list(zip(one.days.tolist(), one.draw_ids, strict=True))
    rules = scalar.Rules(**{name.name: getattr(PARAMETERS, name.name) for name in fields(scalar.Rules)})
    rows, _ = scalar.read([day - dates[0][0] for day, _ in dates], [_marker(one, known, dates)], rules)

    assert_rows_agree(analysis, rows)
    assert analysis.path.expected[0, 0] == pytest.approx(math.log(7.0), abs=1e-12)

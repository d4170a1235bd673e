"""The classical readings of one series at its latest usable draw, as the patient page may show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from monitoring.trends.classical import comparisons, tendencies
from monitoring.trends.classical.factors import TWO_SIDED_95
from monitoring.trends.classical.latest import latest_of
from monitoring.trends.classical.sequential import CUSUM_LIMIT
from monitoring.trends.classical.types import (
    ConfirmedRise,
    Cusum,
    EmpiricalBayes,
    FirstChange,
    LogSlope,
    MannKendall,
    PersonalInterval,
    PreviousChange,
    ReadingReason,
    TheilSen,
    ValueSlope,
)
from monitoring.trends.types import ONE_SIDED_95, BoolArray, CensoringArray, Direction, FloatArray

NO_DRAW: Final[ReadingReason] = "no_draw"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassicalReadings:
    """What the published rules say of the draw of `day`; of each rule its own numbers and reason code.

    `censoring` is that of the draw as reported; a limit never supports the change that it only bounds from above.
    """

    day: float | None
    censoring: int
    rcv_previous: PreviousChange
    rcv_first: FirstChange
    prri: PersonalInterval
    peb: EmpiricalBayes
    mann_kendall: MannKendall
    theil_sen: TheilSen
    log_slope: LogSlope
    ols_slope: ValueSlope
    egtm: ConfirmedRise
    nadir: ConfirmedRise
    cusum: Cusum


def classical_readings(
    *,
    days: FloatArray,
    values: FloatArray,
    censoring: CensoringArray,
    usable: BoolArray,
    rebase: BoolArray,
    sigma: float | None,
    set_point_log_mean: float | None = None,
    set_point_log_sd: float | None = None,
    z: float = ONE_SIDED_95,
    direction: Direction = "up",
) -> ClassicalReadings:
    """The readings of one series in its canonical unit, oldest draw first, each argument one entry a draw.

    `values` holds the limit where `censoring` is -1 ("<") or +1 (">"). Draws that are not `usable` are left out;
    `rebase` starts a new segment with that draw. `sigma` is the total within-person log SD, None where it is not known;
    `z` the one-sided quantile of the reference change and of PEB. Where `direction` is "down" a fall is what matters:
    changes, slopes and S keep their sign, and what is exceeded is the limit downwards.

    Raises `TrendProblem` for the arguments that `Panel` refuses.
    """
    latest = latest_of(
        days=days,
        values=values,
        censoring=censoring,
        usable=usable,
        rebase=rebase,
        sigma=sigma,
        set_point_log_mean=set_point_log_mean,
        set_point_log_sd=set_point_log_sd,
        direction=direction,
    )
    if latest is None:
        return _nothing_drawn(z)
    return ClassicalReadings(
        day=latest.day,
        censoring=int(censoring[latest.panel.columns - 1]),
        rcv_previous=comparisons.previous_change(latest, z=z),
        rcv_first=comparisons.first_change(latest),
        prri=comparisons.personal(latest),
        peb=comparisons.empirical_bayes(latest, z=z),
        mann_kendall=tendencies.mann_kendall(latest),
        theil_sen=tendencies.theil_sen(latest),
        log_slope=tendencies.log_slope(latest),
        ols_slope=tendencies.value_slope(latest),
        egtm=comparisons.over_mean(latest),
        nadir=comparisons.over_nadir(latest),
        cusum=comparisons.cumulative_sum(latest),
    )


def _nothing_drawn(z: float) -> ClassicalReadings:
    return ClassicalReadings(
        day=None,
        censoring=0,
        rcv_previous=PreviousChange(limit_z=z, two_sided_z=TWO_SIDED_95, reason=NO_DRAW),
        rcv_first=FirstChange(results=0, reason=NO_DRAW),
        prri=PersonalInterval(draws=0, limit_z=TWO_SIDED_95, reason=NO_DRAW),
        peb=EmpiricalBayes(limit_z=z, reason=NO_DRAW),
        mann_kendall=MannKendall(draws=0, reason=NO_DRAW),
        theil_sen=TheilSen(draws=0, reason=NO_DRAW),
        log_slope=LogSlope(draws=0, reason=NO_DRAW),
        ols_slope=ValueSlope(draws=0, reason=NO_DRAW),
        egtm=ConfirmedRise(reason=NO_DRAW),
        nadir=ConfirmedRise(reason=NO_DRAW),
        cusum=Cusum(limit=CUSUM_LIMIT, reason=NO_DRAW),
    )

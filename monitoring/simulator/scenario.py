"""Scenarios: every knob of the generator, and the named ways in which the benchmark breaks its assumptions.

The numbers are those of the evaluation protocol (detection design, section 14) unless a comment says that they are
assumed. None of them was measured in patients under follow-up; all are of grade A.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

Growth = Literal["exponential", "linear", "step", "log_linear"]
INTERVALS: Final = (21.0, 28.0, 42.0, 63.0, 91.0, 140.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One set of assumptions. Days and years as named, shares between 0 and 1, factors around 1."""

    name: str = "base"
    # The schedule
    intervals: tuple[float, ...] = (42.0, 63.0, 91.0)  # mean days between planned draws, one for each patient
    interval_jitter: float = 0.20  # coefficient of variation of one gap, gamma distributed
    follow_up_years: tuple[float, float] = (1.0, 3.0)
    missing_draws: float = 0.10
    few_draws_before_onset: bool = False  # the growth begins within two planned gaps of the first draw
    # Variation without progression
    noise_factor: float = 1.0  # on the within-person SD of every marker
    person_noise_sd: float = 0.30  # log-SD between persons of that SD
    ou_share: float = 0.5  # share of the within-person variance that decays, an Ornstein-Uhlenbeck process
    ou_days: float = 45.0
    tail_df: float = 5.0  # of the other share, Student's t scaled to unit variance
    drift_factor: float = 1.0
    transient_factor: float = 1.0  # on the yearly rate of every passing cause
    infection_factor: float = 1.0  # on the yearly rate of infections, on top
    shared_strength: float = 0.5  # share of a cause's log-strength variance that its markers have in common; assumed
    benign_steps_per_year: float = 0.03  # for each marker
    gross_error_rate: float = 0.004  # of values
    haemolysed_share: float = 0.03  # of draws; assumed
    # Progression
    progress_share: float = 0.5
    detectable_days: tuple[float, float] = (150.0, 1000.0)  # when imaging could first show it
    scan_cycle_days: float = 84.0
    bone_share: float = 0.40  # of progressions
    growth: Growth = "exponential"
    doubling_median: float = 60.0
    doubling_log_sd: float = 0.65
    doubling_limits: tuple[float, float] = (13.0, 300.0)
    onset_doublings: float = 4.0  # before imaging could show it
    onset_days_at_most: float = 540.0
    step_days: float = 120.0  # a step comes this long before imaging could show it
    # Events and treatment
    events_known: bool = True  # treatment, surgery, bone agent, assay changes: recorded
    assay_change_known: bool = True
    falling_at_start_share: float = 0.35
    falling_half_life_days: tuple[float, float] = (21.0, 56.0)
    therapy_change_share: float = 0.35
    flare_share: float = 0.15  # of therapy changes
    flare_factor: float = 1.5
    flare_days: tuple[float, float] = (28.0, 56.0)
    surgery_share: float = 0.05  # assumed
    bone_agent_share: float = 0.25
    bone_agent_stop_share: float = 0.20  # of those who began one; assumed
    assay_change_share: float = 0.20
    first_event_day: float = 90.0  # no therapy change, surgery, bone agent or assay change before; assumed
    infection_recorded_share: float = 0.50  # assumed


def _named(**changes: object) -> Scenario:
    return replace(Scenario(), **changes)  # type: ignore[arg-type]


def _every() -> list[Scenario]:
    return [
        Scenario(),
        _named(name="noise_up", noise_factor=1.3),
        _named(name="noise_down", noise_factor=0.7),
        _named(name="transients_double", transient_factor=2.0),
        _named(name="no_transients", transient_factor=0.0),
        *(_named(name=f"interval_{days:.0f}", intervals=(days,)) for days in INTERVALS),
        _named(name="missing_30", missing_draws=0.30),
        _named(name="linear_growth", growth="linear"),
        _named(name="step_growth", growth="step"),
        _named(name="log_linear_growth", growth="log_linear"),
        _named(name="drift_double", drift_factor=2.0),
        _named(name="all_falling_at_start", falling_at_start_share=1.0),
        _named(name="all_change_assay", assay_change_share=1.0),
        _named(name="all_change_assay_unknown", assay_change_share=1.0, assay_change_known=False),
        _named(name="events_unknown", events_known=False),
        _named(name="fast_growth", doubling_median=30.0),
        _named(name="slow_growth", doubling_median=120.0),
        _named(name="correlated_infections", infection_factor=2.0, shared_strength=1.0),
        _named(name="heavy_tails", tail_df=3.0),
        _named(name="independent_noise", ou_share=0.0),
        _named(name="few_draws_before_onset", few_draws_before_onset=True),
    ]


SCENARIOS: Final[Mapping[str, Scenario]] = {scenario.name: scenario for scenario in _every()}

"""Events of treatment: what they do to the values, and what is re-based and blanked where they are known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from monitoring.simulator.cohort import Cohort, simulate
from monitoring.simulator.scenario import SCENARIOS, Scenario
from monitoring.simulator.therapy import REBASE_KINDS
from tests.monitoring.simulator.settings import exact, quiet, values_of

PANEL = ("CEA", "CYFRA211", "ALP", "BAP", "PLT")
CONCERNS = {
    "therapy_start": ("CEA", "CYFRA211"),
    "surgery": ("CEA", "CYFRA211"),
    "assay_change": ("CEA", "CYFRA211"),
    "bone_agent_start": ("ALP", "BAP"),
    "bone_agent_stop": ("ALP", "BAP"),
}
WINDOWS = {"therapy_start": 42.0, "surgery": 42.0, "bone_agent_start": 28.0, "bone_agent_stop": 28.0}


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return simulate(Scenario(bone_agent_stop_share=0.5), patients=800, seed=5, markers=PANEL)


def test_a_known_event_rebases_its_markers_at_the_first_draw_on_or_after_it(cohort: Cohort) -> None:
    expected = np.zeros(cohort.rebase_kind.shape, dtype=np.uint8)
    for event in cohort.events:
        if event.kind not in CONCERNS:
            continue
        after = np.flatnonzero(cohort.drawn[event.patient] & (cohort.days[event.patient] >= event.day))
        concerned = (event.detail,) if event.kind == "assay_change" else CONCERNS[event.kind]
        for marker in concerned if len(after) else ():
            place = PANEL.index(marker)
            expected[place, event.patient, after[0]] |= 1 << REBASE_KINDS.index(event.kind)
    assert {kind for kind in CONCERNS if np.any(expected & (1 << REBASE_KINDS.index(kind)))} == set(CONCERNS)
    assert np.array_equal(cohort.rebase_kind, expected)
    assert np.array_equal(cohort.rebase, expected > 0)


def test_a_known_event_blanks_its_markers_for_its_window(cohort: Cohort) -> None:
    expected = np.zeros(cohort.blank.shape, dtype=np.bool_)
    for event in cohort.events:
        since = cohort.days[event.patient] - event.day
        inside = cohort.drawn[event.patient] & (since >= 0.0) & (since <= WINDOWS.get(event.kind, -1.0))
        for marker in CONCERNS.get(event.kind, ()) if event.kind in WINDOWS else ():
            expected[PANEL.index(marker), event.patient] |= inside
    assert np.sum(expected) > 500
    assert np.array_equal(cohort.blank, expected)


def test_what_is_not_known_is_neither_rebased_nor_listed_and_still_moves_the_values() -> None:
    known = simulate(SCENARIOS["all_change_assay"], patients=400, seed=5)
    unknown = simulate(SCENARIOS["all_change_assay_unknown"], patients=400, seed=5)
    nothing = simulate(SCENARIOS["events_unknown"], patients=400, seed=5)
    bit = 1 << REBASE_KINDS.index("assay_change")
    assert np.sum(known.rebase_kind & bit > 0) > 600
    assert np.sum(unknown.rebase_kind & bit > 0) == 0
    assert np.sum(unknown.rebase) > 100
    assert "assay_change" not in {event.kind for event in unknown.events}
    assert np.array_equal(known.values, unknown.values, equal_nan=True)
    assert not np.any(nothing.rebase | nothing.blank)
    assert {event.kind for event in nothing.events} == {"imaging"}


@pytest.mark.parametrize(
    ("kind", "share"),
    [("therapy_start", 0.35), ("surgery", 0.05), ("bone_agent_start", 0.25), ("assay_change", 0.20)],
)
def test_events_come_to_their_share_of_patients(kind: str, share: float) -> None:
    day = simulated_days(kind)
    assert np.mean(np.isfinite(day)) == pytest.approx(share, abs=0.015)
    assert np.min(day) >= 90.0


def simulated_days(kind: str) -> np.ndarray:
    knobs = dict.fromkeys(("therapy_change_share", "surgery_share", "bone_agent_share", "assay_change_share"), 0.0)
    base = Scenario()
    return quiet(20_000, **{knob: getattr(base, knob) for knob in knobs}).therapy.day_of[kind]


def test_a_flare_raises_tumour_markers_by_half_for_four_to_eight_weeks() -> None:
    setting = quiet(therapy_change_share=1.0, flare_share=1.0)
    rise = values_of(exact("CEA"), setting) / values_of(exact("CEA"), quiet())
    since = setting.course.days - setting.therapy.day_of["therapy_start"]
    known = ~np.isnan(rise)
    assert np.allclose(rise[known & (since >= 0.0) & (since < 28.0)], 1.5)
    assert np.allclose(rise[known & ((since < 0.0) | (since > 56.0))], 1.0)
    assert np.array_equal(values_of(exact("ALP"), setting), values_of(exact("ALP"), quiet()), equal_nan=True)


def test_a_bone_agent_lowers_bone_markers_while_it_runs_and_lets_them_return_after() -> None:
    setting = quiet(bone_agent_share=1.0, bone_agent_stop_share=1.0, follow_up_years=(3.0, 3.0))
    fall = values_of(exact("BCTX"), setting) / values_of(exact("BCTX"), quiet(follow_up_years=(3.0, 3.0)))
    start, stop = (setting.therapy.day_of[f"bone_agent_{which}"] for which in ("start", "stop"))
    days, known = setting.course.days, ~np.isnan(fall)
    assert np.allclose(fall[known & (days < start)], 1.0)
    assert np.allclose(fall[known & (days > start + 150.0) & (days < stop)], 0.45, atol=1e-3)
    assert np.allclose(fall[known & (days > stop + 600.0)], 1.0, atol=1e-3)
    assert np.any(known & (days > stop + 600.0))


def test_a_change_of_assay_moves_tumour_markers_by_thirty_and_twenty_per_cent() -> None:
    setting, still = quiet(20_000, assay_change_share=1.0), quiet(20_000)
    after = setting.course.planned & (setting.course.days >= setting.therapy.day_of["assay_change"])
    for code, sd in (("CEA", 0.30), ("CYFRA211", 0.20), ("ALP", 0.0)):
        shift = np.log(values_of(exact(code), setting) / values_of(exact(code), still))
        last = np.where(after, shift, 0.0).sum(axis=0) / np.maximum(after.sum(axis=0), 1)
        assert np.std(last[after.any(axis=0)]) == pytest.approx(sd, abs=0.01 + 4 * sd / math.sqrt(2 * 18_000))
        assert np.allclose(shift[setting.course.planned & ~after], 0.0, atol=1e-6)

"""What must hold for every patient, not for chosen ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from monitoring.trends.detection import DetectionParameters
from monitoring.trends.engine import evaluate, level_history
from monitoring.trends.types import MarkerFinding, Series
from tests.monitoring.trends.builders import (
    ALONE,
    CEA,
    FIRST_DAY,
    PANEL,
    PARAMETERS,
    analysis_of,
    as_known_then,
    every,
    history_of,
    log_evidence,
    patient_of,
    series,
    take,
)
from tests.monitoring.trends.patients import courses, dates_of, patients, until, visits

FEW = settings(max_examples=40, deadline=None, derandomize=True)
STEP = PARAMETERS.onset_step


def by_marker(of_patient: Sequence[Series]) -> dict[str, MarkerFinding]:
    return {one.marker: one for one in patient_of(*of_patient).markers}


# --- time and company ---
@FEW
@given(patients())
def test_a_later_draw_changes_no_earlier_level_index_or_reading(of_patient: tuple[Series, ...]) -> None:
    whole, history = by_marker(of_patient), history_of(*of_patient).draws
    for at, date in enumerate(dates_of(of_patient)):
        earlier = until(of_patient, date)
        assert history_of(*earlier).draws == history[: at + 1]
        for marker, finding in by_marker(earlier).items():
            readings = whole[marker].readings[: len(finding.readings)]
            assert list(map(as_known_then, finding.readings)) == list(map(as_known_then, readings))


@FEW
@given(patients())
def test_the_history_ends_at_the_level_and_the_indices_of_the_finding(of_patient: tuple[Series, ...]) -> None:
    found, last = patient_of(*of_patient), history_of(*of_patient).draws[-1]

    assert (last.level, last.watch_index, last.alert_index) == (found.level, found.watch_index, found.alert_index)


@FEW
@given(
    st.lists(st.integers(0, 40), min_size=2, max_size=7, unique=True).flatmap(
        lambda ids: st.tuples(*(patients(patient=one, most=4 + one % 9) for one in ids))
    )
)
def test_a_patient_reads_the_same_to_the_last_bit_alone_in_any_batch_and_in_any_order(
    batch: tuple[tuple[Series, ...], ...],
) -> None:
    everybody = [one for of_patient in batch for one in of_patient]
    together, histories = evaluate(everybody, PANEL, PARAMETERS), level_history(everybody, PANEL, PARAMETERS)

    assert evaluate(everybody[::-1], PANEL, PARAMETERS) == together
    assert level_history(everybody[::-1], PANEL, PARAMETERS) == histories
    for of_patient in batch:
        (alone,) = evaluate(of_patient[::-1], PANEL, PARAMETERS)
        (history,) = level_history(of_patient, PANEL, PARAMETERS)
        assert alone in together
        assert history in histories


def test_neither_the_chunk_nor_the_padding_beside_longer_series_changes_a_number() -> None:
    rng = np.random.default_rng(5)
    batch = [
        series((level * np.exp(rng.normal(0.0, 0.4, size=1 + patient % 23))).tolist(), patient=patient, marker=marker)
        for patient in range(130)
        for marker, level in (("CEA", 2.2), ("ALP", 78.0))
    ]

    together = evaluate(batch, PANEL, PARAMETERS)

    assert {finding.level for finding in together} == {"none", "watch", "alert"}
    for patient in (0, 22, 45, 46, 129):
        alone = evaluate(batch[2 * patient : 2 * patient + 2], PANEL, PARAMETERS)
        assert alone == (together[patient],)
        beside = evaluate([*batch[2 * patient : 2 * patient + 2], series([2.0] * 60, patient=999)], PANEL, PARAMETERS)
        assert beside[0] == together[patient]


# --- what may not raise the evidence ---
@FEW
@given(visits().flatmap(lambda days: courses("CEA", days)), st.floats(0.3, 100.0), st.floats(0.01, 20.0))
def test_a_further_result_below_a_limit_never_raises_the_evidence_beyond_the_onset_days_that_opened(
    one: Series, wait: float, limit: float
) -> None:
    day = float(one.days[-1]) + wait

    def with_last(censoring: int, exclusion: str, using: DetectionParameters = ALONE) -> list[float]:
        return log_evidence(
            series(
                [*one.values.tolist(), limit],
                days=[*one.days.tolist(), day],
                censoring=[*one.censoring.tolist(), censoring],
                segments=[*one.segments.tolist(), int(one.segments[-1])],
                exclusions=[*one.exclusions, exclusion],
                rebase={at: 0.4 for at, code in enumerate(one.rebase_codes) if code},
                extra={at: 0.2 for at, code in enumerate(one.extra_codes) if code},
            ),
            using=using,
        )

    below, missing = with_last(-1, ""), with_last(0, "missing")
    first = float(one.days[0])
    opened = math.ceil((day - first) / STEP) - math.ceil((float(one.days[-1]) - first) / STEP)

    # Onsets since the last used draw count from the draw on that looks at them.
    assert below[-1] <= with_last(0, "missing", using=replace(ALONE, onsets_nobody_looked_at=True))[-1] + 1e-9
    assert math.exp(missing[-1]) <= math.exp(missing[-2]) + STEP * opened + 1e-6


@FEW
@given(visits().flatmap(lambda days: courses("CEA", days, plain=True)), st.integers(1, 7))
def test_a_blanked_draw_is_evidence_as_if_it_had_not_been_taken(one: Series, which: int) -> None:
    at = min(which, len(one.days) - 1)
    assume(at > 0)  # the onset days count from the first draw, whatever was wrong with it
    blanked = replace_exclusion(one, at, "treatment_window")
    places = [place for place in range(len(one.days)) if place != at]
    kept = series([one.values[place] for place in places], days=[float(one.days[place]) for place in places])

    with_it, without = log_evidence(blanked), log_evidence(kept)

    assert [with_it[place] for place in places] == pytest.approx(without, abs=1e-9)


def replace_exclusion(one: Series, at: int, code: str) -> Series:
    exclusions = [code if place == at else was for place, was in enumerate(one.exclusions)]
    return series(one.values.tolist(), days=one.days.tolist(), exclusions=exclusions)


@FEW
@given(
    visits().flatmap(lambda days: courses("CEA", days, plain=True)),
    st.integers(0, 7),
    st.sampled_from(["excluded", "zero", "open_end"]),
)
def test_a_draw_that_is_not_used_leaves_every_other_reading_as_it_is(one: Series, which: int, why: str) -> None:
    """Another marker is drawn on every visit, so that the visits stay and nothing but the draw is taken away."""
    at = min(which, len(one.days) - 1)
    assume(len(one.days) > 1)
    values, censoring, exclusions = one.values.tolist(), [0] * len(one.days), [""] * len(one.days)
    values[at] = {"excluded": 50.0, "zero": 0.0, "open_end": 0.001}[why]
    censoring[at] = 1 if why == "open_end" else 0
    exclusions[at] = "haemolysed" if why == "excluded" else ""
    shown = series(values, days=one.days.tolist(), censoring=censoring, exclusions=exclusions)
    company = series([1.0] * len(values), marker="SCC", days=one.days.tolist())
    kept = [place for place in range(len(values)) if place != at]

    with_it, without = by_marker([shown, company])["CEA"], by_marker([take(shown, kept), company])["CEA"]

    assert with_it.readings[at].stance == "not_used"
    assert [with_it.readings[place] for place in kept] == list(without.readings)
    assert (with_it.state, with_it.baseline, with_it.evidence) == (without.state, without.baseline, without.evidence)


# --- units, assays and direction ---
@FEW
@given(visits().flatmap(lambda days: courses("CEA", days)), st.floats(-7.0, 7.0).map(math.exp))
def test_another_unit_leaves_the_evidence_as_it_is(one: Series, factor: float) -> None:
    assert CEA.set_point_log_mean is not None
    moved = {"CEA": replace(CEA, set_point_log_mean=CEA.set_point_log_mean + math.log(factor))}

    here, there = analysis_of(one), analysis_of(scaled(one, factor), markers=moved)

    assert np.array_equal(here.path.used, there.path.used)
    np.testing.assert_allclose(there.evidence.log_evidence, here.evidence.log_evidence, atol=1e-9)
    np.testing.assert_allclose(there.patients.watch, here.patients.watch, atol=1e-9)
    np.testing.assert_allclose(there.path.expected[0], here.path.expected[0] + math.log(factor), atol=1e-9)
    assert [one.level for one in history_of(one).draws] == [
        one.level for one in level_history([scaled(one, factor)], moved, PARAMETERS)[0].draws
    ]


def scaled(one: Series, factor: float, *, since: int = 0) -> Series:
    factors = np.where(np.arange(len(one.values)) >= since, factor, 1.0)
    return Series(
        patient=one.patient,
        marker=one.marker,
        days=one.days,
        values=one.values * factors,
        censoring=one.censoring,
        segments=one.segments,
        exclusions=one.exclusions,
        draw_ids=one.draw_ids,
        rebase_codes=one.rebase_codes,
        rebase_sd=one.rebase_sd,
        extra_codes=one.extra_codes,
        extra_sd=one.extra_sd,
        watch_only=one.watch_only,
    )


@FEW
@given(visits().flatmap(lambda days: courses("CEA", days, plain=True)), st.floats(0.4, 2.5), st.integers(1, 7))
def test_a_new_assay_whose_factor_is_known_leaves_the_evidence_as_it_is_once_it_is_divided_out(
    one: Series, factor: float, since: int
) -> None:
    reported = scaled(one, factor, since=since)

    converted = scaled(reported, 1.0 / factor, since=since)

    assert log_evidence(converted) == pytest.approx(log_evidence(one), abs=1e-9)


@FEW
@given(visits().flatmap(lambda days: courses("CEA", days, plain=True)), st.floats(0.4, 2.5), st.integers(1, 7))
def test_a_new_assay_of_unknown_factor_changes_nothing_before_it_and_nothing_at_all_where_the_level_is_set_free(
    one: Series, factor: float, since: int
) -> None:
    """A re-base by an SD without end forgets the level, so that no factor shows; a finite one discounts the memory.

    On which side of it the first result of the new assay came out, and so whether it counts for the noise at once, is
    then left to chance: here every draw waits for the lag.
    """
    waits = replace(PARAMETERS, noise_falls_at_once=False)

    def rebased(by: float, times: float) -> list[float]:
        moved = scaled(one, times, since=since)
        at = {since: by} if since < len(one.values) else {}
        return log_evidence(series(moved.values.tolist(), days=moved.days.tolist(), rebase=at), using=waits)

    assert rebased(0.5, factor)[:since] == log_evidence(one, using=waits)[:since]
    assert rebased(1e6, factor) == pytest.approx(rebased(1e6, 1.0), abs=1e-4)


def test_a_step_at_a_change_of_assay_counts_for_less_where_the_change_is_known() -> None:
    values = [2.2, 2.3, 2.1, 3.3, 3.4, 3.2]

    unknown, known = log_evidence(series(values)), log_evidence(series(values, segments=[0, 0, 0, 1, 1, 1]))
    taken_as_events = log_evidence(series(values, rebase={3: CEA.rebase_sd}))

    assert known == taken_as_events
    assert unknown[:3] == known[:3]
    assert all(then - now > 0.5 for then, now in zip(unknown[3:], known[3:], strict=True))


@FEW
@given(visits().flatmap(lambda days: courses("CEA", days)))
def test_a_marker_whose_fall_matters_is_read_as_its_reciprocal(one: Series) -> None:
    assert CEA.set_point_log_mean is not None
    down = {"CEA": replace(CEA, direction="down", set_point_log_mean=-CEA.set_point_log_mean)}
    fine = one.values > 0
    reciprocal = Series(
        patient=one.patient,
        marker=one.marker,
        days=one.days,
        values=np.where(fine, 1.0 / np.where(fine, one.values, 1.0), 0.0),
        censoring=-one.censoring,
        segments=one.segments,
        exclusions=one.exclusions,
        draw_ids=one.draw_ids,
        rebase_codes=one.rebase_codes,
        rebase_sd=one.rebase_sd,
        extra_codes=one.extra_codes,
        extra_sd=one.extra_sd,
        watch_only=one.watch_only,
    )

    rising, falling = analysis_of(one), analysis_of(reciprocal, markers=down)

    assert np.array_equal(rising.path.used, falling.path.used)
    np.testing.assert_allclose(falling.evidence.log_evidence, rising.evidence.log_evidence, atol=1e-9)
    np.testing.assert_allclose(falling.patients.watch, rising.patients.watch, atol=1e-9)


# --- markers that say nothing ---
@FEW
@given(patients())
def test_a_marker_without_a_usable_draw_adds_exactly_nothing(of_patient: tuple[Series, ...]) -> None:
    date = dates_of(of_patient)[0]
    silent = series([0.5], marker="BCTX", days=[date[0]], draw_ids=[date[1]], exclusions=["not_fasting"])

    assert history_of(*of_patient, silent) == history_of(*of_patient)


@pytest.mark.parametrize("days", [21.0, 42.0, 91.0])
def test_a_marker_that_stays_where_it_is_adds_little_and_changes_no_other_marker(days: float) -> None:
    when = every(days, 12)
    cea = series([2.2, 2.0, 2.4, 2.2, 2.1, 2.3, 2.2, 3.0, 3.6, 4.4, 5.5, 7.0], days=when)
    quiet = series([1.7] * 12, marker="CYFRA211", days=when)

    alone, both = history_of(cea, using=ALONE), history_of(cea, quiet, using=ALONE)
    added = [one.watch_index - other.watch_index for one, other in zip(both.draws, alone.draws, strict=True)]

    assert added[0] == 0.0
    assert all(0.0 <= part < 0.35 for part in added)
    by_itself = history_of(quiet, using=ALONE).draws
    assert added == pytest.approx([one.watch_index for one in by_itself], abs=1e-12)


def test_between_its_draws_the_evidence_of_a_marker_stands_still() -> None:
    cea = series([2.2, 2.1, 2.3, 4.0, 6.0])
    later = series([78.0], marker="ALP", days=[float(cea.days[-1]) + 200.0], draw_ids=[9])

    before, after = analysis_of(cea, using=ALONE), analysis_of(cea, later, using=ALONE)
    as_designed = analysis_of(cea, later, using=replace(ALONE, onsets_nobody_looked_at=True))

    assert after.evidence.log_evidence[1, 5] == before.evidence.log_evidence[0, 4]
    assert before.markers.confirmed[0, 4]
    assert after.markers.confirmed[1, 5]
    # On day 168 the onsets of day 0 to 140 are open, on day 368 those up to day 364: eight more, seen by nobody.
    grown = math.exp(as_designed.evidence.log_evidence[1, 5]) - math.exp(before.evidence.log_evidence[0, 4])
    assert grown == pytest.approx(8 * STEP, abs=1e-6)


@pytest.mark.parametrize("days", [100.0, 300.0, 700.0, 1500.0])
def test_markers_that_are_no_longer_drawn_bring_no_level_however_long_the_others_go_on(days: float) -> None:
    stopped = [series([level, level, level], marker=code) for code, level in (("CEA", 2.2), ("CYFRA211", 1.7))]
    on = [*every(42.0, 3), *[FIRST_DAY + 84.0 + day for day in range(42, int(days), 42)]]
    goes_on = series([78.0] * len(on), marker="ALP", days=on)

    found = patient_of(*stopped, goes_on)

    assert found.level == "none"
    assert {one.marker: one.state for one in found.markers} == dict.fromkeys(("ALP", "CEA", "CYFRA211"), "calm")

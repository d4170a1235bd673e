"""The engine reads a whole cohort as it reads the same patients one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from monitoring.calibration import reading
from monitoring.calibration.knowledge import Knowledge, by_the_rules, of_the_protocol
from monitoring.calibration.reading import Indices, read_cohort
from monitoring.detection import detection_parameters
from monitoring.events import ClinicalEvent, DrawState, read_draws
from monitoring.parameters import marker_parameters
from monitoring.rules import event_rules
from monitoring.simulator.cohort import Cohort, simulate
from monitoring.simulator.scenario import SCENARIOS
from monitoring.trends.analysis import analyse
from monitoring.trends.types import Series

PANEL = ("CEA", "NSE", "ALP", "BCTX", "NLR", "CYFRA211")
SEED = 102  # one that was tuned on: nothing is judged here


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return simulate(SCENARIOS["all_change_assay"], patients=60, seed=SEED, markers=PANEL)


def series_of(cohort: Cohort, patient: int, known: Knowledge) -> list[Series]:
    found = []
    for place, code in enumerate(cohort.markers):
        at = np.flatnonzero(~np.isnan(cohort.values[place, patient]))
        if len(at):
            where = (place, patient, at)
            found.append(
                Series(
                    patient=patient,
                    marker=code,
                    days=20_000.0 + cohort.days[patient, at],
                    values=cohort.values[where],
                    censoring=np.where(cohort.censored[where], -1, 0).astype(np.int8),
                    segments=np.zeros(len(at), dtype=np.int64),
                    exclusions=tuple("window" if out else "" for out in known.excluded[where]),
                    draw_ids=tuple(at.tolist()),
                    rebase_codes=tuple("event" if sd else "" for sd in known.rebase_sd[where]),
                    rebase_sd=known.rebase_sd[where],
                    extra_codes=tuple("event" if sd else "" for sd in known.extra_sd[where]),
                    extra_sd=known.extra_sd[where],
                    watch_only=tuple("event" if only else "" for only in known.watch_only[where]),
                )
            )
    return sorted(found, key=lambda one: one.marker)


def test_every_patient_reads_as_alone_from_series(cohort: Cohort) -> None:
    """Days are counted from another origin there, so that the last bits may differ."""
    known = by_the_rules(cohort, marker_parameters(), event_rules())
    index = read_cohort(cohort, known, PANEL, marker_parameters(), detection_parameters())
    compared = 0
    for patient in range(len(cohort.days)):
        alone = analyse(series_of(cohort, patient, known), marker_parameters(), detection_parameters())
        draws = [draw for _, draw in alone.panel.dates[0]]
        assert np.flatnonzero(index.taken[patient]).tolist() == draws
        for name in ("watch", "alert", "interval", "weight"):
            whole, one = getattr(index, name)[patient, draws], getattr(alone.patients, name)[0]
            np.testing.assert_allclose(whole, one, rtol=1e-9, atol=1e-9)
        compared += len(draws)
    assert compared > 500


def test_who_is_read_beside_whom_changes_nothing(cohort: Cohort, monkeypatch: pytest.MonkeyPatch) -> None:
    known = of_the_protocol(cohort, marker_parameters())
    whole = read_cohort(cohort, known, PANEL, marker_parameters(), detection_parameters())
    monkeypatch.setattr(reading, "ROWS", 1)
    alone = read_cohort(cohort, known, PANEL, marker_parameters(), detection_parameters())
    for name in Indices.__dataclass_fields__:
        assert np.array_equal(getattr(whole, name), getattr(alone, name), equal_nan=True), name


def test_a_draw_without_any_marker_of_the_panel_is_none(cohort: Cohort) -> None:
    known = Knowledge.nothing(cohort)
    index = read_cohort(cohort, known, ("BCTX",), marker_parameters(), detection_parameters())
    assert np.array_equal(index.taken, ~np.isnan(cohort.values[cohort.markers.index("BCTX")]))
    assert np.all(np.isneginf(index.watch[~index.taken]))


def test_progress_is_told_until_everybody_is_done(cohort: Cohort) -> None:
    done: list[int] = []
    known = Knowledge.nothing(cohort)
    read_cohort(cohort, known, ("CEA",), marker_parameters(), detection_parameters(), done.append)
    assert done == sorted(done)
    assert done[-1] == len(cohort.days)


def test_what_is_known_of_a_draw_is_what_the_rules_say(cohort: Cohort) -> None:
    known = by_the_rules(cohort, marker_parameters(), event_rules())
    therapies = [event for event in cohort.events if event.kind == "therapy_start"]
    assert therapies
    cea = cohort.markers.index("CEA")
    for event in therapies:
        at = np.flatnonzero(~np.isnan(cohort.values[cea, event.patient]))
        own = [
            ClinicalEvent("assay_change", one.day, marker=one.detail)
            if one.kind == "assay_change"
            else ClinicalEvent(one.kind.replace("therapy_start", "treatment_start"), one.day, detail=one.detail)
            for one in cohort.events
            if one.patient == event.patient and one.kind != "imaging"
        ]
        days = [DrawState(day) for day in cohort.days[event.patient, at]]
        marks = read_draws("CEA", "tumour", days, own, event_rules())
        assert known.excluded[cea, event.patient, at].tolist() == [bool(code) for code in marks.exclusions]
        assert known.rebase_sd[cea, event.patient, at].tolist() == marks.rebase_sd.tolist()


def test_a_haemolysed_sample_is_weak_evidence_of_nse_and_stays_what_it_was_of_cea(cohort: Cohort) -> None:
    known = by_the_rules(cohort, marker_parameters(), event_rules())
    spoiled = cohort.haemolysed & ~np.isnan(cohort.values[cohort.markers.index("NSE")])
    assert np.sum(spoiled) > 5
    without = by_the_rules(replace(cohort, haemolysed=np.zeros_like(spoiled)), marker_parameters(), event_rules())
    nse, cea = cohort.markers.index("NSE"), cohort.markers.index("CEA")
    assert np.array_equal(known.excluded[nse], without.excluded[nse])
    used = spoiled & ~known.excluded[nse]
    assert set(np.unique(known.extra_sd[nse][used])) == {0.58}
    assert np.all(known.watch_only[nse][used])
    assert np.array_equal(known.excluded[cea], without.excluded[cea])
    assert np.array_equal(known.extra_sd[cea], without.extra_sd[cea])


def test_the_protocol_knows_windows_and_rebasing_alone(cohort: Cohort) -> None:
    known = of_the_protocol(cohort, marker_parameters())
    assert np.array_equal(known.excluded, cohort.blank)
    assert np.array_equal(known.rebase_sd > 0, cohort.rebase)
    cea = cohort.markers.index("CEA")
    assert set(np.unique(known.rebase_sd[cea])) == {0.0, marker_parameters()["CEA"].rebase_sd}
    assert not np.any(known.extra_sd)
    assert not np.any(known.watch_only)

"""The record of events: scans of the cycle, what is told and what is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from monitoring.simulator.cohort import Cohort, simulate
from monitoring.simulator.events import Event
from monitoring.simulator.scenario import Scenario


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return simulate(Scenario(), patients=600, seed=5)


def test_scans_follow_the_cycle_and_only_the_last_of_a_progressor_finds_something(cohort: Cohort) -> None:
    scans = [event for event in cohort.events if event.kind == "imaging"]
    for patient in range(600):
        own = [event for event in scans if event.patient == patient]
        turns = int(cohort.last_day[patient] // 84.0)
        assert [event.day for event in own] == [84.0 * turn for turn in range(1, turns + 1)]
        site = "bone_metastasis" if cohort.bone[patient] else "progression"
        found = site if cohort.progresses[patient] else "none"
        assert [event.detail for event in own] == ["none"] * (turns - 1) + [found]


def test_events_are_ordered_by_patient_and_day_and_lie_within_follow_up(cohort: Cohort) -> None:
    events = list(cohort.events)
    assert len(events) == len(cohort.events) > 4000
    assert [(event.patient, event.day) for event in events] == sorted((event.patient, event.day) for event in events)
    assert all(0.0 <= event.day <= cohort.last_day[event.patient] for event in events)
    assert cohort.events[7] == events[7]
    assert isinstance(events[7], Event)


def test_every_kind_of_event_occurs_with_its_details(cohort: Cohort) -> None:
    details: dict[str, set[str]] = {}
    for event in cohort.events:
        details.setdefault(event.kind, set()).add(event.detail)
    assert details == {
        "imaging": {"none", "progression", "bone_metastasis"},
        "therapy_start": {"chemotherapy", "targeted", "immunotherapy"},
        "surgery": {""},
        "bone_agent_start": {"zoledronate", "denosumab"},
        "bone_agent_stop": {""},
        "assay_change": {"CEA", "CYFRA211"},
        "infection": {""},
        "fracture": {""},
    }


def test_half_of_the_infections_and_all_fractures_are_recorded() -> None:
    counts = {}
    for share in (0.5, 1.0):
        told = simulate(replace(Scenario(), infection_recorded_share=share), patients=3000, seed=5)
        kinds = np.asarray(told.events.kind)
        counts[share] = (int(np.sum(kinds == "infection")), int(np.sum(kinds == "fracture")))
    assert counts[0.5][0] / counts[1.0][0] == pytest.approx(0.5, abs=0.05)
    assert counts[0.5][1] == counts[1.0][1]

"""A cohort written as files reads back as the same cohort."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path

import numpy as np

from monitoring.simulator.cohort import simulate
from monitoring.simulator.csv_files import write_draws_csv, write_events_csv
from monitoring.simulator.scenario import SCENARIOS, Scenario
from monitoring.simulator.therapy import REBASE_KINDS

FIRST = datetime.fromisoformat("2020-01-01T08:00")
PANEL = ("CEA", "BCTX", "ALP", "NSE", "NLR")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def day_of(text: str) -> float:
    return (datetime.fromisoformat(text) - FIRST).total_seconds() / 86_400.0


def test_draws_come_back_value_for_value(tmp_path: Path) -> None:
    cohort = simulate(Scenario(), patients=400, seed=5, markers=PANEL)
    path = tmp_path / "draws.csv"
    count = write_draws_csv(cohort, path)
    rows = rows_of(path)
    assert len(rows) == count == np.sum(~np.isnan(cohort.values))
    values = np.full(cohort.values.shape, np.nan)
    censored = np.zeros(cohort.values.shape, dtype=np.bool_)
    for row in rows:
        patient, marker = int(row["patient_id"][1:]) - 1, PANEL.index(row["marker"])
        draw = int(np.nanargmin(np.abs(cohort.days[patient] - day_of(row["collected_at"]))))
        assert abs(cohort.days[patient, draw] - day_of(row["collected_at"])) <= 0.5 / 1440 + 1e-9
        values[marker, patient, draw] = float(row["value"].removeprefix("<"))
        censored[marker, patient, draw] = row["value"].startswith("<")
        assert row["haemolysis"] == ("yes" if cohort.haemolysed[patient, draw] else "no")
    assert np.array_equal(values, cohort.values, equal_nan=True)
    assert np.array_equal(censored, cohort.censored)
    assert np.sum(censored) > 0


def test_rows_carry_units_times_and_the_limit_as_text(tmp_path: Path) -> None:
    path = tmp_path / "draws.csv"
    write_draws_csv(simulate(Scenario(), patients=400, seed=5, markers=PANEL), path)
    rows = rows_of(path)
    assert {(row["marker"], row["unit"]) for row in rows} == {
        ("CEA", "ng/mL"),
        ("BCTX", "ng/mL"),
        ("ALP", "U/L"),
        ("NSE", "ng/mL"),
        ("NLR", "{ratio}"),
    }
    assert rows[0]["patient_id"] == "S000001"
    assert rows[0]["collected_at"] == "2020-01-01T08:00"
    assert {row["value"] for row in rows if row["value"].startswith("<")} <= {"<0.5", "<0.05"}
    keys = [(row["patient_id"], row["collected_at"], PANEL.index(row["marker"])) for row in rows]
    assert keys == sorted(keys)


def test_the_assay_changes_its_name_from_a_known_change_on(tmp_path: Path) -> None:
    path = tmp_path / "draws.csv"
    cohort = simulate(SCENARIOS["all_change_assay"], patients=50, seed=5)
    write_draws_csv(cohort, path)
    second = {(row["patient_id"], row["marker"]) for row in rows_of(path) if row["assay"] == "second"}
    assert {marker for _, marker in second} == {"CEA", "CYFRA211"}
    changes = np.any(cohort.rebase_kind[0] & (1 << REBASE_KINDS.index("assay_change")), axis=1)
    assert len({patient for patient, _ in second}) <= np.sum(changes) <= 50
    write_draws_csv(simulate(SCENARIOS["all_change_assay_unknown"], patients=50, seed=5), path)
    assert {row["assay"] for row in rows_of(path)} == {"first"}


def test_events_come_back_in_the_words_of_the_file(tmp_path: Path) -> None:
    cohort = simulate(Scenario(), patients=400, seed=5, markers=PANEL)
    path = tmp_path / "events.csv"
    assert write_events_csv(cohort, path) == len(cohort.events)
    words = {"therapy_start": "treatment_start"}
    rows = rows_of(path)
    for row, event in zip(rows, cohort.events, strict=True):
        assert (int(row["patient_id"][1:]) - 1, row["kind"], row["detail"]) == (
            event.patient,
            words.get(event.kind, event.kind),
            event.detail,
        )
        assert abs(day_of(row["at"]) - event.day) <= 0.5 / 1440 + 1e-9

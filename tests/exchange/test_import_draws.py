from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.services import create_team
from exchange.csv.own_columns import OWN
from patients.models import BatchState, ImportBatch, Patient, Result
from tests.cast import Cast, make_patient
from tests.exchange.files import HEADER, rows_of_every_table


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "results.csv"
    path.write_text(HEADER.strip() + ",ward\nP1,CEA,3.2,ng/mL,2024-03-12,4B\nP1,BILI,1,mg/dL,2024-03-12,4B\n")
    return path


def run(*arguments: str | Path) -> str:
    out = io.StringIO()
    call_command("import_draws", *map(str, arguments), stdout=out)
    return " ".join(out.getvalue().split())


def test_the_command_says_what_became_of_the_lines(file: Path, cast: Cast) -> None:
    make_patient(cast.team, number="P1")
    said = run(file)
    for words in ("results new 1", "lines rejected 1", "Columns left out: ward", "line 3: “BILI” is no marker"):
        assert words in said
    assert ImportBatch.objects.get().state == BatchState.DONE
    assert "results repeated 1" in run(file)


def test_a_dry_run_writes_nothing_at_all(file: Path, cast: Cast) -> None:
    before = rows_of_every_table()
    said = run(file, "--dry-run", "--create-patients", "--team", cast.team.name)
    assert "nothing was written" in said
    assert "patients created 1" in said
    assert rows_of_every_table() == before


def test_every_rejected_line_goes_into_a_file_that_runs_no_formula(tmp_path: Path, cast: Cast) -> None:
    file, kept = tmp_path / "results.csv", tmp_path / "rejected.csv"
    file.write_text(HEADER + "=cmd|' /C calc'!A0,CEA,3.2,ng/mL,2024-03-12\n" * 30)
    said = run(file, "--rejected", kept)
    assert "and 10 more" in said
    with kept.open(newline="", encoding="utf-8-sig") as opened:
        rows = list(csv.reader(opened))
    assert rows[0] == [*HEADER.strip().split(","), *OWN]
    assert len(rows) == 31
    assert rows[1][:2] == ["'=cmd|' /C calc'!A0", "CEA"]
    assert rows[1][5:7] == ["2", "patient_unknown"]


def test_the_only_team_there_is_takes_new_patients(file: Path, db: None) -> None:
    team = create_team(actor="test", name="Clinic")
    run(file, "--create-patients")
    assert Patient.objects.get().care_team == team


def test_without_a_team_the_command_says_how_to_name_one(file: Path, db: None) -> None:
    with pytest.raises(CommandError, match="no team yet"):
        run(file, "--create-patients")
    for name in ("North", "South"):
        create_team(actor="test", name=name)
    with pytest.raises(CommandError, match=r"--team NAME\. Teams: North, South"):
        run(file, "--create-patients")
    with pytest.raises(CommandError, match="no team 'East'"):
        run(file, "--team", "East")
    assert ImportBatch.objects.count() == 0


def test_a_laboratory_is_given_to_lines_that_name_none(file: Path, cast: Cast) -> None:
    make_patient(cast.team, number="P1")
    run(file, "--laboratory", "City")
    assert Result.objects.get().draw.laboratory == "City"


def test_a_file_that_cannot_be_taken_says_what_would_be_right(tmp_path: Path, db: None) -> None:
    file = tmp_path / "wide.csv"
    file.write_text("patient_id,CEA,ALP\nP1,3,90\n")
    with pytest.raises(CommandError, match=r"no column for marker, value, unit, collected_at.*Right would be"):
        run(file)
    with pytest.raises(CommandError, match="cannot be read"):
        run(tmp_path / "absent.csv")

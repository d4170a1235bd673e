"""`manage.py backtest` from files to files. No test here may touch a database: none asks for one."""

from __future__ import annotations

import io
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from monitoring.detection import detection_parameters
from monitoring.parameters import marker_parameters
from monitoring.trends.engine import level_history
from monitoring.trends.types import Series
from tests.monitoring.backtest.files import EVENT_HEADER, HEADER, rows_of, written
from tests.servers import PROJECT

HEAD = ["patient_id", "collected_at", "watch_index", "alert_index", "level", "markers"]
RISING = (2.0, 2.1, 1.9, 2.0, 2.2, 4.0, 7.5, 14.0)
STILL = (1.7, 1.6, 1.8, 1.7, 1.6, 1.7, 1.8, 1.7)
DAYS = tuple(range(0, 480, 60))


def run(*arguments: str | Path) -> str:
    out = io.StringIO()
    call_command("backtest", *map(str, arguments), stdout=out)
    return out.getvalue()


def lines_of(patient: str, *, days: tuple[int, ...] = DAYS) -> list[str]:
    both = (("CEA", RISING), ("CYFRA211", STILL))
    return [
        f"{patient},{marker},{value},ng/mL,{day}"
        for marker, values in both
        for day, value in zip(days, values, strict=True)
    ]


def expected(patient: str) -> list[list[str]]:
    """What the engine says of the same values, given to it by hand."""
    width = len(DAYS)
    series = [
        Series(
            patient=1,
            marker=marker,
            days=np.array(DAYS, dtype=np.float64),
            values=np.array(values),
            censoring=np.zeros(width, dtype=np.int8),
            segments=np.zeros(width, dtype=np.int64),
            exclusions=("",) * width,
            draw_ids=tuple(range(width)),
        )
        for marker, values in (("CEA", RISING), ("CYFRA211", STILL))
    ]
    (history,) = level_history(series, marker_parameters(), detection_parameters())
    return [
        [
            patient,
            str(day),
            f"{draw.watch_index:.6f}",
            "" if draw.alert_index is None else f"{draw.alert_index:.6f}",
            draw.level,
            ";".join(draw.markers),
        ]
        for day, draw in zip(DAYS, history.draws, strict=True)
    ]


def test_one_row_a_draw_with_what_the_engine_says_of_it_and_earlier_ones(tmp_path: Path) -> None:
    draws = written(tmp_path / "draws.csv", HEADER, lines_of("P1"))
    said = run("--draws", draws, "--output", tmp_path / "findings.csv")
    rows = rows_of(tmp_path / "findings.csv")
    assert rows == [HEAD, *expected("P1")]
    assert rows[-1][4:] == ["alert", "CEA"]
    assert "1 patients, 8 draws, 16 results of CEA, CYFRA211" in said
    assert "Lines rejected: 0" in said
    assert rows_of(tmp_path / "findings.csv.rejected.csv", encoding="utf-8-sig") == [
        ["file", "line", "column", "code", "found", "what_is_wrong", "what_would_be_right"]
    ]


def test_identifiers_and_times_come_back_exactly_as_they_were_typed(tmp_path: Path) -> None:
    odd = [
        '"=HYPERLINK(""x"")",CEA,3,ng/mL,2024/3/1',
        "+4912,CEA,3,ng/mL,2024-03-01T08:30:00+08:00",
        "患者,CEA,3,ng/mL,0.50",
    ]
    draws = written(tmp_path / "draws.csv", HEADER, odd)
    run("--draws", draws, "--output", tmp_path / "findings.csv")
    assert [row[:2] for row in rows_of(tmp_path / "findings.csv")[1:]] == [
        ["+4912", "2024-03-01T08:30:00+08:00"],
        ['=HYPERLINK("x")', "2024/3/1"],
        ["患者", "0.50"],
    ]


def test_a_later_draw_changes_no_earlier_row(tmp_path: Path) -> None:
    for name, lines in (("all", lines_of("P1")), ("early", [*lines_of("P1")[:5], *lines_of("P1")[8:13]])):
        run("--draws", written(tmp_path / f"{name}.csv", HEADER, lines), "--output", tmp_path / f"{name}_findings.csv")
    assert rows_of(tmp_path / "early_findings.csv") == rows_of(tmp_path / "all_findings.csv")[:6]


def cohort_lines(patients: int) -> tuple[list[str], list[str]]:
    """Half of the patients rise from day 600 on and have a positive scan; the others stay as they are."""
    of = random.Random(3)
    draws, events = [], []
    for number in range(patients):
        patient, rises = f"P{number:03d}", number % 2 == 0
        for day in range(0, 900, 60):
            grown = 1.8 ** ((day - 600) / 60) if rises and day > 600 else 1.0
            for marker, unit, level in (("CEA", "ng/mL", 2.2), ("CYFRA211", "ng/mL", 1.7), ("ALP", "U/L", 78.0)):
                value = level * (grown if marker != "ALP" else 1.0) * of.lognormvariate(0, 0.15)
                draws.append(f"{patient},{marker},{value:.3f},{unit},{day}")
        events.append(f"{patient},imaging,840,{'progression' if rises else 'none'}")
        events.append(f"{patient},treatment_start,0,chemotherapy")
    return draws, events


def test_the_order_of_the_lines_changes_not_a_byte(tmp_path: Path) -> None:
    draws, events = cohort_lines(12)
    outputs = []
    for turn in range(2):
        folder = tmp_path / str(turn)
        folder.mkdir()
        files = written(folder / "draws.csv", HEADER, draws), written(folder / "events.csv", EVENT_HEADER, events)
        run("--draws", files[0], "--events", files[1], "--output", folder / "f.csv", "--report", folder / "r.html")
        outputs.append(((folder / "f.csv").read_bytes(), (folder / "r.html").read_bytes()))
        random.Random(turn).shuffle(draws)
        random.Random(turn).shuffle(events)
    assert outputs[0] == outputs[1]


def test_wrong_lines_are_told_with_their_numbers_and_the_rest_goes_on(tmp_path: Path) -> None:
    wrong = ["P1,CEA,3,,0", "=1+1,CEA,@SUM(A1),ng/mL,0"] + [f"P{n},BILI,1,mg/dL,0" for n in range(30)]
    draws = written(tmp_path / "draws.csv", HEADER, [*wrong, *lines_of("P1")])
    events = written(tmp_path / "events.csv", EVENT_HEADER, ["P1,imaging,0,perhaps"])
    said = run("--draws", draws, "--events", events, "--output", tmp_path / "findings.csv")
    assert "Lines rejected: 33" in said
    assert "draws.csv line 2, unit: The unit of CEA is missing" in said
    assert "right: one of: ng/mL, ug/L" in said
    assert "and 13 more; all by reason: 30 marker_unknown" in said
    assert rows_of(tmp_path / "findings.csv") == [HEAD, *expected("P1")]
    kept = rows_of(tmp_path / "findings.csv.rejected.csv", encoding="utf-8-sig")
    assert len(kept) == 34
    assert kept[2][:5] == ["draws.csv", "3", "value", "value_not_a_number", "'@SUM(A1)"]
    assert kept[-1][:5] == ["events.csv", "2", "detail", "imaging_unknown", "perhaps"]


def test_strict_ends_with_1_where_a_line_was_rejected_and_writes_all_the_same(tmp_path: Path) -> None:
    draws = written(tmp_path / "draws.csv", HEADER, [*lines_of("P1"), "P1,CEA,3,,0"])
    with pytest.raises(SystemExit) as caught:
        run("--draws", draws, "--output", tmp_path / "findings.csv", "--strict")
    assert caught.value.code == 1
    assert rows_of(tmp_path / "findings.csv") == [HEAD, *expected("P1")]
    good = written(tmp_path / "good.csv", HEADER, lines_of("P1"))
    run("--draws", good, "--output", tmp_path / "findings.csv", "--strict")


def test_a_file_of_which_nothing_can_be_used_ends_in_an_error_and_leaves_no_findings(tmp_path: Path) -> None:
    draws = written(tmp_path / "draws.csv", HEADER, ["P1,CEA,3,,0"])
    with pytest.raises(CommandError, match=r"draws\.csv: nothing in it could be used"):
        run("--draws", draws, "--output", tmp_path / "findings.csv", "--report", tmp_path / "report.html")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["draws.csv", "findings.csv.rejected.csv"]


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    draws = written(tmp_path / "draws.csv", "patient_id,marker,value,collected_at", ["P1,CEA,3,0"])
    with pytest.raises(CommandError, match=r"draws\.csv has no column unit\. Its first line has: patient_id, marker"):
        run("--draws", draws, "--output", tmp_path / "findings.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["draws.csv"]


def test_the_panel_may_be_named_in_any_way_a_file_may_and_unknown_markers_are_refused(tmp_path: Path) -> None:
    draws = written(tmp_path / "draws.csv", HEADER, lines_of("P1"))
    said = run("--draws", draws, "--output", tmp_path / "findings.csv", "--panel", "癌胚抗原, alp")
    assert "8 results of CEA" in said
    assert "lines of other markers, left out: 8" in said
    with pytest.raises(CommandError, match="'BILI' is no marker of the catalogue"):
        run("--draws", draws, "--output", tmp_path / "findings.csv", "--panel", "CEA,BILI")


@pytest.mark.parametrize("name", ["draws.csv", "nowhere/findings.csv"])
def test_what_is_read_is_never_written_over_and_folders_are_not_made(tmp_path: Path, name: str) -> None:
    draws = written(tmp_path / "draws.csv", HEADER, lines_of("P1"))
    before = draws.read_bytes()
    with pytest.raises(CommandError, match=r"would be written over another file|there is no folder"):
        run("--draws", draws, "--output", tmp_path / name)
    assert draws.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["draws.csv"]


def report_of(folder: Path, *arguments: str, patients: int = 60, events: bool = True) -> str:
    draws, happened = cohort_lines(patients)
    files: list[str | Path] = ["--draws", written(folder / "draws.csv", HEADER, draws)]
    if events:
        files += ["--events", written(folder / "events.csv", EVENT_HEADER, happened)]
    run(*files, "--output", folder / "findings.csv", "--report", folder / "report.html", *arguments)
    return (folder / "report.html").read_text(encoding="utf-8")


def without_scripts(page: str) -> str:
    return re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL)


def test_the_report_stands_by_itself_and_says_what_it_rests_on(tmp_path: Path) -> None:
    page = report_of(tmp_path)
    said = without_scripts(page)
    assert page.startswith('<!doctype html>\n<html lang="en">')
    assert "default-src &#x27;none&#x27;" in said
    assert re.findall(r"""(?:src|href)=["'][^"']+""", said) == []
    assert "60 patients, 900 draws, 2,700 results of CEA, CYFRA 21-1 and ALP" in said
    assert "How many of the 30 progressions on record" in said
    assert "verification bias" in said
    assert "Decision support, not a diagnosis" in said
    assert "too few" not in said
    assert "synthetic" not in said.casefold()


def test_the_report_holds_every_figure_with_its_table_and_every_rule(tmp_path: Path) -> None:
    page = report_of(tmp_path, "--synthetic")
    found = re.search(r'<script type="application/json" id="figures">(.*?)</script>', page, flags=re.DOTALL)
    assert found is not None
    figures = json.loads(found[1])
    assert sorted(figures) == ["curve", "intervals", "lead", "scopes"]
    for name in figures:
        assert f'id="figure-{name}"' in page
    said = without_scripts(page)
    assert "Synthetic cohort: no clinical evidence" in said
    for heading in ("Progressions found against false alerts", "At the same price", "How early", "Marker by marker"):
        assert f"<h2>{heading}" in said
    for rule in ("EGTM", "GCIG", "PEB", "CUSUM", "Mann-Kendall", "Personal reference interval"):
        assert rule in said
    names = {trace["name"] for trace in figures["curve"]["data"] if "name" in trace}
    assert {"Leadtime", "ALERT as shipped", "WATCH as shipped"} <= names


def test_below_ten_progressions_counts_stand_instead_of_shares(tmp_path: Path) -> None:
    said = without_scripts(report_of(tmp_path, patients=12))
    assert "Sensitivity or lead time: too few. 6 progressions could be found" in said
    assert re.search(r"<strong>\d of 6</strong>too few for a share", said)
    assert "At the same price" not in said
    assert not re.search(r"\d %", said.replace("95 %", "").replace("30 %", ""))


def test_without_imaging_only_alerts_are_counted_and_nothing_is_called_false(tmp_path: Path) -> None:
    said = without_scripts(report_of(tmp_path, events=False))
    assert "there is no imaging on record" in said
    assert "<h2>Alerts</h2>" in said
    assert "False alert" not in said
    assert "Found" not in said


def test_names_of_files_are_text_on_the_page_and_nothing_else(tmp_path: Path) -> None:
    draws, _ = cohort_lines(2)
    path = written(tmp_path / "<b>draws&.csv", HEADER, draws)
    run("--draws", path, "--output", tmp_path / "f.csv", "--report", tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;draws&amp;.csv" in page
    assert "<b>draws" not in page


def test_a_published_series_of_real_patients_is_read_to_the_last_line(tmp_path: Path, shared_data: Path) -> None:
    published = rows_of(shared_data / "01_longitudinal" / "pbcseq_long.csv")
    place = {name: at for at, name in enumerate(published[0])}
    columns = [place[name] for name in ("patient_id", "loinc", "value", "unit", "day")]
    lines = [",".join(row[at] for at in columns) for row in published[1:]]
    draws = written(tmp_path / "draws.csv", HEADER, lines)
    said = run("--draws", draws, "--output", tmp_path / "findings.csv")
    assert "156 patients, 935 draws, 2742 results of ALP, ALB, PLT" in " ".join(said.split())
    assert "Lines rejected: 3345" in said
    rows = rows_of(tmp_path / "findings.csv")[1:]
    assert len(rows) == 935
    taken = [row for row in published[1:] if row[place["analyte"]] in {"ALB", "ALP", "PLT"}]
    assert {tuple(row[:2]) for row in rows} == {(row[place["patient_id"]], row[place["day"]]) for row in taken}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_broken_off_leaves_no_half_file_and_keeps_what_was_there(
    tmp_path: Path, number: signal.Signals
) -> None:
    draws, _ = cohort_lines(1500)
    output = written(tmp_path / "findings.csv", "of an earlier run", [])
    command = [
        *(sys.executable, "manage.py", "backtest", "--draws", written(tmp_path / "draws.csv", HEADER, draws)),
        *("--output", output, "--report", tmp_path / "report.html"),
    ]
    # An address where nothing answers: a back-test that asked for the database would fail by itself.
    environment = os.environ | {"DATABASE_URL": "postgres://nobody@127.0.0.1:9/none"}
    said = tmp_path.parent / f"{tmp_path.name}-stderr"
    # A suite started in the background hands down that SIGINT is ignored; whoever presses Ctrl-C did not.
    kept = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        with said.open("w") as errors:
            process = subprocess.Popen([str(part) for part in command], cwd=PROJECT, env=environment, stderr=errors)
    finally:
        signal.signal(signal.SIGINT, kept)
    try:
        deadline = time.monotonic() + 60
        # Not the file of the rejected lines, which is whole before the findings are begun.
        while not any(path.stat().st_size for path in tmp_path.glob(".findings.csv.????????.part")):
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < deadline, "the run never began to write"
            time.sleep(0.01)
        process.send_signal(number)
        assert process.wait(timeout=60) != 0
    finally:
        process.kill()
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"draws.csv", "findings.csv", "findings.csv.rejected.csv"}
    assert output.read_text() == "of an earlier run\n"

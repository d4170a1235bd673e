"""NLR, SII and corrected calcium: what breaks their series is what changes for one of their inputs."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from monitoring.backtest.series import series_of
from monitoring.evaluation import build_series, segments_of
from monitoring.events import changes_of
from monitoring.rules import event_rules
from monitoring.trends.types import Series
from patients.selectors import SeriesPoint
from tests.monitoring.backtest.files import EVENT_HEADER, HEADER, read, read_events, written

SD = 0.2  # of a ratio, by the shipped rules
COLUMNS = f"{HEADER},laboratory,assay"
Named = tuple[str, str]  # of neutrophils and of lymphocytes
# What is named draw by draw, and the draws on which the series of the ratio breaks.
NAMED: list[tuple[list[Named], list[int]]] = [
    ([("A", "B"), ("A", ""), ("A", "B")], []),
    ([("A", "B"), ("", ""), ("", "B"), ("A", "B")], []),
    ([("", "B"), ("A", "B"), ("A", "")], []),
    ([("A", ""), ("", "B"), ("A", "B")], []),
    ([("A", "B"), ("A", "C")], [1]),
    ([("A", "B"), ("", "B"), ("C", "B")], [2]),
    ([("A", "B"), ("C", ""), ("C", "B")], [1]),
    ([("A", "B"), ("C", ""), ("C", "D")], [1, 2]),
    ([("A", "B"), ("a", " b")], []),
    ([("A, module 2", "B"), ("", "B"), ("A, module 2", "")], []),
    ([("A, module 2", "B"), ("A, module 3", "B")], [1]),
]


def ratio_of(tmp_path: Path, lines: list[str], events: tuple[str, ...] = ()) -> Series:
    assembled, rejected = read(written(tmp_path / "draws.csv", COLUMNS, lines), panel=("NLR",))
    file, wrong = read_events(written(tmp_path / "events.csv", EVENT_HEADER, events), assembled)
    assert (rejected, wrong) == ([], [])
    (series,) = series_of(assembled.cohort, file.histories, event_rules(), first=0, last=1)
    return series


def counts(day: int, neut: str, lymph: str) -> list[str]:
    """`neut`, `lymph`: laboratory and assay, with the comma between them."""
    return [f"P1,NEUT,6,10*9/L,{day},{neut}", f"P1,LYMPH,1.5,10*9/L,{day},{lymph}"]


def breaks_of(series: Series, code: str = "assay_change") -> list[int]:
    assert set(series.rebase_codes) <= {"", code}
    assert series.segments.tolist() == [
        sum(bool(one) for one in series.rebase_codes[: at + 1]) for at in range(len(series.rebase_codes))
    ]
    return [at for at, one in enumerate(series.rebase_codes) if one]


@pytest.mark.parametrize(("named", "breaks"), NAMED)
def test_an_input_whose_assay_is_not_named_goes_with_what_was_named_last(
    tmp_path: Path, named: list[Named], breaks: list[int]
) -> None:
    lines = [
        line for at, (neut, lymph) in enumerate(named) for line in counts(30 * at, f'City,"{neut}"', f'City,"{lymph}"')
    ]
    assert breaks_of(ratio_of(tmp_path, lines)) == breaks


@pytest.mark.parametrize(("named", "breaks"), NAMED)
def test_so_it_does_on_record(named: list[Named], breaks: list[int]) -> None:
    series = build_series(1, "NLR", points := on_record(named))
    assert breaks_of(series) == breaks
    assert segments_of(points) == series.segments.tolist()


def on_record(named: list[Named]) -> list[SeriesPoint]:
    """As `series_points` makes them of the inputs of each draw."""
    return [
        SeriesPoint(
            patient_id=1,
            marker="NLR",
            draw_id=at,
            collected_at=dt.datetime(2025, 1, 6, 8, tzinfo=dt.UTC) + dt.timedelta(days=30 * at),
            time_known=True,
            laboratory="City",
            assay=", ".join(f"{code} {name}" for code, name in zip(("NEUT", "LYMPH"), both, strict=True) if name),
            fasting="unknown",
            haemolysis="unknown",
            comparator="",
            value="4",
            unit="{ratio}",
            canonical=Decimal(4),
            factor=Decimal(1),
            reference_low="",
            reference_high="",
            version=1,
            result_ids=(2 * at, 2 * at + 1),
        )
        for at, both in enumerate(named)
    ]


@pytest.mark.parametrize(
    ("named", "breaks"),
    [
        ([("North", "South"), ("North", ""), ("North", "South")], []),
        ([("North", "South"), ("East", "South")], [1]),
        ([("North", "North"), ("", ""), ("North", "")], []),
    ],
)
def test_the_laboratory_of_an_input_is_read_as_its_assay_is(
    tmp_path: Path, named: list[Named], breaks: list[int]
) -> None:
    lines = [line for at, (neut, lymph) in enumerate(named) for line in counts(30 * at, f"{neut},", f"{lymph},")]
    assert breaks_of(ratio_of(tmp_path, lines), "laboratory_change") == breaks


@pytest.mark.parametrize(("assay", "breaks"), [("A", []), ("B", [1])])
def test_a_ratio_that_the_file_gives_was_measured_whole_with_the_assay_it_names(
    tmp_path: Path, assay: str, breaks: list[int]
) -> None:
    lines = [*counts(0, "City,A", "City,A"), f"P1,NLR,4,{{ratio}},30,City,{assay}"]
    assert breaks_of(ratio_of(tmp_path, lines)) == breaks


def test_an_input_keeps_what_was_named_of_it_when_another_changes() -> None:
    names = [("NEUT North, LYMPH South", "NEUT A"), ("NEUT North", "NEUT B"), ("NEUT North, LYMPH East", "NEUT B")]
    assert changes_of(names, ("NEUT", "LYMPH")) == ((0, ""), (1, "assay_change"), (2, "laboratory_change"))


def test_another_laboratory_that_names_no_assay_leaves_nothing_to_compare_with() -> None:
    names = [("North", "NEUT A, LYMPH B"), ("South", "NEUT A"), ("South", "NEUT A, LYMPH C"), ("South", "LYMPH D")]
    assert changes_of(names, ("NEUT", "LYMPH")) == (
        (0, ""),
        (1, "laboratory_change"),
        (1, ""),
        (2, "assay_change"),
    )


@pytest.mark.parametrize(
    ("marker", "breaks"), [("NEUT", [1]), ("LYMPH", [1]), ("NLR", [1]), ("PLT", []), ("CEA", []), ("", [1])]
)
def test_a_change_of_the_assay_of_an_input_reaches_what_is_computed_from_it(
    tmp_path: Path, marker: str, breaks: list[int]
) -> None:
    lines = [line for day in (0, 30, 60) for line in counts(day, ",", ",")]
    series = ratio_of(tmp_path, lines, (f"P1,assay_change,20,{marker}",))
    assert [at for at, code in enumerate(series.rebase_codes) if code == "assay_change"] == breaks
    assert series.rebase_sd.tolist() == [SD if at in breaks else 0.0 for at in range(3)]

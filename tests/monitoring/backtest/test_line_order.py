"""The order of the lines of a file changes nothing that is found, whatever else is wrong with them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from monitoring.backtest.session import Order, run
from tests.monitoring.backtest.files import EVENT_HEADER, HEADER, written

UNITS = {"CEA": ("ng/mL", 3.0), "CYFRA211": ("ng/mL", 2.0), "NEUT": ("10*9/L", 4.0), "LYMPH": ("10*9/L", 1.5)}
TIMES = ("2024-{:02}-01", "2024-{:02}-01 00:00", "2024-{:02}-01T00:00:00+08:00")
NAMES = ("", "City", "city", "Town")


class _Unwatched:
    def begin(self, name: str, total: int) -> None:
        pass

    def done(self, so_far: int) -> None:
        pass


def some_lines(of: random.Random) -> list[str]:
    """Draws of which every fourth line is told again: the same value, or another, under some other name and time."""
    lines = []
    for patient in ("P10", "P9", "a"):
        for month in range(1, 13):
            for marker, (unit, level) in UNITS.items():
                value = round(level * of.lognormvariate(0, 0.2) * (1.5 ** max(0, month - 6)), 2)
                told = [value] if of.random() < 0.75 else [value, of.choice([value, value, value + 1])]
                lines += [
                    f"{patient},{marker},{one:.2f},{unit},{of.choice(TIMES).format(month)},"
                    f"{of.choice(NAMES)},{of.choice(NAMES)},{of.choice(['', 'yes', 'no'])}"
                    for one in told
                ]
    return lines


@pytest.mark.parametrize("seed", range(6))
def test_shuffled_lines_give_the_same_findings_to_the_byte(tmp_path: Path, seed: int) -> None:
    of = random.Random(seed)
    draws = some_lines(of)
    events = [f"P9,treatment_start,2024-{month:02}-03,chemotherapy" for month in range(3, 9)]
    found = []
    for turn in range(4):
        order = Order(
            draws=written(tmp_path / "draws.csv", f"{HEADER},laboratory,assay,haemolysis", draws),
            events=written(tmp_path / "events.csv", EVENT_HEADER, events),
            output=tmp_path / f"findings{turn}.csv",
        )
        summary = run(order, _Unwatched())
        found.append((order.output.read_bytes(), summary.rejections.by_code, summary.notes))
        of.shuffle(draws)
        of.shuffle(events)
    assert found[0][1]["value_differs"] >= 2
    assert found.count(found[0]) == 4

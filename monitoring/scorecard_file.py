"""The figures of the scorecard as CSV: one line a version and figure. Numbers over many, and no patient."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator
from io import StringIO
from typing import Final

from monitoring.scorecard import WITHIN_HOURS, Card, Rate, Share
from monitoring.scorecard_page import Read, promise
from monitoring.uncertainty import Interval
from patients.spreadsheet_cells import safe

COLUMNS: Final = (
    *("period", "from", "to", "team", "version", "figure", "count", "of", "value", "low_95", "high_95", "unit"),
    *("too_few", "synthetic"),
)
ALL_VERSIONS: Final = "all"
MARK: Final = "\ufeff"  # so that a spreadsheet reads the file as UTF-8
Line = tuple[str, object, object, float | None, Interval | None, str, bool]


def scorecard_csv(read: Read) -> Iterator[str]:
    """Codes and English columns, so that two files compare whatever the language of who made them."""
    yield MARK + _written(COLUMNS)
    about = (
        read.choice.period,
        read.since.isoformat() if read.since else "",
        read.until.isoformat(),
        read.choice.team.name if read.choice.team else ALL_VERSIONS,
    )
    synthetic = "yes" if read.material.synthetic else "no"
    for card in read.cards:
        for figure, count, of, value, interval, unit, few in _lines(card):
            numbers = (value, interval.low if interval else None, interval.high if interval else None)
            yield _written(
                [
                    *(*about, card.version or ALL_VERSIONS, figure, str(count), str(of)),
                    *(*map(_number, numbers), unit, "yes" if few else "no", synthetic),
                ]
            )
    made = promise()
    shown = [*about, "", "promised_false_alerts", "", "", _number(made.rate), "", "", "per_100_patient_years", "no"]
    yield _written([*shown, "yes" if made.synthetic else "no"])


COUNTS: Final = (
    *("alerts", "on_record_before", "withdrawn", "standing", "closed", "closed_without_imaging"),
    "leads_left_out",
)


def _lines(card: Card) -> Iterator[Line]:
    for name in COUNTS:
        yield name, getattr(card, name), "", None, None, "alerts", False
    yield _rate("alert_rate", card.rate)
    yield _rate("closed_without_progression_rate", card.false_rate)
    yield _share("confirmed_on_repeat", card.confirmed)
    yield "repeats_waiting", card.repeats_waiting, "", None, None, "alerts", False
    yield _share("bone_metastasis_on_imaging", card.bone)
    yield _share("progression_on_imaging", card.progression)
    yield from _leads(card)
    answers = card.answers
    few = answers.too_few
    count, of = answers.answered, answers.alerts
    yield "hours_to_answer_median", count, of, answers.median_hours, answers.interval, "hours", few
    for hours in WITHIN_HOURS:
        found = answers.within(hours)
        share, interval = found or (None, None)
        yield f"answered_within_{hours}_hours", count, of, share, interval, "share", few
    yield "silent_patients", card.silent, card.patients, None, None, "patients", False


def _leads(card: Card) -> Iterator[Line]:
    count = len(card.leads.alerts)
    low, middle, high = card.leads.quartiles or (None, None, None)
    few = card.leads.too_few
    yield "lead_time_median", count, "", middle, card.leads.interval, "days", few
    yield "lead_time_first_quartile", count, "", low, None, "days", few
    yield "lead_time_third_quartile", count, "", high, None, "days", few


def _rate(name: str, rate: Rate) -> Line:
    of = f"{rate.years:.3f}"
    return name, rate.count, of, rate.value, rate.interval, "per_100_patient_years", rate.too_few


def _share(name: str, share: Share) -> Line:
    return name, share.count, share.of, share.value, share.interval, "share", share.too_few


def _number(number: float | None) -> str:
    """Empty of what is too few, and of an end that nothing bounds."""
    return "" if number is None or math.isinf(number) or math.isnan(number) else f"{number:.4f}"


def _written(cells: Iterable[str]) -> str:
    line = StringIO()
    csv.writer(line).writerow([safe(cell) for cell in cells])
    return line.getvalue()

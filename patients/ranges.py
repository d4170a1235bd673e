"""Which reference range stands behind one value, and what it is called.

There are three, and the first that is known holds: the limits reported with the value itself; those of the laboratory's
own table on the day of the draw, for its method, sex and age; the catalogue's. Every page that shows or flags a value
asks here.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Context, Decimal
from functools import lru_cache
from typing import Final, Literal

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from patients.catalogue import MarkerDefinition, ReferenceInterval
from patients.laboratory_profile import key_of
from patients.models import IntervalSex, LaboratoryInterval, Patient
from patients.reference import age_fits, asks_for, reference_for, reported_limits, same_place
from patients.units import UnitProblem, canonicalise
from patients.wording import chinese, interval_text, number_text, unit_text

Origin = Literal["reported", "laboratory", "catalogue"]
# A limit that was converted has as many digits as say something: 0.58 µkat/L is 34.8 U/L, not 34.7999.
_CONVERTED: Final = Context(prec=4)


@dataclass(frozen=True, slots=True)
class Range:
    """Limits in the marker's canonical unit; None is no limit on that side.

    `population` is whom it holds for, '' for everybody or where nobody said; `laboratory` and `valid_from` are of the
    laboratory's own table.
    """

    low: Decimal | None
    high: Decimal | None
    population: str = ""
    origin: Origin = "reported"
    laboratory: str = ""
    valid_from: dt.date | None = None
    converted: bool = False

    @property
    def reported(self) -> bool:
        return self.origin == "reported"

    @property
    def text(self) -> str:
        """The limits in the canonical unit, without it."""
        return interval_text(self.low, self.high, printed=self._printed)

    @property
    def label(self) -> str:
        """Whose limits these are: every page says so beside them."""
        if self.origin == "reported":
            return gettext("reported with the value")
        if self.valid_from is None:
            return gettext("catalogue, %(population)s") % {"population": self.population}
        named = gettext("laboratory %(name)s, from %(date)s") % {
            "name": self.laboratory,
            "date": date_format(self.valid_from, "SHORT_DATE_FORMAT"),
        }
        if not self.population:
            return named
        return gettext("%(range)s, %(population)s") % {"range": named, "population": self.population}

    def _printed(self, number: Decimal | float) -> str:
        exact = Decimal(str(number))
        return number_text(_CONVERTED.plus(exact) if self.converted else exact)


class Intervals:
    """The lines of the tables of any number of laboratories, read once."""

    def __init__(self, lines: Iterable[LaboratoryInterval] = ()) -> None:
        self._lines: dict[tuple[str, str], list[LaboratoryInterval]] = defaultdict(list)
        for line in lines:
            self._lines[line.laboratory.key, line.marker_id].append(line)

    def of(self, laboratory: str, marker: str) -> list[LaboratoryInterval]:
        return self._lines.get((_key(laboratory), marker), []) if self._lines else []


NO_INTERVALS: Final = Intervals()


def intervals_of(laboratories: Iterable[str]) -> Intervals:
    """The tables of the laboratories of these names, however they are spelt: one query for any number.

    A laboratory that is out of use keeps its table: what it measured was measured against it.
    """
    keys = {_key(name) for name in laboratories} - {""}
    if not keys:
        return NO_INTERVALS
    lines = LaboratoryInterval.objects.filter(laboratory__key__in=keys, withdrawn_at__isnull=True)
    return Intervals(lines.select_related("laboratory").order_by("valid_from", "pk"))


def range_at(
    *,
    marker: MarkerDefinition,
    patient: Patient,
    collected_at: dt.datetime,
    laboratory: str,
    assay: str,
    intervals: Intervals,
    reported: tuple[str, str] = ("", ""),
    factor: Decimal | None = None,
) -> Range | None:
    """The range to show and to flag against; None where none is known, and then nothing is flagged.

    `reported` are the limits that came with the value, in the unit that `factor` leads from.
    """
    if factor is not None:
        low, high = reported_limits(*reported, factor=factor)
        if low is not None or high is not None:
            return Range(low, high, converted=factor != 1)
    on = timezone.localtime(collected_at).date()
    age = patient.age_on(on)
    lines = intervals.of(laboratory, marker.code)
    line = in_force(lines, assay=assay, sex=patient.sex, age=age, on=on) if lines else None
    own = None if line is None else _own(line, marker)
    return own or _catalogues(marker, patient=patient, age=age)


def in_force(
    lines: Iterable[LaboratoryInterval], *, assay: str, sex: str, age: int | None, on: dt.date
) -> LaboratoryInterval | None:
    """The line of one laboratory and marker that held on a day and fits best; None if none does.

    One of the very assay goes before one of every assay; then the one that asks for most (sex, age), as in the
    catalogue; of equals the newest.
    """
    fitting = [
        line
        for line in _newest_of_each_key(lines, on=on)
        if (line.valid_to is None or on <= line.valid_to)
        and line.assay_key in ("", key_of(assay))
        and line.sex in ("", sex)
        and age_fits(line.age_from, line.age_to, age)
    ]
    return max(fitting, key=lambda line: (line.assay_key != "", asks_for(line), line.valid_from, line.pk), default=None)


def people_text(sex: str, age_from: int | None, age_to: int | None) -> str:
    """`women, 18–49 years`, `from the age of 50`; '' for everybody."""
    parts = [str(IntervalSex(sex).label)] if sex else []
    if age_from is not None and age_to is not None:
        parts.append(gettext("%(first)s–%(last)s years") % {"first": age_from, "last": age_to})
    elif age_from is not None:
        parts.append(gettext("from the age of %(first)s") % {"first": age_from})
    elif age_to is not None:
        parts.append(gettext("up to the age of %(last)s") % {"last": age_to})
    return gettext(", ").join(parts)


def printed_limits(line: LaboratoryInterval) -> str:
    """As on the laboratory's paper, in its unit: `0.50–1.20 µkat/L`, `<0.41 µg/L`."""
    low, high = line.low, line.high
    if low and high:
        limits = f"{low}–{high}"
    elif high:
        limits = high if high[0] in "<≤" else f"≤ {high}"
    else:
        limits = low if low[0] in ">≥" else f"≥ {low}"
    return f"{limits} {unit_text(line.unit)}".strip()


def line_text(line: LaboratoryInterval) -> str:
    """`women, 18–49 years: 0.50–1.20 µkat/L, from 2024-01-01`, to name one line of a table."""
    people = people_text(line.sex, line.age_from, line.age_to) or gettext("everybody")
    return gettext("%(people)s: %(limits)s, from %(date)s") % {
        "people": gettext(", ").join(part for part in (people, line.assay) if part),
        "limits": printed_limits(line),
        "date": date_format(line.valid_from, "SHORT_DATE_FORMAT"),
    }


def _newest_of_each_key(lines: Iterable[LaboratoryInterval], *, on: dt.date) -> Iterable[LaboratoryInterval]:
    """A newer line ends the older one, also once it has itself come to its end."""
    newest: dict[object, LaboratoryInterval] = {}
    for line in lines:
        if line.valid_from > on:
            continue
        stands = newest.get(same_place(line))
        if stands is None or stands.valid_from < line.valid_from:
            newest[same_place(line)] = line
    return newest.values()


def _own(line: LaboratoryInterval, marker: MarkerDefinition) -> Range | None:
    people = people_text(line.sex, line.age_from, line.age_to)
    return _in_canonical_unit(
        Range(
            line.low_value,
            line.high_value,
            gettext(", ").join(part for part in (people, line.assay) if part),
            "laboratory",
            line.laboratory.name,
            line.valid_from,
        ),
        marker,
        line.unit,
    )


def _catalogues(marker: MarkerDefinition, *, patient: Patient, age: int | None) -> Range | None:
    interval = reference_for(
        marker, sex=patient.sex, age=age, menopause=patient.menopausal_status, smoking=patient.smoking
    )
    return None if interval is None else catalogue_range(interval, marker)


def catalogue_range(interval: ReferenceInterval, marker: MarkerDefinition) -> Range | None:
    population = interval.population_zh if chinese() else interval.population_en
    return _in_canonical_unit(Range(interval.low, interval.high, population, "catalogue"), marker, interval.unit)


def _in_canonical_unit(within: Range, marker: MarkerDefinition, unit: str) -> Range | None:
    try:
        factor = canonicalise(marker, Decimal(1), unit).factor
    except UnitProblem:
        return None
    if factor == 1:
        return within
    low, high = (None if limit is None else limit * factor for limit in (within.low, within.high))
    return replace(within, low=low, high=high, converted=True)


@lru_cache(maxsize=512)
def _key(name: str) -> str:
    """Of a handful of names, asked for at every point of a chart."""
    return key_of(name)

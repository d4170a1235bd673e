"""What one cell says: a value and its canonical form, or why there is none. One rule for page and file. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from patients.absent import Absent, read_absent
from patients.catalogue import MarkerDefinition
from patients.plausibility import Concern, check_change, check_value
from patients.units import Canonical, canonicalise
from patients.values import MAX_LENGTH, ReportedValue, ValueProblem, parse_value


@dataclass(frozen=True, slots=True)
class Previous:
    """The patient's last value of this marker: canonical value and days from it to this draw."""

    canonical: Decimal
    days_since: float


@dataclass(frozen=True, slots=True)
class Reading:
    """A readable cell. `concerns` are to be confirmed or announced; an impossible value never gets this far."""

    marker: str
    reported: ReportedValue
    unit: str
    canonical: Canonical
    concerns: tuple[Concern, ...]


@dataclass(frozen=True, slots=True)
class AbsentReading:
    """A cell that says why there is no value. It is kept as typed and is no number to anybody."""

    marker: str
    as_typed: str
    absent: Absent
    unit: str


class ImpossibleValue(ValueError):
    """The value lies outside what can be; `code` and `params` name the limit, its source and its grade."""

    def __init__(self, concern: Concern) -> None:
        self.code = concern.code
        self.params = concern.params
        super().__init__(f"{concern.code}: {concern.params}")


def read_cell(
    *,
    marker: MarkerDefinition,
    text: str,
    unit: str,
    previous: Previous | None = None,
    decimal_comma: bool = False,
) -> Reading | AbsentReading:
    """Read a value, or the word that stands for one. Beside such a word a unit may be missing, never wrong.

    Raises
    ------
    ValueProblem, UnitProblem, ImpossibleValue
        each with a stable `code` and `params`.
    """
    absent = read_absent(text)
    if absent is None:
        return read_result(marker=marker, text=text, unit=unit, previous=previous, decimal_comma=decimal_comma)
    if len(text.strip()) > MAX_LENGTH:
        raise ValueProblem("value_too_long", {"value": f"{text.strip()[:MAX_LENGTH]}…", "limit": str(MAX_LENGTH)})
    if unit.strip():
        canonicalise(marker, Decimal(1), unit)
    return AbsentReading(marker.code, text.strip(), absent, unit.strip())


def read_result(
    *,
    marker: MarkerDefinition,
    text: str,
    unit: str,
    previous: Previous | None = None,
    decimal_comma: bool = False,
) -> Reading:
    """Read one value.

    Raises
    ------
    ValueProblem, UnitProblem, ImpossibleValue
        each with a stable `code` and `params`.
    """
    reported = parse_value(text, decimal_comma=decimal_comma)
    canonical = canonicalise(marker, reported.number, unit)
    concerns = [*check_value(marker, canonical.value, reported.comparator)]
    for concern in concerns:
        if concern.severity == "refuse":
            raise ImpossibleValue(concern)
    if previous is not None:
        concerns.extend(check_change(marker, canonical.value, previous.canonical, previous.days_since))
    return Reading(marker.code, reported, unit.strip(), canonical, tuple(concerns))

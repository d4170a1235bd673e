"""What one cell says: text and unit in, reported and canonical value out. One rule for page and file. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from patients.catalogue import MarkerDefinition
from patients.plausibility import Concern, check_change, check_value
from patients.units import Canonical, canonicalise
from patients.values import ReportedValue, parse_value


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


class ImpossibleValue(ValueError):
    """The value lies outside what can be; `code` and `params` name the limit."""

    def __init__(self, concern: Concern) -> None:
        self.code = concern.code
        self.params = concern.params
        super().__init__(f"{concern.code}: {concern.params}")


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

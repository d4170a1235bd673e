"""What must hold inside one marker's definition, beyond the types of its keys."""

from __future__ import annotations

import re
from decimal import Decimal

from patients.catalogue.definitions import Figure, MarkerDefinition, ReferenceInterval
from patients.catalogue.tables import Table

_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def loinc_check_digit_holds(code: str) -> bool:
    """Whether the digit after the hyphen is the mod-10 check digit of those before it."""
    match = re.fullmatch(r"([0-9]{1,7})-([0-9])", code)
    if match is None:
        return False
    total = 0
    for place, digit in enumerate(reversed(match[1])):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled // 10 + doubled % 10
    return (10 - total % 10) % 10 == int(match[2])


def check_marker(table: Table, marker: MarkerDefinition) -> None:
    """Raise the first thing that is wrong with `marker`, at its key."""
    _check_codes(table, marker)
    _check_units(table, marker)
    _check_variation(table, marker)
    _check_limits(table, marker)
    _check_intervals(table, marker)
    _check_languages(table, marker)


def _check_codes(table: Table, marker: MarkerDefinition) -> None:
    for loinc in marker.loinc:
        if not loinc_check_digit_holds(loinc.code):
            raise table.error("loinc", f"{loinc.code} fails the LOINC check digit")
    for alias in marker.aliases:
        if not re.search(r"[^\W\d_]", alias):
            raise table.error("aliases", f"{alias!r} has no letter; digits alone may be a code of another system")
    keys = [confounder.key for confounder in marker.confounders]
    if len(set(keys)) != len(keys):
        raise table.error("confounders", "two have the same key")


def _check_units(table: Table, marker: MarkerDefinition) -> None:
    units = [*marker.accepted_units, *(refused.unit for refused in marker.refused_units)]
    for unit in units:
        if units.count(unit) > 1:
            raise table.error("conversions", f"{unit} is there twice")
    for conversion in marker.conversions:
        if conversion.factor <= 0:
            raise table.error("conversions", f"the factor of {conversion.unit} must be above 0")


def _check_variation(table: Table, marker: MarkerDefinition) -> None:
    figures = {
        "cvi": marker.cvi,
        "cvg": marker.cvg,
        "cva": marker.cva,
        "cv_patients": marker.cv_patients,
        "set_point_median": marker.set_point_median,
        "set_point_log_sd": marker.set_point_log_sd,
        "half_life_days": marker.half_life_days,
        "decision_limit": marker.decision_limit,
    }
    for key, figure in figures.items():
        if figure is not None and figure.value <= 0:
            raise table.error(key, "must be above 0")
    if (marker.set_point_median is None) != (marker.set_point_log_sd is None):
        raise table.error("set_point_log_sd", "median and log-SD go together")


def _check_limits(table: Table, marker: MarkerDefinition) -> None:
    low, high = marker.plausible_low, marker.plausible_high
    if low < 0 or low >= high:
        raise table.error("plausible_low", "must be 0 or more and below plausible_high")
    for low_key, low_figure, high_key, high_figure in (
        ("warn_low", marker.warn_low, "warn_high", marker.warn_high),
        ("urgent_low", marker.urgent_low, "urgent_high", marker.urgent_high),
    ):
        for key, figure in ((low_key, low_figure), (high_key, high_figure)):
            if figure is not None and not low <= figure.value <= high:
                raise table.error(key, "lies outside the plausible limits")
        if _crossed(low_figure, high_figure):
            raise table.error(low_key, f"must be below {high_key}")


def _crossed(low: Figure | None, high: Figure | None) -> bool:
    return low is not None and high is not None and low.value >= high.value


def _check_intervals(table: Table, marker: MarkerDefinition) -> None:
    if not any(_unstratified(interval) for interval in marker.reference_intervals):
        raise table.error("reference_intervals", "one must hold for everybody, for patients of whom nothing is known")
    for number, interval in enumerate(marker.reference_intervals):
        key = f"reference_intervals[{number}]"
        if interval.unit != marker.unit:
            # Limits are compared with canonical values, so they are kept in the canonical unit.
            raise table.error(f"{key}.unit", f"must be {marker.unit}")
        if interval.low is None and interval.high is None:
            raise table.error(f"{key}.high", "an interval needs a limit")
        if interval.low is not None and interval.high is not None and interval.low >= interval.high:
            raise table.error(f"{key}.low", "must be below high")
        if interval.low is not None and interval.low < Decimal(0):
            raise table.error(f"{key}.low", "must be 0 or more")
        _check_population(table, key, interval)


def _check_population(table: Table, key: str, interval: ReferenceInterval) -> None:
    if interval.age_from is not None and interval.age_to is not None and interval.age_from > interval.age_to:
        raise table.error(f"{key}.age_from", "must not be above age_to")
    if interval.menopause is not None and interval.sex != "female":
        raise table.error(f"{key}.sex", "an interval by menopause is one of women")


def _unstratified(interval: ReferenceInterval) -> bool:
    attributes = (interval.sex, interval.age_from, interval.age_to, interval.menopause, interval.smoking)
    return all(attribute is None for attribute in attributes)


def _check_languages(table: Table, marker: MarkerDefinition) -> None:
    texts = {
        "name_zh": marker.name_zh,
        "note_zh": marker.note_zh,
        "variation_note_zh": marker.variation_note_zh,
        **{f"confounders.{c.key}.text_zh": c.text_zh for c in marker.confounders},
        **{
            f"reference_intervals[{n}].population_zh": i.population_zh for n, i in enumerate(marker.reference_intervals)
        },
        **{f"refused_units.{refused.unit}.reason_zh": refused.reason_zh for refused in marker.refused_units},
    }
    for key, text in texts.items():
        if not _CHINESE.search(text):
            raise table.error(key, "must be Chinese")

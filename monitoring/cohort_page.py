"""The cohort page: what was chosen, the courses of its groups, the same numbers as a table, and what is left out."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Any, Final

from django.utils.translation import gettext, ngettext

from accounts.models import User
from monitoring.cohort import FEWEST, Cohort, Figure, GroupCourse, Window, aggregate
from monitoring.cohort_chart import cohort_chart
from monitoring.cohort_choice import Choice, Field, Ignored, align_label, fields, scale_label
from monitoring.cohort_material import Material, load_cohort
from monitoring.cohort_words import count_text, figure_text, name_of, patients_text, unit_of, weeks_text
from patients.spreadsheet_cells import safe
from patients.wording import marker_name

COLUMNS: Final = (
    *("marker", "unit", "values", "aligned_on", "grouped_by", "group", "after_week", "up_to_week"),
    *("patients", "median", "percentile_10", "percentile_90", "synthetic"),
)
MARK: Final = "\ufeff"  # so that a spreadsheet reads the file as UTF-8


@dataclass(frozen=True, slots=True)
class Line:
    """One window of one group, as it is read."""

    weeks: str
    patients: str
    median: str
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class GroupTable:
    name: str
    patients: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortPage:
    choice: Choice
    ignored: tuple[Ignored, ...]
    fields: tuple[Field, ...]
    heading: str
    visible: int
    aligned: int
    patients: int
    synthetic: bool
    day: str
    usual: str
    marker: str
    summary: tuple[str, ...]
    left_out: tuple[str, ...]
    too_few: tuple[str, ...]
    fewest: int
    chart: dict[str, Any] | None
    tables: tuple[GroupTable, ...]


def cohort_page(user: User, choice: Choice, ignored: Iterable[Ignored] = (), *, usual: bool = False) -> CohortPage:
    """`usual`: the day was not asked for, so the page says why it is this one."""
    material, cohort = read_cohort(user, choice)
    drawn = [course for course in cohort.groups if not course.too_few]
    return CohortPage(
        choice=choice,
        ignored=tuple(ignored),
        fields=tuple(fields(choice)),
        heading=_heading(choice),
        visible=material.visible,
        aligned=len(material.groups),
        patients=cohort.counted.patients,
        synthetic=material.synthetic,
        day=align_label(choice.align),
        usual=_usual(choice) if usual and material.groups else "",
        marker=marker_name(choice.definition),
        summary=tuple(_summary(material, cohort, choice)),
        left_out=tuple(_left_out(material, cohort)),
        too_few=tuple(name_of(choice, course.code) for course in cohort.groups if course.too_few),
        fewest=FEWEST,
        chart=cohort_chart(cohort.groups, choice),
        tables=tuple(
            GroupTable(name_of(choice, course.code), count_text(course), tuple(map(_line, _told(course))))
            for course in drawn
        ),
    )


def _usual(choice: Choice) -> str:
    return gettext("No day was chosen: shown is the one that most of your patients have, %(day)s.") % {
        "day": align_label(choice.align)
    }


def read_cohort(user: User, choice: Choice) -> tuple[Material, Cohort]:
    material = load_cohort(user, choice)
    return material, aggregate(material.readings, material.groups, relative=choice.relative)


def cohort_csv(material: Material, cohort: Cohort, choice: Choice) -> Iterator[str]:
    """One line a window of a group that has any patient there; of fewer than FEWEST neither number nor figures.

    Codes and English columns, so that two files compare whatever the language of who made them.
    """
    yield MARK + _written(COLUMNS)
    unit = "" if choice.relative else choice.definition.unit
    about = (choice.marker, unit, choice.values, choice.align, choice.group)
    for course in cohort.groups:
        for window in course.windows:
            if not window.patients:
                continue
            yield _written(
                [
                    *(*about, course.code, str(window.first), str(window.last), patients_text(window)),
                    *(_cell(figure) for figure in (window.median, window.low, window.high)),
                    "yes" if material.synthetic else "no",
                ]
            )


def _written(cells: Iterable[str]) -> str:
    line = StringIO()
    csv.writer(line).writerow([safe(cell) for cell in cells])
    return line.getvalue()


def _told(course: GroupCourse) -> tuple[Window, ...]:
    """From the first window that has a patient to the last; what is empty between them is told."""
    told = [at for at, window in enumerate(course.windows) if window.patients]
    return course.windows[told[0] : told[-1] + 1]


def _line(window: Window) -> Line:
    numbers = (figure_text(figure) for figure in (window.median, window.low, window.high))
    return Line(weeks_text(window), patients_text(window), *numbers)


# --- words --------------------------------------------------------------------------------------------------------
def _heading(choice: Choice) -> str:
    """`CEA, ng/mL`; `CEA, × own level · log (re-scaled)`."""
    unit = unit_of(choice)
    head = f"{choice.definition.short_name}, {unit}" if unit else choice.definition.short_name
    return f"{head} · {scale_label('log')}" if choice.logarithmic else head


def _summary(material: Material, cohort: Cohort, choice: Choice) -> Iterator[str]:
    counted = cohort.counted
    yield ngettext(
        "Your teams have %(count)d patient on record.",
        "Your teams have %(count)d patients on record.",
        material.visible,
    ) % {"count": material.visible}
    yield gettext("%(aligned)d have the day: %(day)s.") % {
        "aligned": len(material.groups),
        "day": align_label(choice.align),
    }
    yield gettext("%(patients)d have %(marker)s within a year of it and are counted here.") % {
        "patients": counted.patients,
        "marker": choice.definition.short_name,
    }
    if counted.limits:
        yield ngettext(
            "%(limits)d of %(values)d values is only a limit (< or >): it is replaced by no number.",
            "%(limits)d of %(values)d values are only a limit (< or >): they are replaced by no number.",
            counted.limits,
        ) % {"limits": counted.limits, "values": counted.values}


def _left_out(material: Material, cohort: Cohort) -> Iterator[str]:
    """Who and what is not behind the figures, by reason."""
    counted = cohort.counted
    absent = material.visible - len(material.groups)
    sentences = (
        (
            absent,
            ngettext("%(n)d patient without that day on record", "%(n)d patients without that day on record", absent),
        ),
        (
            counted.without_values,
            ngettext(
                "%(n)d patient without a value of the marker within a year of it",
                "%(n)d patients without a value of the marker within a year of it",
                counted.without_values,
            ),
        ),
        (
            counted.without_level,
            ngettext(
                "%(n)d patient without a value before that day, so without an own level",
                "%(n)d patients without a value before that day, so without an own level",
                counted.without_level,
            ),
        ),
        (
            counted.level_is_bounds,
            ngettext(
                "%(n)d patient whose own level is only a limit (< or >)",
                "%(n)d patients whose own level is only a limit (< or >)",
                counted.level_is_bounds,
            ),
        ),
        (
            counted.level_is_zero,
            ngettext(
                "%(n)d patient whose own level is 0",
                "%(n)d patients whose own level is 0",
                counted.level_is_zero,
            ),
        ),
        (
            counted.beyond_change,
            ngettext(
                "%(n)d value from another assay or laboratory than on that day: nothing is joined across a change",
                "%(n)d values from another assay or laboratory than on that day: nothing is joined across a change",
                counted.beyond_change,
            ),
        ),
        (
            material.spoilt,
            ngettext(
                "%(n)d value of a sample whose condition spoils this marker",
                "%(n)d values of samples whose condition spoils this marker",
                material.spoilt,
            ),
        ),
    )
    yield from (sentence % {"n": count} for count, sentence in sentences if count)


def _cell(figure: Figure | None) -> str:
    """As on the page, but for words: a file says the same in every language."""
    if figure is not None and not figure.exact and figure.low <= 0 and not math.isfinite(figure.high):
        return "unknown"
    return figure_text(figure)

"""How the figures of a cohort are written: on the chart, in its table and in the file the same."""

from __future__ import annotations

import math

from django.utils.translation import gettext, ngettext

from monitoring.cohort import FEWEST, Figure, GroupCourse, Window
from monitoring.cohort_choice import Choice
from monitoring.cohort_material import group_name
from monitoring.wording import figures
from patients.wording import MINUS, interval_text, unit_text


def figure_text(figure: Figure | None) -> str:
    """`3.40`; of what is only bounded `≤ 0.500`, `≥ 1000`, `0.900–1.03`; '' where nothing is said."""
    if figure is None:
        return ""
    if figure.exact:
        return figures(figure.low, keep_zeros=True)
    low = figure.low if figure.low > 0 else None
    high = figure.high if math.isfinite(figure.high) else None
    if low is None and high is None:
        return gettext("not known")
    return interval_text(low, high, printed=lambda number: figures(number, keep_zeros=True))


def patients_text(window: Window) -> str:
    return f"<{FEWEST}" if 0 < window.patients < FEWEST else str(window.patients)


def week_text(week: int) -> str:
    return f"{MINUS if week < 0 else ''}{abs(week)}"


def weeks_text(window: Window) -> str:
    return gettext("%(first)s to %(last)s") % {"first": week_text(window.first), "last": week_text(window.last)}


def unit_of(choice: Choice) -> str:
    return gettext("× own level") if choice.relative else unit_text(choice.definition.unit)


def name_of(choice: Choice, code: str) -> str:
    everybody = gettext("all patients")
    return group_name(choice.group, code, everybody=everybody, nothing=gettext("no systemic treatment"))


def count_text(course: GroupCourse) -> str:
    return ngettext("%(count)d patient", "%(count)d patients", course.patients) % {"count": course.patients}


def window_text(window: Window, choice: Choice) -> str:
    """`3.40 ng/mL (10–90 %: 2.10–7.80), 12 patients`."""
    if window.median is None:
        return gettext("too few patients")
    return gettext("%(median)s %(unit)s (10–90 %%: %(low)s to %(high)s), n = %(count)d") % {
        "median": figure_text(window.median),
        "unit": unit_of(choice),
        "low": figure_text(window.low),
        "high": figure_text(window.high),
        "count": window.patients,
    }

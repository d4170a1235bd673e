"""What is the same on every sheet: who it is about, that data are synthetic, who printed it when, and the page."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext, ngettext, pgettext

from monitoring.reports.lettering import width_of, wrapped
from monitoring.reports.paper import Paper
from monitoring.wording import date_text
from patients.banner import PatientBanner

NAME_SIZE, FACT_SIZE, FOOT_SIZE = 14.0, 8.5, 7.0
LINE: Final = 11.5
MARK_PADDING: Final = 5.0


def draw_banner(paper: Paper, banner: PatientBanner, edge: float) -> float:
    """Name, birth date, sex, number, in that order; returns where the sheet goes on."""
    wide = paper.width - 2 * edge
    room = wide - (_synthetic_mark(paper, edge) + 10 if banner.is_synthetic else 0)
    size = NAME_SIZE if width_of(banner.name, NAME_SIZE) <= room else NAME_SIZE - 4
    y = edge
    for line in wrapped(banner.name, size, room):
        paper.text(edge, y + 11, line, size, bold=True)
        y += size + 3
    y += 1
    separator = "   ·   "
    for facts, bold in ((_identity(banner), True), (_disease(banner), False)):
        for line in wrapped(separator.join(facts), FACT_SIZE, wide):
            paper.text(edge, y + 8, line, FACT_SIZE, bold=bold)
            y += LINE
    paper.line([(edge, y + 1), (edge + wide, y + 1)], colour="--ink", width=0.8)
    return y + 5


def _identity(banner: PatientBanner) -> list[str]:
    born = date_text(banner.birth_date) if banner.birth_date else gettext("not known")
    if banner.age is not None:
        age = ngettext("(%(age)s year)", "(%(age)s years)", banner.age) % {"age": banner.age}
        born = f"{born} {age}"
    facts = [
        f"{gettext('Born')} {born}",
        f"{gettext('Sex')} {banner.sex_label}",
        f"{gettext('Number')} {banner.number or '—'}",
    ]
    for former in banner.former_numbers:
        if former.until:
            until = {"number": former.value, "day": date_text(former.until)}
            facts[-1] += " " + gettext("(%(number)s until %(day)s)") % until
    return facts


def _disease(banner: PatientBanner) -> list[str]:
    comma = pgettext("between facts", ", ")
    return [
        f"{gettext('Tumour')} {banner.histology_label}{comma}{banner.stage_label}",
        f"{gettext('Bone at baseline')} {banner.bone_status_label}",
        f"{gettext('Team')} {banner.team_name}",
    ]


def _synthetic_mark(paper: Paper, edge: float) -> float:
    words = gettext("Synthetic data")
    long = width_of(words, 9) + 2 * MARK_PADDING
    paper.box(paper.width - edge - long, edge - 2, long, 15, edge="--ink")
    paper.text(paper.width - edge - long + MARK_PADDING, edge + 8.6, words, 9, bold=True)
    return long


def draw_foot(
    paper: Paper, *, page: int, pages: int, printed_by: str, printed_at: str, synthetic: bool, edge: float
) -> None:
    base = paper.height - edge + 4
    right = paper.width - edge
    paper.line([(edge, base - 9), (right, base - 9)], colour="--quiet", width=0.4)
    counted = gettext("page %(page)s of %(pages)s") % {"page": page, "pages": pages}
    words = gettext("Printed by %(person)s, %(moment)s · Leadtime · Decision support, not a diagnosis") % {
        "person": printed_by,
        "moment": printed_at,
    }
    if synthetic:
        words = f"{gettext('Synthetic data')} · {words}"
    paper.text(edge, base, words, FOOT_SIZE, width=right - edge - width_of(counted, FOOT_SIZE) - 8)
    paper.text(right, base, counted, FOOT_SIZE, align="right")

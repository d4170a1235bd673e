"""What a merge moved, left behind or found later, in words: one line a row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from patients.models import Draw, Patient, PatientMerge, Result
from patients.services import Blood
from patients.services.merging import MOVES
from patients.wording import unit_text

TITLES = {
    "number": _("Numbers"),
    "draw": _("Draws"),
    "treatment": _("Treatments"),
    "imaging": _("Imaging studies"),
    "skeletal_event": _("Skeletal events"),
    "condition": _("Conditions"),
    "plan": _("Follow-up plans"),
    "call": _("Calls"),
    "result": _("Values added or corrected in draws that went back or were joined"),
}


@dataclass(frozen=True, slots=True)
class Moved:
    """The rows of one kind."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MergeStory:
    """One merge as its page tells it."""

    merge: PatientMerge
    retired: Patient
    moved: tuple[Moved, ...]
    left: tuple[Moved, ...]
    came_since: tuple[Moved, ...]
    bloods: tuple[str, ...]
    later: bool  # another record was merged into the same one since, and stands


def stories_of(merges: QuerySet[PatientMerge]) -> tuple[MergeStory, ...]:
    """Newest first."""
    rows = list(merges.select_related("retired", "by", "undone_by").order_by("-at", "-pk"))
    draws = Draw.objects.in_bulk({told[side] for one in rows for told in one.bloods for side in ("kept", "other")})
    standing = PatientMerge.objects.filter(survivor__in={one.survivor_id for one in rows}, undone_at__isnull=True)
    newest = dict(standing.values_list("survivor").annotate(Max("pk")))
    return tuple(
        MergeStory(
            merge=one,
            retired=one.retired,
            moved=moved_rows(one.moved),
            left=moved_rows(one.left),
            came_since=moved_rows(one.came_since),
            bloods=tuple(_blood(told, draws) for told in one.bloods),
            later=newest.get(one.survivor_id, 0) > one.pk,
        )
        for one in rows
    )


def _blood(told: Mapping[str, Any], draws: Mapping[int, Draw]) -> str:
    said = gettext("one blood, one draw was made of the two")
    if told["answer"] == Blood.TWICE:
        said = gettext("blood was taken twice, both draws stay")
    days = {"kept": _LINES["draw"](draws[told["kept"]]), "other": _LINES["draw"](draws[told["other"]]), "said": said}
    return gettext("%(kept)s and %(other)s: %(said)s") % days


def moved_rows(ids: Mapping[str, Sequence[int]]) -> tuple[Moved, ...]:
    """One query a kind. A row that is gone since (a number that was taken away) is not in the list."""
    told = []
    for kind, title in TITLES.items():
        if not ids.get(kind):
            continue
        manager = Result.objects if kind == "result" else MOVES[kind]._default_manager
        rows: Any = manager.filter(pk__in=ids[kind]).order_by("pk")
        told.append(Moved(str(title), tuple(_LINES[kind](row) for row in _related(kind, rows))))
    return tuple(told)


def _related(kind: str, rows: Any) -> Any:
    return rows.select_related("draw") if kind == "result" else rows


def _day(day: dt.date) -> str:
    return date_format(day, "SHORT_DATE_FORMAT")


def _collected(draw: Any) -> str:
    at = timezone.localtime(draw.collected_at)
    return date_format(at, "SHORT_DATETIME_FORMAT" if draw.time_known else "SHORT_DATE_FORMAT")


def _facts(*facts: object) -> str:
    return gettext(", ").join(str(fact) for fact in facts if fact not in {"", None})


def _plan(plan: Any) -> str:
    in_force = gettext("in force") if plan.is_active else gettext("not in force")
    return _facts(_day(plan.starts_on), gettext("every %(weeks)s weeks") % {"weeks": plan.every_weeks}, in_force)


_LINES: dict[str, Any] = {
    "number": lambda row: row.value,
    "draw": lambda row: _facts(_collected(row), row.laboratory, row.accession),
    "treatment": lambda row: _facts(_day(row.started_on), row.get_kind_display(), row.name),
    "imaging": lambda row: _facts(_day(row.performed_on), row.get_modality_display(), row.get_finding_display()),
    "skeletal_event": lambda row: _facts(_day(row.occurred_on), row.get_kind_display(), row.site),
    "condition": lambda row: _facts(_day(row.occurred_on), row.get_kind_display(), row.note),
    "plan": _plan,
    "call": lambda row: _facts(_day(row.at.date()), row.get_outcome_display(), row.note),
    "result": lambda row: _facts(_collected(row.draw), row.marker_id, f"{row.reported} {unit_text(row.unit)}"),
}

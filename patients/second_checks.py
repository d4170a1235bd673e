"""What waits for a second person: the list of draws, and the values of one draw as that person sees them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, Min, OuterRef, Q
from django.utils import timezone

from accounts.models import User
from accounts.roles import Permission
from patients.access import visible_patients
from patients.catalogue import catalogue
from patients.entry import Entry, EntryRow, Typed, read_entry
from patients.laboratory_profile import profile_of
from patients.models import CheckOutcome, Draw, Patient, Result, ResultCheck, SecondCheck
from patients.models.draw import ResultQuerySet
from patients.selectors import primary_numbers
from patients.services import NewResult

DRAWS_A_PAGE: Final = 50
Group = tuple[int, str]  # a draw and the check it waits for


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingDraw:
    """One line of the list: a draw, the check it waits for, and since when. `typed_by` are those who entered it."""

    draw: Draw
    number: str
    kind: str
    since: dt.datetime
    count: int
    differing: int
    typed_by: tuple[str, ...]

    @property
    def blind(self) -> bool:
        return self.kind == SecondCheck.BLIND


def waiting(user: User) -> ResultQuerySet:
    """What waits of the patients this person checks for. `mine` says whether this person may be the second."""
    visible = visible_patients(user, permission=Permission.CHECK_RESULTS)
    looks = ResultCheck.objects.filter(result=OuterRef("pk"))
    rows = Result.objects.on_hold().filter(draw__patient__in=visible)
    return rows.annotate(
        looked=Exists(looks.filter(by=user)), differs=Exists(looks.filter(outcome=CheckOutcome.DIFFERS))
    )


# Nobody is the second person of what they entered, but for deciding after a second entry that differed.
def _may_check(user: User) -> Q:
    return Q(looked=False) & (~Q(recorded_by=user) | Q(differs=True))


def count_for(user: User) -> int:
    """How many draws wait for this person. One query."""
    return waiting(user).filter(_may_check(user)).order_by().values("draw_id", "awaiting_check").distinct().count()


def waiting_draws(user: User, *, for_others: bool, page: str | None) -> tuple[Page[Any], list[WaitingDraw]]:
    """One page of the draws that wait for this person, or of those that wait for somebody else; the longest first."""
    groups = (
        waiting(user)
        .order_by()
        .values("draw_id", "awaiting_check")
        .annotate(
            since=Min("recorded_at"),
            count=Count("pk"),
            mine=Count("pk", filter=_may_check(user)),
            differing=Count("pk", filter=Q(differs=True)),
        )
        .filter(**({"mine": 0} if for_others else {"mine__gt": 0}))
        .order_by("since", "draw_id", "awaiting_check")
    )
    shown = Paginator(groups, DRAWS_A_PAGE).get_page(page)
    return shown, _lines(list(shown.object_list))


def _lines(groups: Sequence[Mapping[str, Any]]) -> list[WaitingDraw]:
    draws = Draw.objects.select_related("patient").in_bulk([one["draw_id"] for one in groups])
    numbers = primary_numbers({draw.patient_id for draw in draws.values()})
    people: dict[Group, dict[str, None]] = defaultdict(dict)
    rows = Result.objects.on_hold().filter(draw_id__in=draws).select_related("recorded_by").order_by("pk")
    for row in rows:
        people[row.draw_id, row.awaiting_check][str(row.recorded_by)] = None
    return [
        WaitingDraw(
            draw=draws[one["draw_id"]],
            number=numbers.get(draws[one["draw_id"]].patient_id, ""),
            kind=one["awaiting_check"],
            since=one["since"],
            count=one["count"],
            differing=one["differing"],
            typed_by=tuple(people[one["draw_id"], one["awaiting_check"]]),
        )
        for one in groups
    ]


# --- one draw ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRow:
    """One value that waits. `read` is how the entry page reads it, with what is odd or urgent about it.

    `mine` says that the viewer may be the second person; `seen` is what the viewer typed, where that differed.
    """

    result: Result
    read: EntryRow
    mine: bool
    seen: ResultCheck | None = None

    @property
    def absent(self) -> str:
        return str(self.result.get_absent_display()) if self.result.absent else ""


@dataclass(frozen=True, slots=True)
class HeldDraw:
    """What waits of one draw for one kind of check."""

    rows: tuple[HeldRow, ...]
    across: tuple[str, ...] = ()

    @property
    def mine(self) -> tuple[HeldRow, ...]:
        return tuple(row for row in self.rows if row.mine)

    @property
    def others(self) -> tuple[HeldRow, ...]:
        """What the viewer cannot check, and has not looked at either."""
        return tuple(row for row in self.rows if not row.mine and row.seen is None)

    @property
    def differing(self) -> tuple[HeldRow, ...]:
        """Of which the viewer may see both values: they typed the second."""
        return tuple(row for row in self.rows if row.seen is not None)


def held_results(user: User, draw: Draw, kind: SecondCheck) -> list[Result]:
    rows = waiting(user).filter(draw=draw, awaiting_check=kind).select_related("recorded_by", "assay")
    return list(rows.prefetch_related("checks__by").order_by("marker__order"))


def held_draw(user: User, patient: Patient, draw: Draw, kind: SecondCheck) -> HeldDraw:
    """The values of a draw that wait, in the order of the laboratory's report, each beside what stood before it."""
    results = {row.marker_id: row for row in held_results(user, draw, kind)}
    typed = {code: Typed(value=_plainly(row), unit=row.unit) for code, row in results.items()}
    read = {row.marker.code: row for row in _entry(patient, draw, typed, decimal_comma=False).rows}
    rows = (_held_row(user, results[code], read[code]) for code in _in_order(draw, results))
    return HeldDraw(tuple(rows))


def _held_row(user: User, row: Any, read: EntryRow) -> HeldRow:
    """`row` carries what `waiting` annotated."""
    mine = not row.looked and (row.recorded_by_id != user.pk or row.differs)
    own = (look for look in row.checks.all() if look.by_id == user.pk)
    return HeldRow(result=row, read=read, mine=mine, seen=next(own, None))


def _plainly(row: Result) -> str:
    """As it was read, so that no laboratory's decimal sign is needed to read it once more."""
    return row.as_typed if row.absent else row.reported


def _in_order(draw: Draw, results: Mapping[str, Result]) -> list[str]:
    markers = [catalogue().marker(code) for code in results]
    return [marker.code for marker in profile_of(draw.laboratory).in_order(markers)]


def blank_rows(held: HeldDraw, draw: Draw, typed: Mapping[str, Typed] | None = None) -> tuple[EntryRow, ...]:
    """Empty cells for what the viewer may type, in the units of the laboratory's report: nothing of the first entry."""
    profile, given = profile_of(draw.laboratory), typed or {}
    rows = []
    for row in held.mine:
        code = row.read.marker.code
        cell = given.get(code) or Typed(unit=profile.offered(code)["unit"])
        rows.append(EntryRow(marker=row.read.marker, typed=cell, previous=None, reference=None))
    return tuple(rows)


def read_second(
    patient: Patient, held: HeldDraw, draw: Draw, typed: Mapping[str, Typed]
) -> tuple[tuple[EntryRow, ...], list[NewResult]]:
    """The cells as the grid reads them, and what they say. An odd value is not asked for again: this is the asking."""
    comma = profile_of(draw.laboratory).decimal_comma
    cells = {row.read.marker.code: typed.get(row.read.marker.code, Typed()) for row in held.mine}
    entry = _entry(patient, draw, cells, decimal_comma=comma)
    said = {row.marker.code: row.error for row in entry.rows}
    rows = (replace(row, error=said.get(row.marker.code, "")) for row in blank_rows(held, draw, cells))
    return tuple(rows), entry.results()


def _entry(patient: Patient, draw: Draw, typed: Mapping[str, Typed], *, decimal_comma: bool) -> Entry:
    return read_entry(
        patient=patient,
        markers=[catalogue().marker(code) for code in typed],
        typed=typed,
        collected_at=timezone.localtime(draw.collected_at),
        decimal_comma=decimal_comma,
    )

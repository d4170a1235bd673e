"""The history of a draw: every version of every result, and what the draw said of itself. Newest first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from patients.catalogue import MarkerDefinition, catalogue
from patients.fact_wording import fact_label, fact_text
from patients.models import TAKEN_BACK, CheckOutcome, Draw, Result
from patients.services.draw_facts import SAID_LATER
from patients.services.draws import CHANGED_AT_SOURCE, ENTERED_AGAIN
from patients.services.merge_draws import MERGE_UNDONE
from patients.wording import unit_text

# Reasons nobody typed are kept in English and read in the reader's language.
OWN_REASONS: Final[dict[str, str | Promise]] = {
    CHANGED_AT_SOURCE: gettext_lazy("changed at the source"),
    ENTERED_AGAIN: gettext_lazy("entered again after it was taken back"),
    MERGE_UNDONE: gettext_lazy("the merge of two records was undone"),
    SAID_LATER: gettext_lazy("not known before; said by a later paper or file"),
}


@dataclass(frozen=True, slots=True)
class Look:
    """What a second person said of a version; `text` is what they typed, empty where they compared."""

    text: str
    kind: str
    outcome: str
    agreed: bool
    at: dt.datetime
    by: str


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a result. `text` is as typed, with its unit; `status` says where a value was taken back."""

    result_id: int
    text: str
    assay: str
    status: str
    taken_back: bool
    at: dt.datetime
    by: str
    reason: str
    current: bool
    waits: bool = False
    looks: tuple[Look, ...] = ()


@dataclass(frozen=True, slots=True)
class MarkerHistory:
    """All versions of one marker's result in this draw."""

    marker: MarkerDefinition
    versions: tuple[Version, ...]

    @property
    def corrected(self) -> bool:
        return len(self.versions) > 1


@dataclass(frozen=True, slots=True)
class FactChange:
    """One correction of what the draw says of itself."""

    label: str
    old: str
    new: str
    at: dt.datetime
    by: str
    reason: str


def result_histories(draw: Draw) -> tuple[MarkerHistory, ...]:
    """Three queries for all markers of the draw, in the order of the catalogue."""
    rows = (
        draw.results.select_related("assay", "recorded_by", "batch")
        .prefetch_related("checks__by")
        .order_by("marker__order", "-version")
    )
    by_marker: dict[str, list[Result]] = {}
    for row in rows:
        by_marker.setdefault(row.marker_id, []).append(row)
    return tuple(
        MarkerHistory(catalogue().marker(code), tuple(_versions(results))) for code, results in by_marker.items()
    )


def _versions(newest_first: Iterable[Result]) -> Iterable[Version]:
    for place, row in enumerate(newest_first):
        yield Version(
            result_id=row.pk,
            text=result_text(row, status=False),
            assay=row.assay.name if row.assay else "",
            status=str(row.get_status_display()),
            taken_back=row.status in TAKEN_BACK,
            at=row.recorded_at,
            by=_who(row),
            reason=reason_text(row.reason),
            current=place == 0,
            waits=place == 0 and bool(row.awaiting_check),
            looks=tuple(_looks(row)),
        )


def _looks(row: Result) -> Iterable[Look]:
    for check in sorted(row.checks.all(), key=lambda one: one.pk):
        yield Look(
            text=f"{check.as_typed} {unit_text(check.unit)}".strip(),
            kind=str(check.get_kind_display()),
            outcome=str(check.get_outcome_display()),
            agreed=check.outcome == CheckOutcome.AGREED,
            at=check.at,
            by=str(check.by),
        )


def _who(row: Result) -> str:
    if row.batch_id is None:
        return str(row.recorded_by or "")
    return gettext("%(person)s, by a file") % {"person": row.recorded_by} if row.recorded_by else gettext("by a file")


def fact_changes(draw: Draw) -> tuple[FactChange, ...]:
    """One query, newest first."""
    return tuple(
        FactChange(
            label=fact_label(change.field),
            old=fact_text(change.field, change.old),
            new=fact_text(change.field, change.new),
            at=change.at,
            by=str(change.by or ""),
            reason=reason_text(change.reason),
        )
        for change in draw.changes.select_related("by").order_by("-version", "pk")
    )


def result_text(row: Result, *, status: bool = True) -> str:
    """`5.2 ng/mL`, as typed; with the status where the value was taken back."""
    text = f"{row.as_typed} {unit_text(row.unit)}".strip()
    return f"{text} ({row.get_status_display()})" if status and row.status in TAKEN_BACK else text


def reason_text(reason: str) -> str:
    return str(OWN_REASONS.get(reason, reason))

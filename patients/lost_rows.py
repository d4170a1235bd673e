"""Rows of the clinic grid whose patient the reader may no longer see: moved to another team, or merged meanwhile.

Such a row leaves the grid. What was typed in it stays on the page as text, to be read off and typed where it belongs,
until somebody says that this is done. Of the patient nothing is said that the reader may not know.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext

from accounts.models import User
from patients.access import kept_records
from patients.merged_drafts import typed_text
from patients.models import Patient
from patients.sheets import Sheet, joined


@dataclass(frozen=True, slots=True)
class LostRow:
    """`kept` is the record that its own was merged into, where the reader may see that one."""

    who: str
    typed: str
    kept: Patient | None = None


def without_lost_rows(sheet: Sheet, asked: Collection[int], *, visible: Collection[int]) -> Sheet:
    """The sheet with the rows of `visible` only, and what was typed in the others as its fact `lost`."""
    shown = {str(pk) for pk in visible}
    gone = [str(pk) for pk in asked if str(pk) not in shown]
    gone += [key for key in _keys(sheet) if key not in shown and key not in gone]
    if not gone:
        return sheet
    lost = _lost(sheet)
    for key in gone:
        if key not in sheet.saved:
            lost[key] = _typed(sheet, key) or lost.get(key, "")
    cells = {name: cell for name, cell in sheet.cells.items() if name.partition(":")[0] in shown}
    facts = {"patients": joined([pk for pk in asked if str(pk) in shown]), "lost": _as_fact(lost)}
    return Sheet({**sheet.context, **facts}, cells)


def lost_rows(user: User, mine: QuerySet[Patient], sheet: Sheet) -> list[LostRow]:
    """What the page says of them. A patient who is somebody else's and one who never was are told in the same words."""
    lost = _lost(sheet)
    if not lost:
        return []
    kept = kept_records(user, [int(key) for key in lost])
    seen = mine.in_bulk(set(kept.values()))
    rows = []
    for key, typed in lost.items():
        record = seen.get(kept.get(int(key), 0))
        who = gettext("a patient you may no longer see")
        if record is not None:
            who = gettext("a record that was merged into that of %(name)s") % {"name": record.name}
        rows.append(LostRow(who, typed, record))
    return rows


def _keys(sheet: Sheet) -> list[str]:
    return list(dict.fromkeys(name.partition(":")[0] for name in sheet.cells))


def _typed(sheet: Sheet, key: str) -> str:
    return typed_text({code: {"value": one.value, "unit": one.unit} for code, one in sheet.typed(key).items()})


def _lost(sheet: Sheet) -> dict[str, str]:
    """One line a patient: 'id=what was typed'. What a browser sent back otherwise is not taken."""
    lines = (line.partition("=") for line in sheet.fact("lost").splitlines())
    return {key: typed for key, _sign, typed in lines if key.isascii() and key.isdigit() and len(key) < 19}


def _as_fact(lost: dict[str, str]) -> str:
    return "\n".join(f"{key}={' '.join(typed.split())}" for key, typed in lost.items())

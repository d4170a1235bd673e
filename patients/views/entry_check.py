"""What the server makes of cells while they are typed: the same rule as at saving, as JSON, and nothing is written.

POST {"patient": 12, "at": "2026-03-02T08:10", "laboratory": "Central",
"cells": {"CEA": {"value": "7.4", "unit": "ng/mL", "assay": "Elecsys", "confirm": ""}}}
gives {"cells": {"CEA": CHECK}, "across": [CONCERN],
"computed": {"NLR": {"value", "flag", "urgent", "change", "days", "previous"}}}.

A cell's key is the marker's code, or anything that ends in `:<code>` (a row of a grid); it comes back as it was sent.
With "draw", a draw on record, the cells are checked beside what stands there: all of it but the cells that are sent and
the markers in "taken_back".

`at` without an offset is the clinic's time, a day alone is its first minute.

CHECK: `state` is empty, ok, absent, wrong, confirm (type it again into `confirm`) or confirmed; `text` is the one
sentence to show beside the cell; `urgent` and `doubts` are sentences; `flag` is H, L or empty; `change` is against
`previous`, which lies `days` back; `canonical` is the number in the marker's own unit, or empty; `absent` is why there
is no value: haemolysed, not_done, clotted, insufficient, or empty. `reference` is the range that the value is held
against: `text` with its unit, `label` (whose it is), and `low` and `high` in the marker's own unit, each maybe empty.
CONCERN: `code`, `severity`, `text`, and `cells`, the keys it is about; each of them is in state confirm for it too.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from accounts.gate import may
from accounts.roles import Permission
from patients.access import read_along
from patients.catalogue import catalogue
from patients.checking import concerned
from patients.entry import ComputedRow, Entry, EntryRow, Typed, read_entry
from patients.laboratory_profile import profile_of
from patients.messages import explain
from patients.models import Draw, Patient
from patients.plausibility import Concern
from patients.selectors import SeriesPoint, standing_counts
from patients.wording import number_text, unit_text

MOST_CELLS: Final = 200
LONGEST_TEXT: Final = 200


class WrongRequest(Exception):
    """What was sent is not in the shape that the module describes."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The request, read. `keys` leads from the marker to the key it was sent under."""

    patient_id: int
    at: dt.datetime
    typed: dict[str, Typed]
    keys: dict[str, str]
    laboratory: str = ""
    draw_id: int | None = None
    taken_back: frozenset[str] = frozenset()


@require_POST
def entry_check(request: HttpRequest) -> JsonResponse:
    if not request.user.is_authenticated:
        return signed_out()
    user = may(request, Permission.ENTER_RESULTS)
    try:
        asked = _read(request.body)
    except WrongRequest as problem:
        return JsonResponse({"error": str(problem)}, status=HTTPStatus.BAD_REQUEST)
    found = read_along(user, [asked.patient_id], permission=Permission.ENTER_RESULTS)
    if found is None:
        return JsonResponse({"error": gettext("There is no such patient.")}, status=HTTPStatus.NOT_FOUND)
    patient = found[asked.patient_id]
    draw = None if asked.draw_id is None else Draw.objects.filter(patient=patient, pk=asked.draw_id).first()
    if asked.draw_id is not None and draw is None:
        return JsonResponse({"error": gettext("This patient has no such draw.")}, status=HTTPStatus.NOT_FOUND)
    return JsonResponse(checks(patient, asked, draw))


def signed_out() -> JsonResponse:
    """Instead of the way to the sign-in page, so that the script that asked keeps what was typed."""
    return JsonResponse({"signed_out": True}, status=HTTPStatus.UNAUTHORIZED, headers={"Cache-Control": "no-store"})


def checks(patient: Patient, asked: Asked, draw: Draw | None = None) -> dict[str, Any]:
    at = asked.at if draw is None else min(asked.at, draw.collected_at)
    standing = standing_counts(draw.pk) if draw else {}
    entry = read_entry(
        patient=patient,
        markers=[catalogue().marker(code) for code in asked.typed],
        typed=asked.typed,
        collected_at=timezone.localtime(at),
        decimal_comma=profile_of(asked.laboratory).decimal_comma,
        beside={code: value for code, value in standing.items() if code not in asked.taken_back},
        laboratory=asked.laboratory,
    )
    return answer(entry, keys=asked.keys, at=at)


def answer(entry: Entry, *, keys: dict[str, str], at: dt.datetime) -> dict[str, Any]:
    """An entry as the page's script shows it; `keys` leads from a marker to the key of its cell."""
    return {
        "cells": {keys[row.marker.code]: _check(row, at=at) for row in entry.rows if row.marker.code in keys},
        "across": [_across(concern, keys) for concern in entry.across],
        "computed": {row.marker.code: _computed(row, at=at) for row in entry.computed},
    }


def _across(concern: Concern, keys: dict[str, str]) -> dict[str, Any]:
    return {
        "code": concern.code,
        "severity": concern.severity,
        "text": explain(concern.code, concern.params),
        "cells": [keys[code] for code in concerned(concern) if code in keys],
    }


def _check(row: EntryRow, *, at: dt.datetime) -> dict[str, Any]:
    before = row.previous
    return {
        "state": _state(row),
        "text": row.error or row.absent_text or next(iter((*row.urgent, *row.doubts)), ""),
        "urgent": list(row.urgent),
        "doubts": list(row.doubts),
        "flag": row.flag,
        "change": row.change,
        "days": None if before is None else _days(before.collected_at, at),
        "absent": "" if row.absent is None else row.absent.absent,
        "reference": _reference(row),
        "canonical": "" if row.reading is None else number_text(row.reading.canonical.value),
        "previous": None if before is None else _previous(before, f"{before.comparator}{before.value}"),
    }


def _previous(before: SeriesPoint, value: str) -> dict[str, str]:
    return {
        "text": f"{value} {unit_text(before.unit)}".strip(),
        "date": date_format(timezone.localtime(before.collected_at), "SHORT_DATE_FORMAT"),
    }


def _state(row: EntryRow) -> str:
    if not row.typed.value.strip():
        return "empty"
    if row.asks_again:
        return "confirm"
    if row.error:
        return "wrong"
    if row.absent is not None:
        return "absent"
    return "confirmed" if row.doubts else "ok"


def _days(before: dt.datetime, at: dt.datetime) -> int:
    """By the calendar on the wall: yesterday evening is one day ago."""
    return (timezone.localdate(at) - timezone.localdate(before)).days


def _computed(row: ComputedRow, *, at: dt.datetime) -> dict[str, Any]:
    before = row.previous
    return {
        "value": row.value,
        "flag": row.flag,
        "urgent": list(row.urgent),
        "change": row.change,
        "days": None if before is None else _days(before.collected_at, at),
        "previous": None if before is None else _previous(before, number_text(before.canonical)),
    }


def _reference(row: EntryRow) -> dict[str, str]:
    within = row.reference
    if within is None:
        return {"text": "", "label": "", "low": "", "high": ""}
    low, high = ("" if limit is None else number_text(limit) for limit in (within.low, within.high))
    unit = unit_text(row.marker.unit)
    return {"text": f"{within.text} {unit}".strip(), "label": within.label, "low": low, "high": high}


def _read(body: bytes) -> Asked:
    try:
        sent = json.loads(body)
    except ValueError as error:
        raise WrongRequest("The body must be JSON.") from error
    if not isinstance(sent, dict) or not isinstance(sent.get("cells"), dict):
        raise WrongRequest('The body must be an object with "patient", "at" and "cells".')
    patient = sent.get("patient")
    if not isinstance(patient, int) or isinstance(patient, bool) or not 0 < patient < 2**63:
        raise WrongRequest('"patient" must be the id of a patient, a whole number.')
    if len(sent["cells"]) > MOST_CELLS:
        raise WrongRequest(f'"cells" must be at most {MOST_CELLS}.')
    laboratory = sent.get("laboratory", "")
    if not isinstance(laboratory, str) or len(laboratory) > LONGEST_TEXT:
        raise WrongRequest('"laboratory" must be a name.')
    typed: dict[str, Typed] = {}
    keys: dict[str, str] = {}
    for key, cell in sent["cells"].items():
        code = key.rpartition(":")[2]
        definition = catalogue().by_code.get(code)
        if definition is None or definition.derived:
            raise WrongRequest(f"{key[:40]!r} is no marker that can be entered.")
        if code in typed:
            raise WrongRequest(f"{code} is there twice.")
        typed[code], keys[code] = _typed(key, cell), key
    draw_id, taken_back = _beside(sent)
    return Asked(patient, moment(sent.get("at")), typed, keys, laboratory, draw_id, taken_back)


def _beside(sent: dict[str, Any]) -> tuple[int | None, frozenset[str]]:
    draw_id, taken_back = sent.get("draw"), sent.get("taken_back", [])
    if draw_id is not None and (not isinstance(draw_id, int) or isinstance(draw_id, bool) or not 0 < draw_id < 2**63):
        raise WrongRequest('"draw" must be the id of a draw, a whole number.')
    if not isinstance(taken_back, list) or not all(isinstance(code, str) for code in taken_back):
        raise WrongRequest('"taken_back" must be a list of markers.')
    return draw_id, frozenset(taken_back)


def _typed(key: str, cell: object) -> Typed:
    if not isinstance(cell, dict):
        raise WrongRequest(f"The cell {key[:40]!r} must be an object.")
    texts = {name: cell.get(name, "") for name in ("value", "unit", "assay", "confirm")}
    if not all(isinstance(text, str) and len(text) <= LONGEST_TEXT for text in texts.values()):
        raise WrongRequest(
            f"Of the cell {key[:40]!r}, value, unit, assay and confirm must be texts of {LONGEST_TEXT} signs."
        )
    return Typed(**texts)


def moment(text: object) -> dt.datetime:
    """A day or a day and time in ISO form, in the clinic's time where it names no other.

    Raises
    ------
    WrongRequest
        it is neither.
    """
    try:
        at = parse_datetime(text) if isinstance(text, str) else None
        day = parse_date(text) if at is None and isinstance(text, str) else None
        if day is not None:
            at = dt.datetime.combine(day, dt.time())
        if at is None:
            raise WrongRequest('"at" must be a day and time like 2026-03-02T08:10.')
        return at if timezone.is_aware(at) else timezone.make_aware(at)
    except (ValueError, OverflowError) as error:
        raise WrongRequest('"at" must be a day and time like 2026-03-02T08:10.') from error

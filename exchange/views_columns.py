"""The steps of a file that waits for a person: say its columns, confirm it, discard it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.gate import may
from accounts.models import User
from accounts.roles import Permission
from audit.services import record
from exchange import batches, previews
from exchange.batches import uploads
from exchange.column_forms import ColumnsForm, ReadingForm
from exchange.csv import FileRefused
from exchange.csv.mapping import FileMapping, fingerprint
from exchange.csv.tables import Peek, peek
from exchange.messages_i18n import explain
from exchange.selectors import visible_batch
from exchange.sources import ASKABLE, NotWaiting, say_columns
from exchange.tasks import nudge
from patients.models import ImportBatch


@dataclass(slots=True)
class _Asked:
    """The page of columns: the beginning of the file, and the forms about it."""

    shown: Peek
    reading: ReadingForm
    columns: ColumnsForm | None = None

    @property
    def context(self) -> dict[str, Any]:
        lines = [cells for _number, cells in self.shown.rows]
        return {
            "reading": self.reading,
            "columns": self.columns,
            "form": self.columns if self.columns is not None and self.columns.errors else self.reading,
            "rows": list(self.columns.rows(lines[1:])) if self.columns else [],
            "lines": self.shown.rows,
        }


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def import_columns(request: HttpRequest, pk: int) -> HttpResponse:
    user = may(request, Permission.IMPORT_FILES)
    batch = visible_batch(user, pk)
    if batch.state not in ASKABLE or not batch.stored_as:
        return _too_late(request, pk)
    try:
        asked = _ask(request, batch)
    except (FileRefused, FileNotFoundError) as refused:
        code, params = (refused.code, refused.params) if isinstance(refused, FileRefused) else ("upload_lost", {})
        messages.error(request, explain(code, params))
        return redirect("import_detail", pk=pk)
    if asked.columns is not None and asked.columns.is_valid():
        return _say(request, user, pk, replace(asked.reading.mapping(), columns=asked.columns.columns()))
    if request.method != "POST":
        record(actor=user.audit_name, action="import.columns_viewed", object_type="import", object_id=pk)
    return render(request, "exchange/import_columns.html", {"batch": batch, **asked.context})


@login_required
@require_POST
def import_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    user = may(request, Permission.IMPORT_FILES)
    visible_batch(user, pk)
    try:
        previews.confirm(user=user, batch_id=pk, seen_as=request.POST.get("seen", ""), nudge=nudge)
    except NotWaiting:
        return _too_late(request, pk)
    except previews.SeenOther:
        messages.error(
            request,
            gettext("This file was looked through again since you opened the page. Nothing was taken in: look again."),
        )
    return redirect("import_detail", pk=pk)


@login_required
@require_POST
def import_discard(request: HttpRequest, pk: int) -> HttpResponse:
    user = may(request, Permission.IMPORT_FILES)
    visible_batch(user, pk)
    try:
        batch = previews.discard(actor=user.audit_name, batch_id=pk, remove=uploads().delete)
    except NotWaiting:
        return _too_late(request, pk)
    if batch.preview.get("written"):
        said = gettext("The file was discarded. What had been taken in of it as shown stays in the record.")
    else:
        said = gettext("The file was discarded. Nothing of it was taken in.")
    messages.success(request, said)
    return redirect("import_list")


def _say(request: HttpRequest, user: User, pk: int, mapping: FileMapping) -> HttpResponse:
    try:
        say_columns(user=user, batch_id=pk, mapping=mapping, nudge=nudge)
    except NotWaiting:
        return _too_late(request, pk)
    return redirect("import_detail", pk=pk)


def _too_late(request: HttpRequest, pk: int) -> HttpResponse:
    messages.error(request, gettext("Somebody was faster: this file does not wait any more. Nothing was changed."))
    return redirect("import_detail", pk=pk)


def _ask(request: HttpRequest, batch: ImportBatch) -> _Asked:
    stored = FileMapping.from_json(batch.mapping) if batch.mapping else None
    with Path(batches.uploads().path(batch.stored_as)).open("rb") as stream:
        shown = peek(stream, stored)
        if request.method != "POST":
            said = stored or FileMapping(columns=(), header_line=shown.rows[0][0] if shown.rows else 1)
            first = {
                "header_line": said.header_line or (shown.rows[0][0] if shown.rows else 1),
                "sheet": shown.sheet,
                "encoding": said.encoding,
                "delimiter": "tab" if said.delimiter == "\t" else said.delimiter,
                "decimal": said.decimal,
                "date_order": said.date_order,
                "collected_on": said.collected_on,
            }
            reading = ReadingForm(first, sheets=shown.sheets)
            return _with_columns(request, shown, reading, said) if reading.is_valid() else _Asked(shown, reading)
        reading = ReadingForm(request.POST, sheets=shown.sheets)
        if not reading.is_valid():
            return _Asked(shown, reading)
        mapping = reading.mapping()
        return _with_columns(request, peek(stream, mapping), reading, mapping)


def _with_columns(request: HttpRequest, shown: Peek, reading: ReadingForm, said: FileMapping) -> _Asked:
    """The columns under the line that was said to hold their names."""
    wanted = reading.cleaned_data["header_line"]
    below = tuple(row for row in shown.rows if row[0] >= wanted)
    if not below or below[0][0] != wanted:
        found = ", ".join(str(number) for number, _cells in shown.rows)
        reading.add_error("header_line", gettext("This line is empty. Lines with text: %(found)s.") % {"found": found})
        return _Asked(shown, reading)
    headers = below[0][1]
    if not fingerprint(headers):
        reading.add_error("header_line", gettext("Fewer than two column names stand there. Try another separator."))
    asked_again = "save" not in request.POST or request.POST.get("headers") != fingerprint(headers)
    data = None if asked_again or reading.errors else request.POST
    day = reading.mapping().collected_on if reading.is_valid() else ""
    columns = ColumnsForm(data, headers=headers, said=said.columns, collected_on=day)
    return _Asked(replace(shown, rows=below), reading, columns)

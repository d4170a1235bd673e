"""Workbooks as laboratories send them, made in a test."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

HEADER = ("patient_id", "marker", "value", "unit", "collected_at")


def workbook(sheets: Mapping[str, Sequence[Sequence[Any]]], *, hidden: Sequence[str] = (), mac: bool = False) -> bytes:
    """A cell is a value, or a pair of a value and its number format."""
    book = Workbook()
    book.remove(book.active)
    if mac:
        book.epoch = CALENDAR_MAC_1904
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for number, row in enumerate(rows, start=1):
            for place, cell in enumerate(row, start=1):
                value, number_format = cell if isinstance(cell, tuple) else (cell, "")
                made = sheet.cell(number, place, value)
                if number_format:
                    made.number_format = number_format
        if title in hidden:
            sheet.sheet_state = "hidden"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()

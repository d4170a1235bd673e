"""Reading a file in a test: one clock for all."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from zoneinfo import ZoneInfo

from exchange.csv import LineRead, LineRejected, ResultFile, open_results
from exchange.csv.dates import Clock
from exchange.csv.mapping import FileMapping

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
SHANGHAI = Clock(zone=ZoneInfo("Asia/Shanghai"), now=NOW)
BERLIN = Clock(zone=ZoneInfo("Europe/Berlin"), now=NOW)
HEADER = "patient_id,marker,value,unit,collected_at\n"


def opened(content: bytes | str | Path, *, clock: Clock = SHANGHAI, mapping: FileMapping | None = None) -> ResultFile:
    data = content.read_bytes() if isinstance(content, Path) else content
    return open_results(io.BytesIO(data.encode() if isinstance(data, str) else data), clock=clock, mapping=mapping)


def lines(
    content: bytes | str | Path, *, clock: Clock = SHANGHAI, mapping: FileMapping | None = None
) -> list[LineRead | LineRejected]:
    return list(opened(content, clock=clock, mapping=mapping).lines())


def good(content: bytes | str | Path, *, clock: Clock = SHANGHAI, mapping: FileMapping | None = None) -> list[LineRead]:
    """The lines of a file all of which can be read."""
    found = lines(content, clock=clock, mapping=mapping)
    assert [line for line in found if isinstance(line, LineRejected)] == []
    return [line for line in found if isinstance(line, LineRead)]


def codes(content: bytes | str) -> list[tuple[int, str]]:
    """Line number and reason of what is rejected; an empty reason for a line that is read."""
    return [(line.line_number, line.code if isinstance(line, LineRejected) else "") for line in lines(content)]

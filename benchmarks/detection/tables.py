"""Results as tables: once as Markdown to read, once as JSON to compare."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

Cell = str | float | int


@dataclass(slots=True)
class Table:
    title: str
    note: str
    columns: Sequence[str]
    rows: list[list[Cell]] = field(default_factory=list)

    def add(self, *cells: Cell) -> None:
        if len(cells) != len(self.columns):
            raise ValueError(f"{self.title}: a row needs {len(self.columns)} cells")
        self.rows.append(list(cells))

    def markdown(self) -> Iterator[str]:
        yield f"## {self.title}"
        yield ""
        if self.note:
            yield self.note
            yield ""
        yield f"| {' | '.join(self.columns)} |"
        yield f"|{'---|' * len(self.columns)}"
        for row in self.rows:
            yield f"| {' | '.join(_shown(cell) for cell in row)} |"
        yield ""

    def plain(self) -> dict[str, object]:
        rows = [[_number(cell) for cell in row] for row in self.rows]
        return {"title": self.title, "columns": list(self.columns), "rows": rows}


def _shown(cell: Cell) -> str:
    if isinstance(cell, float):
        return "–" if math.isnan(cell) else f"{cell:.1f}"
    return f"{cell:,}" if isinstance(cell, int) else cell


def _number(cell: Cell) -> Cell | None:
    if isinstance(cell, float):
        return round(cell, 4) if math.isfinite(cell) else None
    return cell

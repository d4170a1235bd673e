"""A sheet of paper to write and draw on, in points from its upper left corner; nothing here knows what is printed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Final

from reportlab.lib.colors import Color, HexColor
from reportlab.pdfgen.canvas import Canvas

from monitoring.reports.lettering import lost, printable, runs, shortened, width_of

Point = tuple[float, float]

PORTRAIT: Final = (595.28, 841.89)  # A4
LANDSCAPE: Final = (841.89, 595.28)
BOLD_STROKE: Final = 0.035  # of the size: one weight is embedded, the emphasised one is drawn with an outline
# As the pages have them in the light theme (static/css/app.css).
INKS: Final = {
    "--paper": "#ffffff",
    "--ink": "#15191d",
    "--quiet": "#5b6670",
    "--rule": "#dde2e6",
    "--accent": "#1f5fa8",
    "--alert": "#a3201a",
    "--watch": "#7a4b00",
    "--tumour": "#0b66b0",
    "--bone": "#00795c",
    "--blood": "#6b4a9e",
    "--mineral": "#7c6a00",
}
_INK: Final = re.compile(r"var\((--[a-z]+)\)(?:@([0-9.]+))?")


def ink(name: str) -> Color:
    """`var(--tumour)@0.12`, as the charts name it, or `--tumour`."""
    found = _INK.fullmatch(name)
    colour, alpha = (found[1], float(found[2] or 1)) if found else (name, 1.0)
    solid = HexColor(INKS[colour])
    return Color(solid.red, solid.green, solid.blue, alpha=alpha)


class Paper:
    """The pages of one document. `unprintable` tells whether a character had to be printed as its number."""

    def __init__(self, *, title: str, language: str, size: tuple[float, float] = PORTRAIT) -> None:
        self.width, self.height = size
        self.unprintable = False
        self._bytes = BytesIO()
        self._canvas = Canvas(self._bytes, pagesize=size, lang=language, pageCompression=1)
        self._canvas.setTitle(title)
        self._canvas.setAuthor("Leadtime")
        self._canvas.setCreator("Leadtime")
        self._canvas.setSubject("")

    def turn(self) -> None:
        """The page is done; a next one follows."""
        self._canvas.showPage()

    def finished(self) -> bytes:
        self._canvas.showPage()
        self._canvas.save()
        return self._bytes.getvalue()

    # --- text -----------------------------------------------------------------------------------------------------
    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        *,
        colour: str = "--ink",
        bold: bool = False,
        align: str = "left",
        width: float = 0,
    ) -> float:
        """Writes one line with its baseline at `y`, cut to `width` if one is given; returns how wide it became."""
        self.unprintable = self.unprintable or lost(text)
        text = printable(shortened(text, size, width) if width else text)
        long = width_of(text, size)
        line = self._canvas.beginText(x - {"left": 0, "right": long, "middle": long / 2}[align], self.height - y)
        line.setFillColor(ink(colour))
        line.setStrokeColor(ink(colour))
        line.setTextRenderMode(2 if bold else 0)
        self._canvas.saveState()
        self._canvas.setLineWidth(size * BOLD_STROKE)
        for font, part in runs(text):
            line.setFont(font, size)
            line.textOut(part)
        self._canvas.drawText(line)
        self._canvas.restoreState()
        return long

    # --- drawing --------------------------------------------------------------------------------------------------
    def line(self, points: Sequence[Point], *, colour: str = "--ink", width: float = 0.5, dash: str = "") -> None:
        """Straight from point to point."""
        if len(points) < 2:
            return
        path = self._canvas.beginPath()
        path.moveTo(points[0][0], self.height - points[0][1])
        for x, y in points[1:]:
            path.lineTo(x, self.height - y)
        with self._pen(colour, width, dash):
            self._canvas.drawPath(path, stroke=1, fill=0)

    def area(self, points: Sequence[Point], *, fill: str, edge: str = "", width: float = 0.4, dash: str = "") -> None:
        path = self._canvas.beginPath()
        path.moveTo(points[0][0], self.height - points[0][1])
        for x, y in points[1:]:
            path.lineTo(x, self.height - y)
        path.close()
        with self._pen(edge or fill, width, dash):
            if fill:
                self._canvas.setFillColor(ink(fill))
            self._canvas.drawPath(path, stroke=int(bool(edge)), fill=int(bool(fill)))

    def box(self, x: float, y: float, width: float, height: float, *, fill: str = "", edge: str = "") -> None:
        self.area([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], fill=fill, edge=edge)

    def circle(self, at: Point, radius: float, *, fill: str, edge: str, width: float) -> None:
        with self._pen(edge, width, ""):
            self._canvas.setFillColor(ink(fill))
            self._canvas.circle(at[0], self.height - at[1], radius, stroke=1, fill=1)

    @contextmanager
    def within(self, x: float, y: float, width: float, height: float) -> Iterator[None]:
        """What is drawn meanwhile ends at this frame."""
        self._canvas.saveState()
        path = self._canvas.beginPath()
        path.rect(x, self.height - y - height, width, height)
        self._canvas.clipPath(path, stroke=0, fill=0)
        yield
        self._canvas.restoreState()

    @contextmanager
    def _pen(self, colour: str, width: float, dash: str) -> Iterator[None]:
        self._canvas.saveState()
        self._canvas.setStrokeColor(ink(colour))
        self._canvas.setLineWidth(width)
        self._canvas.setLineJoin(1)
        if dash:
            self._canvas.setDash([1, 1.5] if dash == "dot" else [3, 2])
        yield
        self._canvas.restoreState()

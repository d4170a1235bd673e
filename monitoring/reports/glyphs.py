"""The marks of the charts, drawn: their shape alone says what they mean, on a grey print too."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from monitoring.reports.paper import Paper, Point

OPEN, DOTTED = "-open", "-open-dot"
EDGE: Final = 0.7


def draw_glyph(paper: Paper, symbol: str, at: Point, radius: float, *, colour: str, edge: str = "") -> None:
    """`square`, `square-open`, `square-open-dot`: Plotly's names, as the charts use them."""
    shape = symbol.removesuffix(DOTTED).removesuffix(OPEN)
    fill = "--paper" if symbol.endswith((OPEN, DOTTED)) else colour
    if shape == "circle":
        paper.circle(at, radius, fill=fill, edge=edge or colour, width=EDGE)
    elif shape == "x":
        paper.line([(at[0] - radius, at[1] - radius), (at[0] + radius, at[1] + radius)], colour=colour, width=1.6)
        paper.line([(at[0] - radius, at[1] + radius), (at[0] + radius, at[1] - radius)], colour=colour, width=1.6)
    else:
        corners = [(at[0] + dx * radius, at[1] + dy * radius) for dx, dy in SHAPES[shape]()]
        paper.area(corners, fill=fill, edge=edge or colour, width=EDGE)
    if symbol.endswith(DOTTED):
        paper.circle(at, radius * 0.25, fill=colour, edge=colour, width=0.2)


def _square() -> list[Point]:
    return [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]


def _diamond() -> list[Point]:
    return [(0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)]


def _triangle() -> list[Point]:
    return [(0, -1.2), (1.15, 0.85), (-1.15, 0.85)]


def _triangle_down() -> list[Point]:
    return [(x, -y) for x, y in _triangle()]


def _cross() -> list[Point]:
    """Four arms of a third of its width."""
    arm, end = 0.42, 1.2
    return [
        *((-arm, -end), (arm, -end), (arm, -arm), (end, -arm), (end, arm), (arm, arm)),
        *((arm, end), (-arm, end), (-arm, arm), (-end, arm), (-end, -arm), (-arm, -arm)),
    ]


def _star_triangle_down() -> list[Point]:
    """Three long points, one of them down, with hollow sides."""
    return [
        (math.sin(turn) * long, math.cos(turn) * long)
        for turn, long in ((at * math.pi / 3, 1.5 if at % 2 == 0 else 0.55) for at in range(6))
    ]


SHAPES: Final[dict[str, Callable[[], list[Point]]]] = {
    "square": _square,
    "diamond": _diamond,
    "triangle-up": _triangle,
    "cross": _cross,
    "triangle-down": _triangle_down,
    "star-triangle-down": _star_triangle_down,
}

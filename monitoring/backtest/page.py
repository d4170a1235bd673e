"""The report as one HTML page that needs no other file and no network."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any, Final, TextIO

from django.conf import settings

from monitoring.backtest.tables import Table

FOLDER: Final = Path(__file__).resolve().parent / "page"
PLOTLY: Final = Path("static", "vendor", "plotly", "plotly-cartesian.min.js")
POLICY: Final = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
FOOT: Final = (
    "Decision support, not a diagnosis. No alert does not mean no progression. A level says that a marker rises, never "
    "how probable a metastasis is."
)


@dataclass(frozen=True, slots=True)
class Figure:
    """`name` is its place on the page; `says` tells who cannot see it what it shows."""

    name: str
    says: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """One section: a heading, a sentence, and a figure with its table beside it."""

    heading: str
    text: str = ""
    figure: Figure | None = None
    tables: tuple[Table, ...] = ()
    folded: tuple[tuple[str, Table], ...] = ()  # (what it is, table), to be opened


@dataclass(frozen=True, slots=True)
class Page:
    title: str
    subtitle: tuple[str, ...]
    synthetic: bool
    tiles: tuple[tuple[str, str, str], ...]  # what, how much, and the rest of it
    can: tuple[str, ...]
    cannot: tuple[str, ...]
    parts: tuple[Part, ...]
    definitions: tuple[str, ...]
    sources: tuple[tuple[str, str], ...]
    language: str = field(default="en")


def write_page(page: Page, file: TextIO) -> None:
    for piece in _pieces(page):
        file.write(piece)
        file.write("\n")


def _pieces(page: Page) -> Iterator[str]:
    yield "<!doctype html>"
    yield f'<html lang="{page.language}">'
    yield '<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
    yield f"<title>{escape(page.title)}</title>"
    yield f"<style>\n{(FOLDER / 'report.css').read_text(encoding='utf-8')}</style>"
    yield "</head>\n<body>"
    yield from _header(page)
    yield "<main>"
    yield from _tiles(page.tiles)
    yield from _statements(page)
    for part in page.parts:
        yield from _part(part)
    yield from _definitions(page)
    yield "</main>"
    yield f'<footer class="quiet"><p>{escape(FOOT)}</p></footer>'
    yield from _scripts([part.figure for part in page.parts if part.figure is not None])
    yield "</body>\n</html>"


def _header(page: Page) -> Iterator[str]:
    yield f"<header>\n<h1>{escape(page.title)}</h1>"
    if page.synthetic:
        yield '<p class="synthetic">Synthetic cohort: no clinical evidence</p>'
    for line in page.subtitle:
        yield f'<p class="quiet">{escape(line)}</p>'
    yield "</header>"


def _tiles(tiles: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    yield '<section aria-label="In short">\n<dl class="tiles">'
    for what, value, rest in tiles:
        yield f"<div><dt>{escape(what)}</dt><dd><strong>{escape(value)}</strong>{escape(rest)}</dd></div>"
    yield "</dl>\n</section>"


def _statements(page: Page) -> Iterator[str]:
    yield '<section aria-label="What these data can and cannot show">\n<div class="sides">'
    for heading, sentences in (("These data can show", page.can), ("They cannot show", page.cannot)):
        yield f"<div><h2>{heading}</h2>\n<ul>"
        yield from (f"<li>{escape(sentence)}</li>" for sentence in sentences)
        yield "</ul></div>"
    yield "</div>\n</section>"


def _part(part: Part) -> Iterator[str]:
    yield f"<section>\n<h2>{escape(part.heading)}</h2>"
    if part.text:
        yield f'<p class="quiet">{escape(part.text)}</p>'
    if part.figure is not None:
        rows = part.figure.content["layout"].get("rows")
        of_rows = f' data-rows="{rows}"' if rows else ""
        yield '<div class="beside">'
        yield (
            f'<div class="figure" id="figure-{part.figure.name}" role="img"{of_rows} '
            f'aria-label="{escape(part.figure.says)}"></div>'
        )
        yield "<div>"
    for table in part.tables:
        yield from _table(table)
    if part.figure is not None:
        yield "</div>\n</div>"
    for what, table in part.folded:
        yield f"<details><summary>{escape(what)}</summary>"
        yield from _table(table)
        yield "</details>"
    yield "</section>"


def _table(table: Table) -> Iterator[str]:
    # A region that scrolls must be reachable by key, and named.
    yield f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(table.caption)}">'
    yield f"<table>\n<caption>{escape(table.caption)}</caption>\n<thead><tr>"
    yield from (_head(name, of_words=at in table.words) for at, name in enumerate(table.head))
    yield "</tr></thead>\n<tbody>"
    for at, row in enumerate(table.rows):
        strong = ' class="strong"' if at in table.strong else ""
        first, *rest = row
        yield f'<tr{strong}><th scope="row">{escape(first)}</th>' + "".join(_cells(rest, table)) + "</tr>"
    yield "</tbody>\n</table>\n</div>"


def _head(name: str, *, of_words: bool) -> str:
    kind = ' class="text"' if of_words else ""
    return f'<th scope="col"{kind}>{escape(name)}</th>' if name else "<td></td>"


def _cells(rest: Sequence[str], table: Table) -> Iterator[str]:
    for at, text in enumerate(rest, start=1):
        kind = ' class="text"' if at in table.words else ""
        yield f"<td{kind}>{escape(text)}</td>"


def _definitions(page: Page) -> Iterator[str]:
    yield "<section>\n<h2>How it was counted</h2>\n<ul>"
    yield from (f"<li>{escape(sentence)}</li>" for sentence in page.definitions)
    yield "</ul>\n</section>"
    if page.sources:
        yield "<section>\n<h2>The published rules</h2>\n<ul>"
        yield from (f"<li>{escape(rule)}: {escape(source)}.</li>" for rule, source in page.sources)
        yield "</ul>\n</section>"


def _scripts(figures: Sequence[Figure]) -> Iterator[str]:
    if not figures:
        return
    content = json.dumps({one.name: one.content for one in figures}, ensure_ascii=False, separators=(",", ":"))
    # "<" could close the element: in JSON it may be written as an escape.
    yield f'<script type="application/json" id="figures">{content.replace("<", chr(92) + "u003c")}</script>'
    yield f"<script>{_inline(Path(settings.BASE_DIR) / PLOTLY)}</script>"
    yield f"<script>\n{_inline(FOLDER / 'report.js')}</script>"


def _inline(path: Path) -> str:
    return path.read_text(encoding="utf-8").replace("</script", "<\\/script")

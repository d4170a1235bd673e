"""Texts in files that a spreadsheet may open: none is run as a formula, and nothing of them is lost. Pure."""

from __future__ import annotations

import re
from typing import Final

_SIGNS: Final = "=+\\-@＝＋－＠"
# For a spreadsheet that splits at another sign than the writer, a cell begins after each of , ; | and tab.
_FORMULA = re.compile(
    rf"""\A(?P<quotes_first>'*)(?=[\t\r\n])
       | (?P<before>(?:\A|[,;\t|\r\n])[\s"]*)(?P<quotes>'*)(?=[{_SIGNS}])""",
    re.VERBOSE,
)
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")


def safe(cell: str) -> str:
    """The cell with an apostrophe before whatever a spreadsheet would take for a formula; a number stays a number."""
    if _NUMBER.fullmatch(cell):
        return cell
    return _FORMULA.sub(lambda match: f"{match['before'] or ''}'{_quotes(match)}", cell)


def unsafe(cell: str) -> str:
    """The cell as it was before `safe`: its exact inverse."""
    return _FORMULA.sub(lambda match: f"{match['before'] or ''}{_quotes(match)[1:]}", cell)


def _quotes(match: re.Match[str]) -> str:
    return match["quotes_first"] or match["quotes"] or ""

"""How the record prints units, names and numbers in templates."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from django import template

from patients.catalogue import MarkerDefinition
from patients.wording import chinese, marker_name, number_text, unit_text

register = template.Library()
ADDRESS: Final = re.compile(r"(https?://[!-~]+)")  # Chinese writes no space before or after it
THIN_SPACE: Final = "\u2009"


@register.filter
def printed_unit(unit: str) -> str:
    return unit_text(unit)


@register.filter
def name_of(marker: MarkerDefinition) -> str:
    return marker_name(marker)


@register.filter
def plain_number(number: object) -> str:
    """Never in exponent form; 0 for 0, and empty for what a template finds where there is no figure (None or "")."""
    return number_text(number) if isinstance(number, Decimal) else ""


@register.filter
def in_language(thing: object, field: str) -> str:
    """`thing|in_language:"text"` reads text_zh or text_en, an address set off so that `urlize` sees where it begins."""
    text = str(getattr(thing, f"{field}_zh" if chinese() else f"{field}_en"))
    return ADDRESS.sub(f"{THIN_SPACE}\\1{THIN_SPACE}", text) if chinese() else text

"""The catalogue: all markers in display order, and how a name in a file finds its marker."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from patients.catalogue.definitions import MarkerDefinition

# Spaces, underscores and every dash that a laboratory system prints for "CYFRA 21-1".
_LOOSE = re.compile(r"[\s_\-\u00ad\u2010-\u2015\u2212]+")


def name_key(text: str) -> str:
    """Names compare without case, width, hyphens or spaces."""
    return _LOOSE.sub("", unicodedata.normalize("NFKC", text).casefold())


def loinc_key(text: str) -> str:
    """LOINC codes keep their hyphen: without it "20396" would find a code of some other system."""
    return unicodedata.normalize("NFKC", text).strip()


def names_of(marker: MarkerDefinition) -> Iterator[str]:
    """Every name under which results of the marker arrive."""
    yield from (marker.code, marker.name_en, marker.name_zh, marker.short_name, *marker.aliases)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Read-only; made by the loader, which has checked that no name or code leads to two markers."""

    version: str
    loinc_notice: str
    markers: tuple[MarkerDefinition, ...]
    by_code: Mapping[str, MarkerDefinition]
    by_name: Mapping[str, MarkerDefinition]
    by_loinc: Mapping[str, MarkerDefinition]

    def marker(self, code: str) -> MarkerDefinition:
        """The marker of exactly this code; KeyError if there is none."""
        return self.by_code[code]

    def find(self, text: str) -> MarkerDefinition | None:
        """The marker a file or form means by a code, name, alias or LOINC code; None if it means none of ours."""
        return self.by_loinc.get(loinc_key(text)) or self.by_name.get(name_key(text))

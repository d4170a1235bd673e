"""Sets of markers that the back-test looks at by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from patients.catalogue import catalogue

PANEL: Final = "panel"


@dataclass(frozen=True, slots=True)
class Scope:
    """A set of markers that is looked at by itself: the panel, one family, or one marker."""

    name: str
    kind: str  # panel, family or marker
    markers: tuple[str, ...]


def scopes_of(markers: Sequence[str]) -> tuple[Scope, ...]:
    """The panel, then its families of more than one marker, then each marker, unless that would be the panel again."""
    families: dict[str, list[str]] = {}
    for marker in markers:
        families.setdefault(catalogue().marker(marker).family, []).append(marker)
    found = [Scope(PANEL, "panel", tuple(markers))]
    found += [
        Scope(family, "family", tuple(of_family))
        for family, of_family in families.items()
        if 1 < len(of_family) < len(markers)
    ]
    if len(markers) > 1:
        found += [Scope(marker, "marker", (marker,)) for marker in markers]
    return tuple(found)

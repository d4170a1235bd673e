"""What the grid takes over from a laboratory's profile: the order of its report, its units, its assays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from patients.catalogue import MarkerDefinition
from patients.models import HOLDS, Draw, Laboratory
from patients.units import normalise_unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Of a laboratory that nobody described everything is empty, and the catalogue's own order and units hold."""

    order: tuple[str, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    assays: Mapping[str, str] = field(default_factory=dict)
    decimal_comma: bool = False

    def in_order(self, markers: Sequence[MarkerDefinition]) -> tuple[MarkerDefinition, ...]:
        """As on the laboratory's report; what is not on it follows in the order it came in."""
        place = {code: at for at, code in enumerate(self.order)}
        return tuple(sorted(markers, key=lambda marker: place.get(marker.code, len(place))))

    def offered(self, code: str) -> dict[str, str]:
        """Unit and assay of an untouched row."""
        return {"unit": normalise_unit(self.units.get(code, "")), "assay": self.assays.get(code, "")}

    def facts_of(self, markers: Sequence[MarkerDefinition]) -> dict[str, str]:
        """Units and assays as the facts of a page of several draws, on which no column was touched yet."""
        offered = {f"{part}_{one.code}": text for one in markers for part, text in self.offered(one.code).items()}
        return {name: text for name, text in offered.items() if text}


def key_of(name: str) -> str:
    """One key for a name however it is spaced and capitalised, as the reading of events has it."""
    return " ".join(name.split()).casefold()


def of_laboratory(name: str, draws: Iterable[Draw]) -> Iterator[Draw]:
    """Those of that laboratory, by whatever way its name was written."""
    return (draw for draw in draws if key_of(draw.laboratory) == key_of(name))


def check_asked_by(name: str) -> str:
    """Which second check the laboratory of that name asks of what is typed; '' for none. One query."""
    if not name.strip():
        return ""
    known = Laboratory.objects.filter(key=key_of(name), is_active=True).values_list("second_check", flat=True).first()
    return known if known in HOLDS else ""


def profile_of(name: str) -> Profile:
    """The profile of the laboratory of that name, two queries; an empty one where none is in use."""
    laboratory = Laboratory.objects.filter(key=key_of(name), is_active=True).first() if name.strip() else None
    if laboratory is None:
        return Profile()
    return _profile(laboratory)


def profiles_in_use() -> dict[str, Profile]:
    """The profile of every laboratory in use by its key; two queries, however many there are."""
    laboratories = Laboratory.objects.filter(is_active=True).prefetch_related("markers")
    return {laboratory.key: _profile(laboratory) for laboratory in laboratories}


def _profile(laboratory: Laboratory) -> Profile:
    lines = list(laboratory.markers.all())
    return Profile(
        order=tuple(line.marker_id for line in lines),
        units={line.marker_id: line.unit for line in lines if line.unit},
        assays={line.marker_id: line.assay for line in lines if line.assay},
        decimal_comma=laboratory.decimal_comma,
    )

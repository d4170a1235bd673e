"""What the generator knows of each marker, read from markers.toml: numbers with a grade and an origin."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).with_name("markers.toml")
GRADES: Final = frozenset("PSDRA")
WORDS: Final = frozenset({"family", "unit", "bone_only", "direction", "tube", "shared"})
TUMOUR: Final = "tumour"
BONE_TURNOVER: Final = "bone_turnover"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerModel:
    """One marker in its canonical unit. Spreads are log-SDs, shares lie between 0 and 1."""

    code: str
    family: str
    unit: str
    median: float  # of the set-points of stable patients
    set_point_sd: float
    cv_within: float
    cv_analytical: float
    drift: float  # log-SD of the set-point's random walk, per root year
    excess: float  # median excess over the own level, as a share of it, when imaging could first show the progression
    excess_sd: float
    secretors: float  # probability of taking part in a progression
    missing: float  # share of draws without this marker
    lod: float  # below it the report reads '<lod'
    decimals: int  # of the reported value
    direction: str = "up"  # a progression moves the value this way
    bone_only: bool = False  # takes part in bone progressions only
    tube: str = ""  # markers of one tube are missing together
    shared: str = ""  # group with common progression signal and slow excursions
    shared_excess: float = 0.0  # loading of secretion and excess on the group's
    shared_noise: float = 0.0  # loading of the slow excursions on the group's
    assay_shift: float = 0.0  # log-SD of the step at a change of the tumour-marker assay
    bone_agent: float = 1.0  # factor on the value while a bone agent runs
    haemolysis: float = 0.0  # added in the marker's unit for each unit of the haemolysis index


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    grade: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerFile:
    """The content of markers.toml. `sources` maps (marker, field) to the origin of that number."""

    models: Mapping[str, MarkerModel]
    sources: Mapping[tuple[str, str], Source]


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedMarker:
    """A marker computed from the reported counts of the same draw: numerator product over denominator."""

    code: str
    family: str
    unit: str
    numerators: tuple[str, ...]
    denominator: str
    decimals: int

    @property
    def parts(self) -> tuple[str, ...]:
        return (*self.numerators, self.denominator)


DERIVED: Final[Mapping[str, DerivedMarker]] = {
    "NLR": DerivedMarker(
        code="NLR", family="blood_count", unit="{ratio}", numerators=("NEUT",), denominator="LYMPH", decimals=2
    ),
    "SII": DerivedMarker(
        code="SII", family="blood_count", unit="10*9/L", numerators=("PLT", "NEUT"), denominator="LYMPH", decimals=0
    ),
}


@cache
def marker_file() -> MarkerFile:
    return read_markers(FILE)


def model_of(code: str) -> MarkerModel:
    """The model of a measured marker. Raises ValueError for a marker the generator does not know."""
    try:
        return marker_file().models[code]
    except KeyError:
        raise ValueError(f"the generator has no marker {code!r}") from None


def unit_of(code: str) -> str:
    """The canonical unit of a measured or derived marker."""
    return DERIVED[code].unit if code in DERIVED else model_of(code).unit


def family_of(code: str) -> str:
    """The family of a measured or derived marker."""
    return DERIVED[code].family if code in DERIVED else model_of(code).family


def decimals_of(code: str) -> int:
    """The decimals that a laboratory reports of a measured or derived marker."""
    return DERIVED[code].decimals if code in DERIVED else model_of(code).decimals


def measured(markers: Sequence[str]) -> tuple[str, ...]:
    """The markers that must be simulated to report these: derived ones are replaced by their parts."""
    parts = (DERIVED[code].parts if code in DERIVED else (code,) for code in markers)
    return tuple(dict.fromkeys(part for group in parts for part in group))


def read_markers(path: Path) -> MarkerFile:
    """Raises ValueError where a number lacks its source, a source its grade, or a marker a field."""
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    origins = {key: _source(key, entry) for key, entry in content["source"].items()}
    models: dict[str, MarkerModel] = {}
    sources: dict[tuple[str, str], Source] = {}
    for code, entry in content["marker"].items():
        values: dict[str, Any] = {"code": code, "tube": code}
        for name, given in entry.items():
            values[name] = given if name in WORDS else _number(code, name, given, origins, sources)
        _complete(code, values)
        models[code] = MarkerModel(**values)
    return MarkerFile(models=models, sources=sources)


def _source(key: str, entry: Any) -> Source:
    if not (isinstance(entry, list) and len(entry) == 2 and entry[0] in GRADES and str(entry[1]).strip()):
        raise ValueError(f"source {key}: needs a grade of {''.join(sorted(GRADES))} and a text")
    return Source(grade=entry[0], text=entry[1])


def _number(
    code: str, name: str, given: Any, origins: Mapping[str, Source], sources: dict[tuple[str, str], Source]
) -> float:
    if not (isinstance(given, list) and len(given) == 2 and given[1] in origins):
        raise ValueError(f"marker {code}, {name}: needs a number and the key of a source")
    sources[(code, name)] = origins[given[1]]
    return given[0]  # type: ignore[no-any-return]


def _complete(code: str, values: Mapping[str, Any]) -> None:
    known = {field.name: field.default is MISSING for field in fields(MarkerModel)}
    if unknown := set(values) - set(known):
        raise ValueError(f"marker {code}: unknown field {min(unknown)}")
    if missing := {name for name, needed in known.items() if needed} - set(values):
        raise ValueError(f"marker {code}: {min(missing)} is missing")
    if values.get("direction", "up") not in ("up", "down"):
        raise ValueError(f"marker {code}: direction is up or down")

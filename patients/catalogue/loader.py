"""Reads the data files into a Catalogue, strictly: Leadtime does not start on a catalogue it does not understand."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import MappingProxyType

from patients.catalogue.catalogue import Catalogue, loinc_key, name_key, names_of
from patients.catalogue.definitions import (
    Confounder,
    Conversion,
    Loinc,
    MarkerDefinition,
    ReferenceInterval,
    RefusedUnit,
)
from patients.catalogue.rules import check_marker
from patients.catalogue.tables import CatalogueError, Table

_DATA = Path(__file__).parent / "data"
_HEAD = "catalogue.toml"


@cache
def catalogue() -> Catalogue:
    """The catalogue that ships with Leadtime; read once a process."""
    return load(_DATA)


def load(folder: Path) -> Catalogue:
    """Read `catalogue.toml` and the marker files of `folder`.

    Raises
    ------
    CatalogueError
        naming the file and the key.
    """
    head = _read(folder / _HEAD)
    version = head.text("version")
    try:
        date.fromisoformat(version)
    except ValueError:
        raise head.error("version", "must be a date as 2026-01-31") from None
    notice = head.text("loinc_notice")
    head.finish()
    files = sorted(path for path in folder.glob("*.toml") if path.name != _HEAD)
    markers = tuple(sorted((_marker(path) for path in files), key=lambda marker: marker.order))
    _check_together(markers)
    return Catalogue(
        version=f"{version}+{_fingerprint([folder / _HEAD, *files])}",
        loinc_notice=notice,
        markers=markers,
        by_code=MappingProxyType({marker.code: marker for marker in markers}),
        by_name=_index(markers, ((m, name_key(name)) for m in markers for name in names_of(m)), "name"),
        by_loinc=_index(markers, ((m, loinc_key(loinc.code)) for m in markers for loinc in m.loinc), "loinc"),
    )


def _read(path: Path) -> Table:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        raise CatalogueError(path.name, "file", f"cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CatalogueError(path.name, "file", f"is not TOML in UTF-8 ({error})") from error
    return Table(path.name, content)


def _fingerprint(files: Iterable[Path]) -> str:
    """Twelve hex digits over names and content; line endings do not count, a checkout may change them."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode() + b"\0")
        digest.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()[:12]


def _marker(path: Path) -> MarkerDefinition:
    table = _read(path)
    marker = MarkerDefinition(
        code=table.text("code"),
        name_en=table.text("name_en"),
        name_zh=table.text("name_zh"),
        short_name=table.text("short_name"),
        family=table.choice("family", ("tumour", "bone_turnover", "blood_count", "inflammation", "mineral")),
        derived=table.boolean("derived"),
        input_only=table.optional_boolean("input_only"),
        order=table.integer("order"),
        loinc=tuple(_loinc(entry) for entry in table.tables("loinc")),
        unit=table.text("unit"),
        conversions=tuple(_conversion(entry) for entry in table.tables("conversions")),
        refused_units=tuple(_refused_unit(entry) for entry in table.tables("refused_units")),
        aliases=table.texts("aliases"),
        cvi=table.optional_figure("cvi"),
        cvg=table.optional_figure("cvg"),
        cva=table.optional_figure("cva"),
        cv_patients=table.optional_figure("cv_patients"),
        set_point_median=table.optional_figure("set_point_median"),
        set_point_log_sd=table.optional_figure("set_point_log_sd"),
        direction=table.choice("direction", ("up", "down", "both")),
        fasting=table.choice("fasting", ("no", "preferred", "required_morning")),
        plausible_limits=(table.figure("plausible_low"), table.figure("plausible_high")),
        warn_low=table.optional_figure("warn_low"),
        warn_high=table.optional_figure("warn_high"),
        warn_at_zero=table.optional_boolean("warn_at_zero"),
        urgent_low=table.optional_figure("urgent_low"),
        urgent_high=table.optional_figure("urgent_high"),
        decision_limit=table.optional_figure("decision_limit"),
        half_life_days=table.optional_figure("half_life_days"),
        reference_intervals=tuple(_interval(entry) for entry in table.tables("reference_intervals")),
        confounders=tuple(_confounder(entry) for entry in table.tables("confounders")),
        variation_note_en=table.text("variation_note_en"),
        variation_note_zh=table.text("variation_note_zh"),
        note_en=table.text("note_en"),
        note_zh=table.text("note_zh"),
    )
    table.finish()
    if path.stem != marker.code or not re.fullmatch(r"[A-Z][A-Z0-9_]{0,19}", marker.code):
        raise table.error("code", "must be capitals, digits and _, and the name of its file")
    check_marker(table, marker)
    return marker


def _loinc(table: Table) -> Loinc:
    loinc = Loinc(code=table.text("code"), grade=table.grade(), source=table.text("source"))
    table.finish()
    return loinc


def _conversion(table: Table) -> Conversion:
    conversion = Conversion(
        unit=table.text("unit"), factor=table.number("factor"), source=table.text("source"), grade=table.grade()
    )
    table.finish()
    return conversion


def _refused_unit(table: Table) -> RefusedUnit:
    refused = RefusedUnit(
        unit=table.text("unit"),
        marker=table.optional_text("marker"),
        reason_en=table.text("reason_en"),
        reason_zh=table.text("reason_zh"),
        source=table.text("source"),
        grade=table.grade(),
    )
    table.finish()
    return refused


def _interval(table: Table) -> ReferenceInterval:
    interval = ReferenceInterval(
        low=table.optional_number("low"),
        high=table.optional_number("high"),
        unit=table.text("unit"),
        sex=table.optional_choice("sex", ("female", "male")),
        age_from=table.optional_integer("age_from"),
        age_to=table.optional_integer("age_to"),
        menopause=table.optional_choice("menopause", ("pre", "post")),
        smoking=table.optional_choice("smoking", ("smoker", "non_smoker")),
        population_en=table.text("population_en"),
        population_zh=table.text("population_zh"),
        assay=table.text("assay"),
        source=table.text("source"),
        grade=table.grade(),
    )
    table.finish()
    return interval


def _confounder(table: Table) -> Confounder:
    confounder = Confounder(
        key=table.text("key"),
        direction=table.choice("direction", ("up", "down", "either")),
        text_en=table.text("text_en"),
        text_zh=table.text("text_zh"),
        source=table.text("source"),
        grade=table.grade(),
    )
    table.finish()
    return confounder


def _check_together(markers: tuple[MarkerDefinition, ...]) -> None:
    if not markers:
        raise CatalogueError(_HEAD, "markers", "there is no marker file")
    codes = {marker.code for marker in markers}
    orders: dict[int, str] = {}
    for marker in markers:
        if other := orders.get(marker.order):
            raise CatalogueError(f"{marker.code}.toml", "order", f"{marker.order} is also the order of {other}")
        orders[marker.order] = marker.code
        for refused in marker.refused_units:
            if refused.marker and refused.marker not in codes - {marker.code}:
                raise CatalogueError(
                    f"{marker.code}.toml", "refused_units", f"{refused.marker} is not another marker of the catalogue"
                )


def _index(
    markers: tuple[MarkerDefinition, ...], entries: Iterable[tuple[MarkerDefinition, str]], key: str
) -> Mapping[str, MarkerDefinition]:
    index: dict[str, MarkerDefinition] = {}
    for marker, name in entries:
        other = index.setdefault(name, marker)
        if other is not marker:
            raise CatalogueError(f"{marker.code}.toml", key, f"{name!r} also leads to {other.code}")
    return MappingProxyType(index)

"""What a page of several draws shows besides its cells: headings, facts, and the laboratories it can follow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from patients.catalogue import MarkerDefinition, catalogue
from patients.derived import INPUTS_OF
from patients.laboratory_profile import profile_of, profiles_in_use
from patients.line_facts import fasting_options, heads
from patients.lines import Line
from patients.sheets import Sheet


def grid_context(sheet: Sheet, lines: Sequence[Line]) -> dict[str, Any]:
    markers = profile_of(sheet.fact("laboratory")).in_order(sheet.markers)
    codes = {marker.code for marker in markers}
    return {
        "lines": lines,
        "columns": [_heading(sheet, marker) for marker in markers],
        "computed_columns": [catalogue().marker(code) for code, of in INPUTS_OF.items() if codes.issuperset(of)],
        "fact_columns": heads(),
        "fasting_options": fasting_options(),
        "fasting": sheet.fact("fasting") or "unknown",
        "profiles": {
            key: {"order": profile.order, "offered": {code: profile.offered(code) for code in profile.order}}
            for key, profile in profiles_in_use().items()
        },
    }


def _heading(sheet: Sheet, marker: MarkerDefinition) -> dict[str, Any]:
    return {
        "marker": marker,
        "unit": sheet.fact(f"unit_{marker.code}") or marker.unit,
        "assay": sheet.fact(f"assay_{marker.code}"),
    }

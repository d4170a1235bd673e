"""What an administrator types about a laboratory's report, checked before the service hears of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from patients.catalogue import MarkerDefinition, catalogue
from patients.forms import PlainWidgets
from patients.messages import explain
from patients.models import Laboratory, SecondCheck
from patients.models.laboratory import LONGEST_NAME
from patients.services import ReportLine
from patients.units import UnitProblem, canonicalise

LAST_PLACE: Final = 200
LONGEST_ASSAY: Final = 80


class LaboratoryForm(PlainWidgets, forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=LONGEST_NAME, help_text=_("As it stands on the report and in the field of a draw.")
    )
    decimal_comma = forms.BooleanField(label=_("Its reports write 4,7 for four point seven"), required=False)
    second_check = forms.ChoiceField(
        label=_("Second check of what is typed"),
        choices=SecondCheck.choices,
        initial=SecondCheck.NONE,
        required=False,
        help_text=_(
            "Holds for what is typed from now on; what waits already waits until it is checked. Files of the "
            "laboratory are not held up."
        ),
    )
    is_active = forms.BooleanField(label=_("In use"), required=False, initial=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dress()
        for name in ("decimal_comma", "is_active"):
            self.fields[name].widget.attrs["class"] = "form-check-input"

    def clean_second_check(self) -> str:
        return self.cleaned_data["second_check"] or SecondCheck.NONE


@dataclass(frozen=True, slots=True)
class LineRow:
    """One marker of the page: what was typed, and what is wrong with it."""

    marker: MarkerDefinition
    place: str = ""
    unit: str = ""
    assay: str = ""
    error: str = ""

    @property
    def units(self) -> tuple[str, ...]:
        return self.marker.accepted_units


def rows_of(laboratory: Laboratory | None) -> tuple[LineRow, ...]:
    """Every marker that can be entered: those of the report first, in its order."""
    lines = {line.marker_id: line for line in laboratory.markers.all()} if laboratory else {}
    rows = [
        LineRow(marker, str(line.order), line.unit, line.assay) if (line := lines.get(marker.code)) else LineRow(marker)
        for marker in _enterable()
    ]
    return tuple(sorted(rows, key=lambda row: int(row.place or LAST_PLACE + 1)))


def typed_lines(data: Mapping[str, str]) -> tuple[LineRow, ...]:
    """What the page holds, each row with its mistake if it has one."""
    rows = [
        LineRow(
            marker,
            data.get(f"place_{marker.code}", "").strip(),
            data.get(f"unit_{marker.code}", "").strip(),
            data.get(f"assay_{marker.code}", "").strip(),
        )
        for marker in _enterable()
    ]
    places = [row.place for row in rows if row.place]
    return tuple(_checked(row, places) for row in rows)


def report_lines(rows: tuple[LineRow, ...]) -> list[ReportLine]:
    placed = sorted((row for row in rows if row.place), key=lambda row: int(row.place))
    return [ReportLine(marker=row.marker.code, unit=row.unit, assay=row.assay) for row in placed]


def _checked(row: LineRow, places: list[str]) -> LineRow:
    return LineRow(row.marker, row.place, row.unit, row.assay, _wrong(row, places))


def _wrong(row: LineRow, places: list[str]) -> str:
    if row.place and not (row.place.isascii() and row.place.isdigit() and 1 <= int(row.place) <= LAST_PLACE):
        return gettext("The place is a whole number from 1 to %(last)s.") % {"last": LAST_PLACE}
    if row.place and places.count(row.place) > 1:
        return gettext("Place %(place)s is given twice.") % {"place": row.place}
    if not row.place and (row.unit or row.assay):
        return gettext("Give it a place on the report, or empty its unit and assay.")
    if len(row.assay) > LONGEST_ASSAY:
        return gettext("The name of the assay is longer than %(most)s characters.") % {"most": LONGEST_ASSAY}
    if row.unit:
        try:
            canonicalise(row.marker, Decimal(1), row.unit)
        except UnitProblem as problem:
            return explain(problem.code, problem.params)
    return ""


def _enterable() -> list[MarkerDefinition]:
    return [marker for marker in catalogue().markers if not marker.derived]

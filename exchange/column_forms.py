"""What a person says of a file whose column names do not tell: how it is to be read, and what each column is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from exchange.csv import FileRefused
from exchange.csv.columns import ASKED, RESULTS
from exchange.csv.dates import FIRST_YEAR
from exchange.csv.mapping import ColumnSaid, FileMapping, fingerprint
from exchange.csv.said import columns_said, proposed
from exchange.messages_i18n import explain
from patients.catalogue import catalogue
from patients.forms import PlainWidgets, date_field, not_in_future
from patients.units import UnitProblem, canonicalise

UNIT_BEFORE: Final = "unit_before"
ROLES: Final = (
    ("", _("leave out")),
    ("patient", _("Patient number")),
    ("collected", _("Day, or day and time, of collection")),
    ("clock", _("Clock time of collection")),
    ("marker", _("Name or code of the marker")),
    ("loinc", _("LOINC code")),
    ("value", _("Value")),
    ("unit", _("Unit")),
    (UNIT_BEFORE, _("Unit of the column before it")),
    ("laboratory", _("Laboratory")),
    ("assay", _("Assay")),
    ("accession", _("Accession number")),
    ("fasting", _("Fasting")),
    ("haemolysis", _("Haemolysis")),
    ("biotin", _("Biotin")),
    ("g_csf", _("G-CSF")),
    ("steroid", _("Steroid")),
    ("note", _("Note on the draw")),
    ("reference", _("Reference range")),
    ("reference_low", _("Lower reference limit")),
    ("reference_high", _("Upper reference limit")),
    ("status", _("Status of the result")),
    ("interpretation", _("Flag of the laboratory")),
    ("name", _("Name of the patient")),
    ("sex", _("Sex")),
    ("birth_date", _("Date of birth")),
)
DATE_ORDERS: Final = (
    ("", _("only those that can be read in one way")),
    ("dmy", _("day first: 13/03/2024")),
    ("mdy", _("month first: 03/13/2024")),
    ("excel1900", _("day numbers of Excel: 45364")),
    ("excel1904", _("day numbers of Excel for Mac, counted from 1904")),
)
AUTOMATIC: Final = _("find out from the file")


class ReadingForm(PlainWidgets, forms.Form):
    """How the file is read before its columns mean anything."""

    sheet = forms.ChoiceField(label=_("Sheet"), required=False)
    header_line = forms.IntegerField(
        label=_("Line of the column names"),
        min_value=1,
        max_value=200,
        error_messages={"required": _("Write in which line the column names stand, such as 1.")},
    )
    encoding = forms.ChoiceField(
        label=_("Encoding"),
        required=False,
        choices=[
            ("", AUTOMATIC),
            ("utf-8", "UTF-8"),
            ("gb18030", "GB18030 (GBK, GB2312)"),
            ("cp1252", "Windows-1252 (Latin-1)"),
            ("utf-16-le", "UTF-16 LE"),
            ("utf-16-be", "UTF-16 BE"),
        ],
    )
    delimiter = forms.ChoiceField(
        label=_("Separator"),
        required=False,
        choices=[("", AUTOMATIC), (",", _("comma")), (";", _("semicolon")), ("tab", _("tab")), ("|", _("bar |"))],
    )
    decimal = forms.ChoiceField(
        label=_("Decimal sign"),
        required=False,
        choices=[("", AUTOMATIC), ("point", _("point: 4.7")), ("comma", _("comma: 4,7"))],
    )
    date_order = forms.ChoiceField(
        label=_("Dates"),
        required=False,
        choices=DATE_ORDERS,
    )

    collected_on = date_field(_("Day of collection of the whole file"), required=False)

    def __init__(self, *args: Any, sheets: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["collected_on"].help_text = _(
            "Only where the file has no column for it. It holds for this file alone and is not remembered."
        )
        self.fields["collected_on"].widget.attrs["max"] = timezone.localdate().isoformat()
        if sheets:
            sheet = self.fields["sheet"]
            assert isinstance(sheet, forms.ChoiceField)
            sheet.choices = [(title, title) for title in sheets]
            for name in ("encoding", "delimiter"):
                del self.fields[name]
        else:
            del self.fields["sheet"]
        self.dress()

    def clean_collected_on(self) -> dt.date | None:
        day: dt.date | None = not_in_future(self.cleaned_data["collected_on"])
        if day is not None and day.year < FIRST_YEAR:
            raise forms.ValidationError(_("This day lies before %(year)s."), params={"year": str(FIRST_YEAR)})
        return day

    def mapping(self) -> FileMapping:
        """What was said so far, without columns."""
        said = self.cleaned_data
        day = said["collected_on"]
        return FileMapping(
            columns=(),
            header_line=said["header_line"],
            sheet=said.get("sheet", ""),
            encoding=said.get("encoding", ""),
            delimiter="\t" if said.get("delimiter") == "tab" else said.get("delimiter", ""),
            decimal=said["decimal"],
            date_order=said["date_order"],
            collected_on=day.isoformat() if day else "",
        )


@dataclass(frozen=True, slots=True)
class ColumnRow:
    """One column on the page."""

    number: int
    header: str
    examples: tuple[str, ...]
    role: forms.BoundField
    unit: forms.BoundField


class ColumnsForm(PlainWidgets, forms.Form):
    """A role for every column of one line of column names."""

    def __init__(
        self,
        data: Any = None,
        *,
        headers: Sequence[str],
        said: Sequence[ColumnSaid] = (),
        collected_on: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        self.collected_on = collected_on
        self.headers = tuple(headers)
        guess = tuple(said) if len(said) == len(headers) else proposed(headers)
        choices = [*ROLES, (_("Values of a marker"), _markers())]
        for place, header in enumerate(self.headers):
            column = guess[place]
            name = header or _("column %(number)s without a name") % {"number": place + 1}
            before = guess[place - 1].unit_beside if place else False
            role = f"{RESULTS}:{column.marker}" if column.role == RESULTS else UNIT_BEFORE if before else column.role
            self.fields[f"role_{place}"] = forms.ChoiceField(
                label=_("Meaning of %(column)s") % {"column": name}, choices=choices, required=False, initial=role
            )
            self.fields[f"unit_{place}"] = forms.CharField(
                label=_("Unit of %(column)s") % {"column": name},
                required=False,
                max_length=40,
                initial=column.unit,
                widget=forms.TextInput(attrs={"spellcheck": "false"}),
            )
        self.fields["headers"] = forms.CharField(widget=forms.HiddenInput, initial=fingerprint(self.headers))
        self.dress()

    def rows(self, lines: Sequence[Sequence[str]]) -> Iterator[ColumnRow]:
        for place, header in enumerate(self.headers):
            found = [line[place] for line in lines if place < len(line) and line[place]]
            examples = tuple(dict.fromkeys(found))[:3]
            yield ColumnRow(place + 1, header, examples, self[f"role_{place}"], self[f"unit_{place}"])

    def columns(self) -> tuple[ColumnSaid, ...]:
        said = [self._column(place, header) for place, header in enumerate(self.headers)]
        return tuple(said)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        columns = self.columns()
        for place, column in enumerate(columns):
            if column.role == RESULTS and not column.unit_beside:
                self._check_unit(place, column)
            if self.cleaned_data[f"role_{place}"] == UNIT_BEFORE and (place == 0 or columns[place - 1].role != RESULTS):
                self.add_error(f"role_{place}", _("The column before it holds no values of a marker."))
        try:
            columns_said(FileMapping(columns=columns, collected_on=self.collected_on), self.headers)
        except FileRefused as refused:
            self.add_error(None, explain(refused.code, refused.params))
            if ASKED["collected"] in refused.params.get("missing", "").split(", "):
                self.add_error(
                    None, _("Choose the column that holds the day, or give the day of collection of the whole file.")
                )
        return cleaned

    def _column(self, place: int, header: str) -> ColumnSaid:
        role = self.cleaned_data[f"role_{place}"]
        if not role.startswith(f"{RESULTS}:"):
            return ColumnSaid(header=header, role="" if role == UNIT_BEFORE else role)
        beside = self.cleaned_data.get(f"role_{place + 1}") == UNIT_BEFORE
        unit = "" if beside else self.cleaned_data[f"unit_{place}"]
        return ColumnSaid(header=header, role=RESULTS, marker=role.partition(":")[2], unit=unit, unit_beside=beside)

    def _check_unit(self, place: int, column: ColumnSaid) -> None:
        try:
            canonicalise(catalogue().marker(column.marker), Decimal(1), column.unit)
        except UnitProblem as problem:
            self.add_error(f"unit_{place}", explain(problem.code, problem.params))


def _markers() -> list[tuple[str, str]]:
    return [(f"{RESULTS}:{one.code}", one.short_name) for one in catalogue().markers if not one.derived]

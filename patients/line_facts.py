"""What one draw of a page of several says of itself: when, under which number, and in what state the sample was."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from patients.forms import DrawForm
from patients.laboratory_profile import of_laboratory
from patients.models import Draw, Patient
from patients.sheets import LINE_FACTS, Sheet

_FIELDS: Final = {"time": "collected_time"}  # of DrawForm, where it has another name
LONGEST_TIME: Final = 8
# Short enough for a narrow column; the heading asks.
_HEADS: Final = {
    "time": _("Time"),
    "accession": _("Accession number"),
    "fasting": _("Fasting"),
    "haemolysis": _("Haemolysed"),
    "biotin": _("Biotin"),
    "g_csf": _("G-CSF"),
    "steroid": _("Steroid"),
}
_YES_NO: Final = {"unknown": _("not known"), "yes": _("yes"), "present": _("yes"), "no": _("no"), "none": _("no")}


@dataclass(frozen=True, slots=True)
class Option:
    """One choice; `names` is everything a spreadsheet may call it."""

    value: str
    label: Any
    names: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFact:
    """One field of one draw. Without options it is text; of a draw on record only `shown` counts."""

    name: str
    label: Any
    value: str
    shown: Any
    options: tuple[Option, ...] = ()
    errors: tuple[str, ...] = ()
    longest: int = LONGEST_TIME


class LineForm(DrawForm):
    """The facts of one draw among many. `numbered`: draws that have an accession number of the page, read at once."""

    def __init__(self, *args: Any, numbered: Collection[Draw] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.numbered = numbered

    def _other_of_the_accession(self, at: dt.datetime) -> Draw | None:
        if self.numbered is None:
            return super()._other_of_the_accession(at)
        asked = (self.patient.pk, self.cleaned_data.get("accession"))
        mine = (row for row in self.numbered if (row.patient_id, row.accession) == asked)
        same = of_laboratory(self.cleaned_data.get("laboratory", ""), mine)
        other = next((row for row in same if row.collected_at != at), None)
        if other and not (other.time_known and self.time_known):
            return None if timezone.localdate(other.collected_at) == timezone.localdate(at) else other
        return other

    @property
    def moment(self) -> dt.datetime | None:
        """When the blood was taken, as far as that reads, whatever else is wrong; None without a day."""
        self.is_valid()
        day = self.cleaned_data.get("collected_on")
        if day is None:
            return None
        clock = self.cleaned_data.get("collected_time") or dt.time()
        return timezone.make_aware(dt.datetime.combine(day, clock))


def line_form(patient: Patient, sheet: Sheet, key: str, *, day: str, numbered: Collection[Draw] | None) -> LineForm:
    """What was not said of a draw is as on a page that was just opened."""
    fresh = {name: field.initial or "" for name, field in DrawForm.base_fields.items()}
    said = {_FIELDS.get(name, name): text for name, text in sheet.line_facts(key).items()}
    page = {"collected_on": day, "laboratory": sheet.fact("laboratory"), "same_day": sheet.fact(f"same_day_{key}")}
    return LineForm(fresh | said | page, patient=patient, numbered=numbered)


def numbered_draws(patient_ids: Collection[int], sheet: Sheet) -> list[Draw]:
    """The draws on record that have one of the accession numbers of the page; one query, or none."""
    typed = {text.strip() for name, text in sheet.context.items() if name.startswith("accession_")} - {""}
    if not typed:
        return []
    return list(Draw.objects.filter(patient_id__in=patient_ids, accession__in=typed).order_by("pk"))


def facts_of_form(form: LineForm) -> list[LineFact]:
    """The fields as they were typed."""
    return [_typed(form, name) for name in LINE_FACTS]


def facts_of_draw(draw: Draw) -> list[LineFact]:
    """What is on record of the draw."""
    clock = timezone.localtime(draw.collected_at).strftime("%H:%M") if draw.time_known else ""
    said: Mapping[str, str] = {name: getattr(draw, name) for name in LINE_FACTS if name != "time"} | {"time": clock}
    return [
        LineFact(name=name, label=_HEADS[name], value=said[name], shown=_YES_NO.get(said[name], said[name]))
        for name in LINE_FACTS
    ]


def heads() -> list[tuple[str, Any]]:
    return [(name, _HEADS[name]) for name in LINE_FACTS]


def fasting_options() -> tuple[Option, ...]:
    return _options("fasting", DrawForm.base_fields["fasting"].choices)  # type: ignore[attr-defined]  # ChoiceField


def _typed(form: LineForm, name: str) -> LineFact:
    bound = form[_FIELDS.get(name, name)]
    choices: Sequence[tuple[str, Any]] = getattr(bound.field, "choices", ())
    value = str(bound.value() or "")
    return LineFact(
        name=name,
        label=_HEADS[name],
        value=value,
        shown=value,
        options=_options(name, choices),
        errors=tuple(str(error) for error in bound.errors),
        longest=getattr(bound.field, "max_length", None) or LONGEST_TIME,
    )


def _options(name: str, choices: Sequence[tuple[str, Any]]) -> tuple[Option, ...]:
    """Not known first: nothing is guessed."""
    ordered = sorted(choices, key=lambda choice: choice[0] != "unknown")
    return tuple(
        Option(value, _YES_NO[value], "|".join((value, str(_YES_NO[value]), str(label)))) for value, label in ordered
    )

"""Choosing a clinic: the day, the laboratory, the markers and whose papers lie there."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Sequence
from typing import Any

from django import forms
from django.db import models
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from patients.catalogue import catalogue
from patients.entry import DEFAULT_PANEL, with_whole
from patients.forms import PlainWidgets, date_field, not_in_future
from patients.models import FollowUpPlan, Patient, PatientIdentifier
from patients.name_keys import number_key, tidy_number
from patients.sheets import MOST_CELLS

MOST_NUMBERS = 200


class Panel(models.TextChoices):
    USUAL = "usual", _("the usual panel")
    PLANS = "plans", _("what the plans of these patients ask for")
    CHOSEN = "chosen", _("the markers ticked below")


def numbers_in(text: str) -> list[str]:
    """Hospital numbers as they were pasted or scanned: one a line, or set apart by commas, semicolons or tabs."""
    found = (" ".join(part.split()) for part in re.split(r"[\n\r\t,;，；、]+", text))  # Chinese commas, too
    return list(dict.fromkeys(number for number in found if number))


def find_numbers(mine: QuerySet[Patient], numbers: Sequence[str]) -> tuple[list[int], list[str]]:
    """The patients of exactly these numbers, in their order, and the numbers that lead to no one patient. One query."""
    rows = PatientIdentifier.objects.filter(patient__in=mine, key__in={number_key(number) for number in numbers})
    owners: dict[str, set[int]] = {}
    for value, patient_id in rows.values_list("value", "patient_id"):
        owners.setdefault(tidy_number(value).lower(), set()).add(patient_id)
    found: list[int] = []
    unknown: list[str] = []
    for number in numbers:
        whose = owners.get(tidy_number(number).lower(), set())
        if len(whose) == 1:
            found += whose
        else:
            unknown.append(number)
    return list(dict.fromkeys(found)), unknown


def not_found(numbers: Sequence[str]) -> str:
    """The same words for a number that does not exist and for one of somebody else's patient."""
    return gettext("No patient of your teams has exactly this number: %(numbers)s.") % {"numbers": ", ".join(numbers)}


class ClinicForm(PlainWidgets, forms.Form):
    day = date_field(_("Collected on"))
    laboratory = forms.CharField(label=_("Laboratory"), max_length=80, required=False)
    panel = forms.ChoiceField(label=_("Markers"), choices=Panel.choices, initial=Panel.USUAL, widget=forms.RadioSelect)
    markers = forms.MultipleChoiceField(
        label=_("Markers to enter"), required=False, widget=forms.CheckboxSelectMultiple
    )
    due = forms.MultipleChoiceField(label=_("Draws that are due"), required=False, widget=forms.CheckboxSelectMultiple)
    numbers = forms.CharField(
        label=_("Hospital numbers"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        help_text=_("One a line, pasted or scanned. They come in this order, after the patients ticked above."),
    )

    def __init__(self, *args: Any, mine: QuerySet[Patient], due: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.mine = mine
        self.unknown: list[str] = []
        self.patients: list[int] = []
        entered = [marker for marker in catalogue().markers if not marker.derived]
        self.fields["markers"].choices = [  # type: ignore[attr-defined]  # a MultipleChoiceField
            (marker.code, marker.short_name) for marker in entered
        ]
        self.fields["due"].choices = due  # type: ignore[attr-defined]  # a MultipleChoiceField
        self.dress()
        for name in ("panel", "markers", "due"):
            self.fields[name].widget.attrs["class"] = "form-check-input"

    def clean_day(self) -> dt.date | None:
        return not_in_future(self.cleaned_data["day"])

    def clean_numbers(self) -> str:
        text: str = self.cleaned_data["numbers"]
        numbers = numbers_in(text)
        if len(numbers) > MOST_NUMBERS:
            raise forms.ValidationError(
                gettext("%(count)d numbers are more than one page holds. Take at most %(limit)d.")
                % {"count": len(numbers), "limit": MOST_NUMBERS}
            )
        self.patients, self.unknown = find_numbers(self.mine, numbers)
        return text

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self.errors:
            return data
        self.patients = list(dict.fromkeys([*(int(pk) for pk in data["due"]), *self.patients]))
        codes = self.codes(data)
        if not self.patients:
            nobody = not_found(self.unknown) if self.unknown else gettext("Tick patients or type their numbers.")
            self.add_error("numbers", nobody)
        if not codes:
            self.add_error("markers", gettext("Tick at least one marker."))
        elif len(self.patients) * len(codes) > MOST_CELLS:
            self.add_error("numbers", too_many(len(self.patients), len(codes)))
        return data

    def codes(self, data: dict[str, Any]) -> Collection[str]:
        if data["panel"] == Panel.CHOSEN:
            return set(data["markers"])
        if data["panel"] == Panel.PLANS:
            plans = FollowUpPlan.objects.filter(patient__in=self.patients, is_active=True)
            return with_whole(set(plans.values_list("panel", flat=True)) - {None} or DEFAULT_PANEL)
        return set(DEFAULT_PANEL)


def too_many(patients: int, markers: int) -> str:
    return gettext(
        "%(patients)d patients with %(markers)d markers are more cells than one page holds, %(limit)d. Take fewer."
    ) % {"patients": patients, "markers": markers, "limit": MOST_CELLS}


def fresh() -> dict[str, Any]:
    return {"day": timezone.localdate(), "panel": Panel.USUAL, "markers": list(DEFAULT_PANEL)}

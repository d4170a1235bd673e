"""What is typed about a draw that is on record: what it should say of itself, and why it is corrected."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from patients.forms import DrawForm, PlainWidgets
from patients.models import Draw, Patient
from patients.services import NewDraw
from patients.services.draw_facts import FACTS, MOMENT, facts_of

OTHER_FIELDS: Final = ("collected_on", "collected_time", "second_draw")


def fields_of(facts: Mapping[str, str]) -> dict[str, str]:
    """The form's fields for facts as text: the moment is a day and a time there."""
    day, _t, clock = facts[MOMENT].partition("T")
    rest = {name: text for name, text in facts.items() if name != MOMENT}
    return {"collected_on": day, "collected_time": clock[:5], **rest}


def reason_field(label: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=300,
        error_messages={"required": _("A correction needs its reason. Say in a few words why the record was wrong.")},
    )


class AmendForm(DrawForm):
    """The facts of a draw that is on record, and the reason of the whole correction."""

    reason = reason_field(_("Why is it corrected?"))
    second_draw = forms.BooleanField(label=_("This is a second draw of that day"), required=False)

    def __init__(self, *args: Any, patient: Patient, draw: Draw, **kwargs: Any) -> None:
        super().__init__(*args, patient=patient, **kwargs)
        self.draw = draw
        for name in set(self.fields) - {*FACTS, *OTHER_FIELDS, "reason"}:
            del self.fields[name]
        for name, text in fields_of(facts_of(draw)).items():
            self.fields[name].widget.attrs["data-base"] = text  # what the record says, for the page to mark changes

    @property
    def collected_at(self) -> dt.datetime:
        """The moment on record where the page says the same: it shows no seconds and must not lose them."""
        local, data = timezone.localtime(self.draw.collected_at), self.cleaned_data
        clock = local.time().replace(second=0, microsecond=0) if self.draw.time_known else None
        typed = data["collected_time"]
        if data["collected_on"] == local.date() and (typed.replace(second=0) if typed else None) == clock:
            return self.draw.collected_at
        return super().collected_at

    @property
    def facts(self) -> NewDraw:
        """The draw as it should read."""
        rest = {name: self.cleaned_data[name] for name in FACTS if name != MOMENT}
        return NewDraw(collected_at=self.collected_at, time_known=self.time_known, **rest)

    def _other_of_the_accession(self, at: dt.datetime) -> Draw | None:
        """Asked by the service, under its lock; the draw's own number is no other's."""
        return None


class TakeBackForm(PlainWidgets, forms.Form):
    """Why all values of a draw are taken back."""

    reason = reason_field(_("Why is the whole draw taken back?"))

    prefix = "whole"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dress()

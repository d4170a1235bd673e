"""What people type about the follow-up plan and about calls. The rules are the services'; a form reads and keeps."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from patients.catalogue import catalogue
from patients.forms import EventForm, PlainWidgets, date_field
from patients.models import CallOutcome, FollowUpPlan, Patient
from patients.models.calls import LONGEST_NOTE
from patients.models.plan import LONGEST_REASON, MOST_WEEKS


class PlanForm(EventForm, forms.Form):
    markers = forms.MultipleChoiceField(
        label=_("Panel"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one marker.")},
    )
    every_weeks = forms.IntegerField(label=_("Every (weeks)"), min_value=1, max_value=MOST_WEEKS)
    starts_on = date_field(_("From"))

    def __init__(self, *args: Any, patient: Patient, **kwargs: Any) -> None:
        super().__init__(*args, patient=patient, **kwargs)
        self.fields["markers"].choices = [  # type: ignore[attr-defined]  # a MultipleChoiceField
            (marker.code, marker.short_name) for marker in catalogue().markers if not marker.derived
        ]

    def clean_starts_on(self) -> dt.date | None:
        return self.day_of_life(self.cleaned_data["starts_on"])

    @staticmethod
    def initial_of(plan: FollowUpPlan | None, *, default_panel: tuple[str, ...]) -> dict[str, Any]:
        if plan is None:
            return {"markers": list(default_panel), "every_weeks": 6, "starts_on": timezone.localdate()}
        return {
            "markers": [marker.code for marker in plan.panel.all()],
            "every_weeks": plan.every_weeks,
            "starts_on": plan.starts_on,
        }


class PagePart(PlainWidgets, forms.Form):
    """One of several forms of a page: its fields have ids of their own, the names sent are the plain ones."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", f"{type(self).__name__.lower()}_%s")
        super().__init__(*args, **kwargs)
        self.dress()


class CallForm(PagePart):
    outcome = forms.ChoiceField(
        label=_("What came of the call"),
        choices=[("", _("choose")), *CallOutcome.choices],
        error_messages={"required": _("Choose what came of the call.")},
    )
    comes_on = date_field(_("Comes on"), required=False)
    call_again_on = date_field(_("Call again on"), required=False)
    note = forms.CharField(label=_("Note"), max_length=LONGEST_NOTE, required=False)


class PauseForm(PagePart):
    until = date_field(_("Paused until"))
    reason = forms.CharField(
        label=_("Why it is paused"),
        max_length=LONGEST_REASON,
        error_messages={"required": _("Say why, in a few words.")},
    )


class StopForm(PagePart):
    reason = forms.CharField(
        label=_("Why it is stopped"),
        max_length=LONGEST_REASON,
        error_messages={"required": _("Say why, in a few words.")},
    )

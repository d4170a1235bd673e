"""The small forms of an alert: one a step. The rules are the services'; a form reads, and keeps what was typed.

Only what can be read wrongly is said here (a day that is none); what is missing or not possible the service says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from monitoring.alert_panel import AlertView
from monitoring.alert_states import State, steps_from
from monitoring.alert_wording import study_text
from monitoring.models import AlertState, Outcome
from monitoring.services import LONGEST_COMMENT
from patients.forms import PlainWidgets, date_field
from patients.models import Finding, ImagingStudy, Modality

MOST_DIGITS: Final = 18  # of a row's id
OUTCOME_OF: Final[dict[str, str]] = {
    Finding.BONE_METASTASIS: Outcome.BONE_METASTASIS,
    Finding.NONE: Outcome.NOTHING_FOUND,
}


@dataclass(frozen=True, slots=True)
class Offers:
    """What the page offers to choose from: the patient's imaging, the newest first, and who may keep the alert."""

    studies: Sequence[ImagingStudy]
    keepers: Sequence[User]


def comment_field(label: Any, *, hint: Any = "") -> forms.CharField:
    # Its length is the service's to refuse, so that what is too long is kept and said as everything else is.
    widget = forms.Textarea(attrs={"rows": 2, "maxlength": LONGEST_COMMENT, "placeholder": hint})
    return forms.CharField(label=label, required=False, widget=widget)


class OfferedField(forms.ChoiceField):
    """A choice from what the page offers; whether it may be chosen the service says."""

    def valid_value(self, value: object) -> bool:
        return True


class OfferedRow(OfferedField):
    """The same of rows: their ids."""

    def clean(self, value: Any) -> int | None:
        text = super().clean(value)
        if text and not (text.isascii() and text.isdigit() and len(text) < MOST_DIGITS):
            raise forms.ValidationError(gettext("Choose one from the list."))
        return int(text) if text else None


class StepForm(PlainWidgets, forms.Form):
    """One step with one alert: its fields have ids of their own, the names sent are the plain ones.

    Without a `view` it reads what was sent; with one it is shown.
    """

    name: ClassVar[str]  # of the step, and with `alert_` before it of the address
    title: ClassVar[Any]
    button: ClassVar[Any]
    needs: ClassVar[frozenset[str]] = frozenset()  # what the service wants: these labels do not say "optional"
    unfolded = False
    seen = forms.IntegerField(
        widget=forms.HiddenInput,
        error_messages={
            name: _("It is not known what of this alert you had seen. Look at it as it stands now, then send again.")
            for name in ("required", "invalid")
        },
    )

    def __init__(self, data: Any = None, *, view: AlertView | None = None, offers: Offers | None = None) -> None:
        at = view.alert.pk if view else 0
        super().__init__(data, auto_id=f"{self.name}_{at}_%s", initial={"seen": view.seen} if view else None)
        self.dress()
        for field in self.needs:
            self.fields[field].widget.attrs["required"] = True
        if view and offers:
            self.offer(view, offers)

    def offer(self, view: AlertView, offers: Offers) -> None:
        """What can be chosen, and what is chosen beforehand."""

    @property
    def address(self) -> str:
        return f"alert_{self.name}"

    @property
    def rows(self) -> list[tuple[forms.BoundField, bool]]:
        """The fields that are seen, and whether each may be left empty."""
        return [(field, field.name not in self.needs) for field in self.visible_fields()]


class AcknowledgeForm(StepForm):
    name, title, button = "acknowledge", _("Acknowledge"), _("Acknowledge")
    needs = frozenset({"comment"})
    comment = comment_field(_("Your comment"), hint=_("What you think of it, or what you will do"))


class RepeatForm(StepForm):
    name, title, button = "repeat", _("Ask for a repeat draw"), _("Ask for the repeat")
    needs = frozenset({"due_on"})
    due_on = date_field(_("Repeat draw due on"), required=False)
    comment = comment_field(_("Your comment"))


class ImagingForm(StepForm):
    name, title, button = "imaging", _("Ask for imaging"), _("Ask for the imaging")
    needs = frozenset({"modality"})
    modality = OfferedField(label=_("Modality"), choices=[("", _("choose")), *Modality.choices], required=False)
    due_on = date_field(_("Expected by"), required=False)
    comment = comment_field(_("Your comment"))

    def offer(self, view: AlertView, offers: Offers) -> None:
        if view.alert.state == AlertState.IMAGING_REQUESTED:
            self.initial.update({"modality": view.alert.modality, "due_on": view.alert.due_on})


class CloseForm(StepForm):
    name, title, button = "close", _("Close with an outcome"), _("Close the alert")
    needs = frozenset({"outcome"})
    outcome = OfferedField(label=_("What came of it"), choices=[("", _("choose")), *Outcome.choices], required=False)
    study = OfferedRow(label=_("Imaging that showed it"), required=False)
    comment = comment_field(_("Reason"), hint=_("Needed unless the imaging says it"))

    def offer(self, view: AlertView, offers: Offers) -> None:
        """The newest study since imaging was asked for is offered as its result, with what it says."""
        field = self.fields["study"]
        assert isinstance(field, OfferedRow)
        field.choices = [("", _("no imaging named")), *((one.pk, study_text(one)) for one in offers.studies)]
        if view.results:
            result = view.results[0]
            self.initial.update({"study": result.pk, "outcome": OUTCOME_OF.get(result.finding, "")})


class SnoozeForm(StepForm):
    name, title, button = "snooze", _("Snooze"), _("Snooze")
    needs = frozenset({"until", "comment"})
    until = date_field(_("Until the morning of"), required=False)
    comment = comment_field(_("Reason"))


class WakeForm(StepForm):
    name, title, button = "wake", _("End the snooze"), _("End the snooze now")


class HandOverForm(StepForm):
    name, title, button = "hand_over", _("Hand over"), _("Hand over")
    needs = frozenset({"owner", "comment"})
    owner = OfferedRow(label=_("Hand over to"), required=False)
    comment = comment_field(_("What they should know"))

    def offer(self, view: AlertView, offers: Offers) -> None:
        field = self.fields["owner"]
        assert isinstance(field, OfferedRow)
        others = [one for one in offers.keepers if one.pk != view.alert.owner_id]
        field.choices = [("", _("choose")), *((one.pk, str(one)) for one in others)]


STEPS: Final[tuple[tuple[State, type[StepForm]], ...]] = (
    (State.ACKNOWLEDGED, AcknowledgeForm),
    (State.REPEAT_REQUESTED, RepeatForm),
    (State.IMAGING_REQUESTED, ImagingForm),
    (State.CLOSED, CloseForm),
)


def possible_steps(view: AlertView) -> list[type[StepForm]]:
    """What may be done from where the alert stands, in the order of the way; then what moves it nowhere."""
    legal = steps_from(view.alert.state)
    keeping: list[type[StepForm]] = [WakeForm if view.sleeps else SnoozeForm, HandOverForm]
    return [form for state, form in STEPS if state in legal] + keeping


def unfolded_step(view: AlertView) -> str:
    """The step that most probably comes next stands open: the answer, or the result that has come."""
    if view.results:
        return CloseForm.name
    return AcknowledgeForm.name if view.is_open and not view.sleeps else ""

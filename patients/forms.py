"""What people type about patients, draws and events, checked before a service hears of it."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from patients.forms_context import taken_field
from patients.laboratory_profile import of_laboratory
from patients.models import (
    Condition,
    Draw,
    Fasting,
    Finding,
    Haemolysis,
    ImagingStudy,
    Patient,
    SkeletalEvent,
    Treatment,
)
from patients.same_day import SameDay

# The first is what a browser's date field sends; month letters are unambiguous. 03/04/2026 is not taken.
DATE_FORMATS = ["%Y-%m-%d", "%d-%b-%Y"]
TIME_FORMATS = ["%H:%M", "%H:%M:%S"]
LONGEST_LIFE = 130  # years


def short_date(day: dt.date) -> str:
    return date_format(day, "SHORT_DATE_FORMAT")


def date_field(label: Any, *, required: bool = True) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=required,
        input_formats=DATE_FORMATS,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"invalid": _("This is not a date. Write it like 2026-03-09.")},
    )


def not_in_future(day: dt.date | None) -> dt.date | None:
    today = timezone.localdate()
    if day is not None and day > today:
        raise forms.ValidationError(
            gettext("%(day)s lies in the future. Today is %(today)s.")
            % {"day": short_date(day), "today": short_date(today)}
        )
    return day


def refuse_longer_than_a_life(day: dt.date | None) -> None:
    """A slip of the year, like 0206 for 2026."""
    if day is not None and timezone.localdate().year - day.year > LONGEST_LIFE:
        raise forms.ValidationError(gettext("That is more than 130 years ago. Check the year."))


def end_before_start(started: dt.date | None, ended: dt.date | None) -> str:
    """What is to be said of an end before its start; '' of any other."""
    if started is None or ended is None or ended >= started:
        return ""
    return gettext("The end cannot be before the start, %(started)s.") % {"started": short_date(started)}


class PlainWidgets:
    """Gives every field the look of the others."""

    fields: dict[str, forms.Field]

    def dress(self) -> None:
        for field in self.fields.values():
            if isinstance(field.widget, forms.CheckboxSelectMultiple):
                continue
            css = "form-select" if isinstance(field.widget, forms.Select) else "form-control"
            field.widget.attrs.setdefault("class", css)
            field.widget.attrs.setdefault("autocomplete", "off")


class SearchForm(PlainWidgets, forms.Form):
    q = forms.CharField(label=_("Number or name"), max_length=100, required=False, strip=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dress()
        self.fields["q"].widget.attrs.update({"type": "search", "spellcheck": "false"})


class DrawForm(PlainWidgets, forms.Form):
    """When and how the blood was taken. The values are read by `patients.entry`."""

    collected_on = date_field(_("Collected on"))
    collected_time = forms.TimeField(
        label=_("At (if known)"),
        required=False,
        input_formats=TIME_FORMATS,
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        error_messages={"invalid": _("This is not a time. Write it like 08:15.")},
    )
    laboratory = forms.CharField(label=_("Laboratory"), max_length=80, required=False)
    accession = forms.CharField(label=_("Accession number"), max_length=64, required=False)
    fasting = forms.ChoiceField(label=_("Fasting"), choices=Fasting.choices, initial=Fasting.UNKNOWN)
    haemolysis = forms.ChoiceField(label=_("Haemolysis"), choices=Haemolysis.choices, initial=Haemolysis.UNKNOWN)
    biotin = taken_field(_("Biotin"), help_text=_("Vitamin B7, also in hair and nail tablets"))
    g_csf = taken_field(_("G-CSF"))
    steroid = taken_field(_("Steroid"))
    same_day = forms.ChoiceField(
        label=_("What is this paper?"), choices=SameDay.choices, widget=forms.RadioSelect, required=False
    )
    # The draw that the question was asked about.
    same_draw = forms.CharField(widget=forms.HiddenInput, required=False, max_length=18)

    def __init__(self, *args: Any, patient: Patient, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.patient = patient
        self.dress()
        self.fields["same_day"].widget.attrs["class"] = "form-check-input"
        attrs = self.fields["collected_on"].widget.attrs
        attrs["max"] = timezone.localdate().isoformat()
        if patient.birth_date:
            attrs["min"] = patient.birth_date.isoformat()

    def clean_collected_on(self) -> dt.date | None:
        day = not_in_future(self.cleaned_data["collected_on"])
        refuse_longer_than_a_life(day)
        if day and self.patient.birth_date and day < self.patient.birth_date:
            raise forms.ValidationError(
                gettext("%(day)s is before the date of birth, %(born)s.")
                % {"day": short_date(day), "born": short_date(self.patient.birth_date)}
            )
        return day

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if "collected_on" not in data or "collected_time" not in data:
            return data
        at = self.collected_at
        if at > timezone.now():
            self.add_error("collected_time", _("This time lies in the future. When was the blood taken?"))
        elif other := self._other_of_the_accession(at):
            when = date_format(timezone.localtime(other.collected_at), "SHORT_DATETIME_FORMAT")
            self.add_error(
                "accession",
                gettext("This number belongs to the draw of %(when)s. Check the number, or the day and time.")
                % {"when": when},
            )
        return data

    @property
    def time_known(self) -> bool:
        return self.cleaned_data["collected_time"] is not None

    @property
    def collected_at(self) -> dt.datetime:
        """In the clinic's time zone; the start of the day where only the day is known."""
        clock = self.cleaned_data["collected_time"] or dt.time()
        naive = dt.datetime.combine(self.cleaned_data["collected_on"], clock)
        return timezone.make_aware(naive, timezone.get_current_timezone())

    def _other_of_the_accession(self, at: dt.datetime) -> Draw | None:
        """A draw is known by its accession number, so the same number at another time would join the wrong draw."""
        data = self.cleaned_data
        if not data.get("accession"):
            return None
        same = Draw.objects.filter(patient=self.patient, accession=data["accession"]).exclude(collected_at=at)
        other = next(of_laboratory(data.get("laboratory", ""), same.order_by("pk")), None)
        if other and not (other.time_known and self.time_known):
            # One of the two gives the day alone: the same number on the same day is the same draw.
            return None if timezone.localdate(other.collected_at) == timezone.localdate(at) else other
        return other


class EventForm(PlainWidgets):
    """What the forms of events share: the patient they are about."""

    def __init__(self, *args: Any, patient: Patient, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.patient = patient
        self.dress()

    def past_day(self, day: dt.date | None) -> dt.date | None:
        return self.day_of_life(not_in_future(day))

    def day_of_life(self, day: dt.date | None) -> dt.date | None:
        born = self.patient.birth_date
        if day and born and day < born:
            raise forms.ValidationError(
                gettext("%(day)s is before the date of birth, %(born)s.")
                % {"day": short_date(day), "born": short_date(born)}
            )
        return day


class TreatmentForm(EventForm, forms.ModelForm):  # type: ignore[type-arg]  # generic for the type checker only
    started_on = date_field(_("Started"))
    ended_on = date_field(_("Ended"), required=False)

    class Meta:
        model = Treatment
        fields: ClassVar[list[str]] = ["kind", "name", "line", "started_on", "ended_on"]

    def clean_started_on(self) -> dt.date | None:
        return self.past_day(self.cleaned_data["started_on"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if early := end_before_start(data.get("started_on"), data.get("ended_on")):
            self.add_error("ended_on", early)
        return data


class ImagingForm(EventForm, forms.ModelForm):  # type: ignore[type-arg]  # generic for the type checker only
    performed_on = date_field(_("Performed"))

    class Meta:
        model = ImagingStudy
        fields: ClassVar[list[str]] = ["performed_on", "modality", "finding", "lesion_type", "sites"]

    def clean_performed_on(self) -> dt.date | None:
        return self.past_day(self.cleaned_data["performed_on"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("finding") == Finding.NONE:
            for field in ("lesion_type", "sites"):
                if data.get(field):
                    self.add_error(field, _("Leave this empty where no bone metastasis was seen."))
        return data


class SkeletalEventForm(EventForm, forms.ModelForm):  # type: ignore[type-arg]  # generic for the type checker only
    occurred_on = date_field(_("Occurred"))

    class Meta:
        model = SkeletalEvent
        fields: ClassVar[list[str]] = ["kind", "occurred_on", "site"]

    def clean_occurred_on(self) -> dt.date | None:
        return self.past_day(self.cleaned_data["occurred_on"])


class ConditionForm(EventForm, forms.ModelForm):  # type: ignore[type-arg]  # generic for the type checker only
    occurred_on = date_field(_("Started"))
    ended_on = date_field(_("Ended"), required=False)

    class Meta:
        model = Condition
        fields: ClassVar[list[str]] = ["kind", "occurred_on", "ended_on", "note"]

    def clean_occurred_on(self) -> dt.date | None:
        return self.past_day(self.cleaned_data["occurred_on"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if early := end_before_start(data.get("occurred_on"), data.get("ended_on")):
            self.add_error("ended_on", early)
        return data

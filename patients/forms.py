"""What people type about patients, draws and events, checked before a service hears of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any, ClassVar

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from patients.catalogue import catalogue
from patients.models import (
    TAKEN_BACK,
    Condition,
    Draw,
    Fasting,
    Finding,
    FollowUpPlan,
    Haemolysis,
    ImagingStudy,
    Patient,
    PatientIdentifier,
    Result,
    SkeletalEvent,
    Treatment,
)
from patients.models.plan import MOST_WEEKS
from patients.services import PatientDetails

# The first is what a browser's date field sends; month letters are unambiguous. 03/04/2026 is not taken.
DATE_FORMATS = ["%Y-%m-%d", "%d-%b-%Y"]
TIME_FORMATS = ["%H:%M", "%H:%M:%S"]
OLDEST_BIRTH = 130


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


class PatientForm(PlainWidgets, forms.ModelForm):  # type: ignore[type-arg]  # generic for the type checker only
    """All that is known of a person. `save()` is never called: `patients.services` writes."""

    birth_date = date_field(_("Date of birth"), required=False)
    diagnosis_date = date_field(_("Date of diagnosis"), required=False)

    class Meta:
        model = Patient
        fields: ClassVar[list[str]] = [
            "name", "birth_date", "sex", "menopausal_status", "smoking", "histology", "stage", "diagnosis_date",
            "baseline_bone_status",
        ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dress()

    def clean_birth_date(self) -> dt.date | None:
        born = not_in_future(self.cleaned_data["birth_date"])
        if born is not None and timezone.localdate().year - born.year > OLDEST_BIRTH:
            raise forms.ValidationError(_("That is more than 130 years ago. Check the year."))
        return born

    def clean_diagnosis_date(self) -> dt.date | None:
        return not_in_future(self.cleaned_data["diagnosis_date"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        born, diagnosed = data.get("birth_date"), data.get("diagnosis_date")
        if born and diagnosed and diagnosed < born:
            self.add_error(
                "diagnosis_date",
                gettext("The diagnosis cannot be before the date of birth, %(born)s.") % {"born": short_date(born)},
            )
        if data.get("menopausal_status") in {"pre", "post"} and data.get("sex") == "male":
            self.add_error("menopausal_status", _("Menopause does not apply to a man: choose “not applicable”."))
        return data

    def details(self) -> PatientDetails:
        return PatientDetails(**{name: self.cleaned_data[name] for name in self.Meta.fields})


class NewPatientForm(PatientForm):
    number = forms.CharField(label=_("Hospital number"), max_length=64)
    care_team = forms.ModelChoiceField(label=_("Care team"), queryset=Team.objects.none(), empty_label=None)

    field_order = ["number", "name", "birth_date", "sex"]

    def __init__(self, *args: Any, teams: Any, mine: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["care_team"].queryset = teams  # type: ignore[attr-defined]  # a ModelChoiceField
        self._mine = mine
        self.dress()

    def clean_number(self) -> str:
        number: str = self.cleaned_data["number"]
        if PatientIdentifier.objects.filter(system="hospital", value=number).exists():
            # Whose it is, is said only of a patient the reader may see.
            known = self._mine.filter(identifiers__system="hospital", identifiers__value=number).first()
            if known is not None:
                raise forms.ValidationError(
                    gettext("%(number)s is %(name)s, who is on record already. Open that record instead.")
                    % {"number": number, "name": known.name}
                )
            raise forms.ValidationError(
                gettext(
                    "%(number)s is on record already and is not free. Check it against the paper; if it is right, ask "
                    "your administrator."
                )
                % {"number": number}
            )
        return number


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
    second_draw = forms.BooleanField(label=_("This is a second draw of that day"), required=False)

    def __init__(self, *args: Any, patient: Patient, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.patient = patient
        self.dress()
        self.fields["second_draw"].widget.attrs["class"] = "form-check-input"
        attrs = self.fields["collected_on"].widget.attrs
        attrs["max"] = timezone.localdate().isoformat()
        if patient.birth_date:
            attrs["min"] = patient.birth_date.isoformat()

    def clean_collected_on(self) -> dt.date | None:
        day = not_in_future(self.cleaned_data["collected_on"])
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

    def ask_about_the_same_day(self, markers: Collection[str]) -> bool:
        """Whether one blood sample may be about to be recorded twice, which would confirm a rise by itself.

        Another draw of that day holds some of these markers, and nobody said yet that blood was taken twice.
        """
        other = self._other_of_the_day(markers)
        if other is None or self.cleaned_data["second_draw"]:
            return False
        when = date_format(
            timezone.localtime(other.collected_at), "SHORT_DATETIME_FORMAT" if other.time_known else "SHORT_DATE_FORMAT"
        )
        self.add_error(
            "second_draw",
            gettext(
                "A draw of %(when)s with some of these markers is on record already. If it is the same blood, give "
                "time and laboratory as they stand there. If blood was taken twice that day, tick this box."
            )
            % {"when": when},
        )
        return True

    def _other_of_the_day(self, markers: Collection[str]) -> Draw | None:
        at, data = self.collected_at, self.cleaned_data
        day = dt.datetime.combine(data["collected_on"], dt.time(), tzinfo=timezone.get_current_timezone())
        that_day = Draw.objects.filter(
            patient=self.patient, collected_at__gte=day, collected_at__lt=day + dt.timedelta(days=1)
        )
        same = Q(laboratory=data["laboratory"], accession=data["accession"])
        this = same if data["accession"] else same & Q(collected_at=at)
        stands = Result.objects.current().exclude(status__in=TAKEN_BACK)
        held = stands.filter(marker_id__in=markers, draw__in=that_day.exclude(this))
        result = held.select_related("draw").order_by("draw__collected_at", "pk").first()
        return None if result is None else result.draw

    def _other_of_the_accession(self, at: dt.datetime) -> Draw | None:
        """A draw is known by its accession number, so the same number at another time would join the wrong draw."""
        data = self.cleaned_data
        if not data.get("accession"):
            return None
        same = Draw.objects.filter(
            patient=self.patient, laboratory=data.get("laboratory", ""), accession=data["accession"]
        )
        return same.exclude(collected_at=at).first()


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

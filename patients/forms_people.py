"""What people type about a patient, the patient's numbers and a merge of two records."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from patients.forms import PlainWidgets, date_field, not_in_future, refuse_longer_than_a_life, short_date
from patients.merge_questions import contradiction, day_of, field_of
from patients.models import Patient, PatientIdentifier
from patients.models.people_merge import LONGEST_REASON
from patients.name_keys import tidy_number
from patients.services import Blood, Pair, PatientDetails

LONGEST_NUMBER_REASON = 100  # what the history of a number holds


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

    def ask_about_namesakes(self, likely: Sequence[Patient]) -> bool:
        """Whether somebody on record may be this person, and nobody said yet that it is another.

        What was confirmed counts for the people that were shown then, not for one who came since.
        """
        shown = {text for text in self.data.get("namesakes", "").split(",") if text}
        unseen = {str(one.pk) for one in likely} - shown
        return bool(likely) and (bool(unseen) or self.data.get("another_person") != "on")

    def clean_birth_date(self) -> dt.date | None:
        born = not_in_future(self.cleaned_data["birth_date"])
        refuse_longer_than_a_life(born)
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
        self.owner: Patient | None = None  # whose the number is that was typed, where the reader may see that
        self.dress()

    def clean_number(self) -> str:
        number = tidy_number(self.cleaned_data["number"])
        if PatientIdentifier.objects.filter(system="hospital", value=number).exists():
            self.owner = self._mine.filter(identifiers__system="hospital", identifiers__value=number).first()
            raise forms.ValidationError(taken(number, self.owner))
        return number


def taken(number: str, owner: Patient | None) -> str:
    """Whose a number is, is said only of a patient the reader may see."""
    if owner is not None:
        return gettext("%(number)s is %(name)s, who is on record already. Open that record instead.") % {
            "number": number,
            "name": owner.name,
        }
    return gettext(
        "%(number)s is on record already and is not free. Check it against the paper; if it is right, ask "
        "your administrator."
    ) % {"number": number}


class NumberForm(PlainWidgets, forms.Form):
    """A further number of a patient who is on record."""

    number = forms.CharField(label=_("New hospital number"), max_length=64)
    reason = forms.CharField(label=_("Why it changed"), max_length=LONGEST_NUMBER_REASON)
    keep_former = forms.BooleanField(label=_("The former number stays in use as well"), required=False)

    def __init__(self, *args: Any, mine: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._mine = mine
        self.owner: Patient | None = None  # whose the number is that was typed, where the reader may see that
        self.dress()
        self.fields["keep_former"].widget.attrs["class"] = "form-check-input"

    def clean_number(self) -> str:
        number = tidy_number(self.cleaned_data["number"])
        if PatientIdentifier.objects.filter(system="hospital", value=number).exists():
            self.owner = self._mine.filter(identifiers__system="hospital", identifiers__value=number).first()
            raise forms.ValidationError(taken(number, self.owner))
        return number


class MergeForm(PlainWidgets, forms.Form):
    """Why two records are one person, and of each pair of draws that may be one blood whether it is."""

    reason = forms.CharField(
        label=_("Why these are one person"),
        max_length=LONGEST_REASON,
        error_messages={"required": _("Write why: who reads the history later will ask.")},
    )

    def __init__(self, *args: Any, pairs: Sequence[Pair] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._pairs = {field_of(pair): pair.key for pair in pairs}
        self.dress()
        for pair in pairs:
            self.fields[field_of(pair)] = forms.ChoiceField(
                label=gettext("Blood of %(day)s") % {"day": day_of(pair)},
                choices=Blood.choices,
                widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
                error_messages={"required": _("Say whether this is one blood or whether blood was taken twice.")},
            )

    @property
    def answers(self) -> dict[tuple[int, int], str]:
        """What was ticked, whatever else is wrong with the form."""
        return {key: self.data[name] for name, key in self._pairs.items() if self.data.get(name) in Blood.values}

    def tell(self, pairs: Sequence[Pair], *, code: str, text: str) -> None:
        """Say why a merge was refused: at the pairs that cannot be one blood, or above where it is of no single one."""
        wrong = [pair for pair in pairs if code == "merge_blood_differs" and pair.contradicts]
        for pair in wrong:
            said = gettext(
                "This cannot be one blood as it stands. %(differences)s. Correct the draw that is wrong, or say that "
                "blood was taken twice."
            ) % {"differences": contradiction(pair.differences)}
            self.add_error(field_of(pair), said)
        if not wrong:
            self.add_error(None, text)

"""What a person says who sends a file."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from patients.access import visible_teams
from patients.forms import PlainWidgets

MOST_BYTES: Final = 100 * 1024 * 1024
MEBIBYTE: Final = 1024 * 1024


class ImportForm(PlainWidgets, forms.Form):
    """A file, whose patients they are, and whether it is meant."""

    file = forms.FileField(
        label=_("CSV or XLSX file"),
        help_text=_(
            "Under a line of column names: one result a line (patient_id, marker, value, unit, collected_at), or one "
            "column a marker, such as CEA (ng/mL). Other columns can be explained in the next step."
        ),
        error_messages={
            "required": _("Choose a file."),
            "empty": _("This file is empty. It must begin with a line of column names."),
        },
        max_length=255,
    )
    care_team = forms.ModelChoiceField(
        label=_("Care team"),
        queryset=Team.objects.none(),
        empty_label=None,
        help_text=_("The import is shown to this team, and patients that are made belong to it."),
    )
    dry_run = forms.BooleanField(required=False)  # which button was pressed
    create_patients = forms.BooleanField(label=_("Make patients that are not on record"), required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = self.fields["care_team"]
        assert isinstance(teams, forms.ModelChoiceField)
        teams.queryset = visible_teams(user)
        self.fields["create_patients"].widget.attrs["class"] = "form-check-input"
        self.dress()
        self.fields["file"].widget.attrs.update(
            {"accept": ".csv,.txt,.tsv,.xlsx,.xlsm,text/csv", "data-most-bytes": MOST_BYTES}
        )

    def clean_file(self) -> UploadedFile[Any]:
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if (file.size or 0) > MOST_BYTES:
            raise forms.ValidationError(
                _("This file is larger than %(limit)s MB. Split it, or have it taken in with import_draws."),
                params={"limit": str(MOST_BYTES // MEBIBYTE)},
            )
        return file

"""Fields about the patient's state at a draw."""

from __future__ import annotations

from typing import Any

from django import forms

from patients.models import Taken


def taken_field(label: Any, *, help_text: Any = "") -> forms.TypedChoiceField:
    """Whether something was taken before the draw; a form that says nothing of it leaves it not known."""
    return forms.TypedChoiceField(
        label=label,
        help_text=help_text,
        choices=Taken.choices,
        initial=Taken.UNKNOWN,
        required=False,
        empty_value=Taken.UNKNOWN,
    )

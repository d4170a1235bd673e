"""The notes of a patient page with the form of each place where one can be written: the patient's own, each alert."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accounts.models import User
from monitoring.forms_note import NoteForm
from monitoring.kept_typing import Typed
from monitoring.note_panel import NotePanel, NoteView, note_panel
from patients.models import Patient


@dataclass(frozen=True, slots=True)
class NoteSection:
    """What was written in one place, and the form to write there."""

    notes: tuple[NoteView, ...]
    form: NoteForm


@dataclass(frozen=True, slots=True)
class NoteSections:
    """Of a whole page; `of_alert` by the alert's id."""

    own: NoteSection
    of_alert: Mapping[int, NoteSection]
    panel: NotePanel


def note_sections(
    user: User, patient: Patient, alerts: list[int], *, sent: NoteForm | None, typed: Typed | None
) -> NoteSections | None:
    """None for who reads no notes. What was refused (`sent`) or not saved (`typed`) stands where it was written."""
    panel = note_panel(user, patient)
    if panel is None:
        return None
    forms = {at: NoteForm(at=at) for at in (0, *alerts)}
    if sent is not None:
        at = _place(str(sent["alert"].value() or ""), alerts)
        forms[at] = NoteForm.again(sent, at=at)
    elif typed is not None:
        at = _place(typed.get("alert", [""])[-1], alerts)
        forms[at] = NoteForm.back(typed, at=at)
    for form in forms.values():
        form.colleagues = panel.colleagues
    return NoteSections(
        own=NoteSection(panel.notes, forms[0]),
        of_alert={at: NoteSection(panel.of_alert.get(at, ()), forms[at]) for at in alerts},
        panel=panel,
    )


def _place(alert: str, alerts: list[int]) -> int:
    return next((at for at in alerts if str(at) == alert), 0)

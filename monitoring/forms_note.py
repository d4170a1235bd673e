"""The forms of a note. What may be written the services say; a form reads, and keeps what was typed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from monitoring.kept_typing import Typed
from monitoring.services import LONGEST_NOTE, LONGEST_REASON
from patients.forms import PlainWidgets

MOST_DIGITS: Final = 18  # of a row's id
NAMELESS: Final = ("alert", "key", "seen")  # what the page sends by itself


class RowIds(forms.MultipleChoiceField):
    """Ids of rows that the page offers; whether they may be chosen the service says."""

    def valid_value(self, value: object) -> bool:
        return True

    def clean(self, value: Any) -> list[int]:
        texts = super().clean(value)
        if any(not (text.isascii() and text.isdigit() and len(text) < MOST_DIGITS) for text in texts):
            raise forms.ValidationError(gettext("Choose one from the list."))
        return [int(text) for text in texts]


@dataclass(frozen=True, slots=True)
class Box:
    """A colleague who may be told."""

    id: str
    value: int
    label: str
    username: str
    ticked: bool


class PartForm(PlainWidgets, forms.Form):
    """A form of which a page shows several: the ids of its fields are its own, the names sent are the plain ones.

    `at` makes the ids differ. Who may be told is offered as boxes: each is one key, with and without a script.
    """

    name: ClassVar[str]
    most: ClassVar[int] = LONGEST_NOTE
    most_of_a_reason: ClassVar[int] = LONGEST_REASON
    restored = False  # sent when nobody was signed in: not saved yet
    colleagues: Sequence[User] = ()

    def __init__(self, data: Any = None, *, at: int = 0, **given: Any) -> None:
        super().__init__(data, auto_id=f"{self.name}_{at}_%s", **given)
        self.at = at
        self.dress()
        for field in self.fields.keys() & {"text", "reason"}:
            self.fields[field].widget.attrs["required"] = True

    @property
    def boxes(self) -> list[Box]:
        chosen = {str(value) for value in self["tell"].value() or []}
        return [
            Box(f"{self.name}_{self.at}_tell_{one.pk}", one.pk, str(one), one.username, str(one.pk) in chosen)
            for one in self.colleagues
        ]

    @property
    def tells(self) -> bool:
        return any(box.ticked for box in self.boxes)

    @classmethod
    def again(cls, sent: PartForm, *, at: int, **changed: Any) -> Self:
        """What was typed stands in the form, with why it was not taken."""
        typed = {name: sent[name].value() for name in sent.fields if name in cls.base_fields}
        form = cls({**typed, **changed}, at=at)
        form.errors.clear()
        for name, errors in sent.errors.items():
            shown = name in form.fields and name not in NAMELESS
            form.add_error(name if shown else None, list(errors))
        return form

    @classmethod
    def back(cls, typed: Typed, *, at: int) -> Self:
        """The form with what was sent when nobody was signed in."""
        names = cls.base_fields.keys() & typed.keys()
        values = {name: typed[name] if name == "tell" else typed[name][-1] for name in names}
        form = cls(initial=values, at=at)
        form.restored = True
        return form


class NoteForm(PartForm):
    """A new note; `at` is the alert it is about, 0 for the patient's own."""

    name = "note"
    # Without maxlength: a browser would cut a pasted text and say nothing. The service refuses it aloud.
    text = forms.CharField(label=_("Note"), required=False, strip=False, widget=forms.Textarea(attrs={"rows": 3}))
    tell = RowIds(required=False)
    alert = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, at: int = 0, **given: Any) -> None:
        initial = {"alert": at or None, "key": uuid.uuid4(), **given.pop("initial", {})}
        super().__init__(data, at=at, initial=initial, **given)


class AmendForm(PartForm):
    name = "amend"
    text = forms.CharField(label=_("Note"), required=False, strip=False, widget=forms.Textarea(attrs={"rows": 5}))
    reason = forms.CharField(label=_("Why it is amended"), required=False)
    tell = RowIds(required=False)
    seen = forms.IntegerField(widget=forms.HiddenInput)


class TakeBackForm(PartForm):
    name = "take_back"
    reason = forms.CharField(label=_("Why it is taken back"), required=False)
    seen = forms.IntegerField(widget=forms.HiddenInput)

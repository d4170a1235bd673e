"""The notes of one patient as its page shows them, and those of each alert. Only for who may read notes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from django.db.models import F, Prefetch, Q, QuerySet
from django.utils.translation import gettext

from accounts.models import User
from accounts.roles import Permission
from monitoring.alert_panel import AlertView, Step
from monitoring.models import Mention, Note, NoteVersion
from monitoring.note_reading import readable_notes, readers_of
from monitoring.wording import listed
from patients.models import Patient

SHOWN: Final = 5  # of the patient's own notes, on the patient's page; the others are one link away


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteView:
    """One note: what it says now, and what it said before, the newest first."""

    note: Note
    author: str
    newest: NoteVersion
    older: tuple[NoteVersion, ...]
    told: str
    mine: bool
    mention: Mention | None  # the reader's own entry, where it is unread

    @property
    def can_change(self) -> bool:
        return self.mine and not self.newest.taken_back


@dataclass(frozen=True, slots=True, kw_only=True)
class NotePanel:
    """`colleagues` may be told. What is of no alert that the page shows is the patient's."""

    notes: tuple[NoteView, ...] = ()
    count: int = 0
    of_alert: Mapping[int, tuple[NoteView, ...]] = field(default_factory=dict)
    colleagues: tuple[User, ...] = ()

    @property
    def more(self) -> int:
        return self.count - len(self.notes)


def note_panel(user: User, patient: Patient) -> NotePanel | None:
    """In a fixed number of queries; None for who reads no notes."""
    if not user.may(Permission.WRITE_NOTES):
        return None
    rows = readable_notes(user).filter(patient=patient)
    general = _of_no_alert(rows)
    of_alert: dict[int, list[NoteView]] = defaultdict(list)
    for view in (note_view(user, note) for note in in_order(rows.filter(alert__patient=F("patient")))):
        assert view.note.alert_id is not None
        of_alert[view.note.alert_id].append(view)
    return NotePanel(
        notes=tuple(note_view(user, note) for note in in_order(general)[:SHOWN]),
        count=general.count(),
        of_alert={alert: tuple(views) for alert, views in of_alert.items()},
        colleagues=tuple(readers_of(patient).exclude(pk=user.pk)),
    )


def stands_on_page(note: Note) -> bool:
    """Whether the patient's page shows it, or only the page of all notes does."""
    if note.alert is not None and note.alert.patient_id == note.patient_id:
        return True
    shown = _of_no_alert(Note.objects.filter(patient=note.patient_id)).order_by("-written_at", "-pk")
    return note.pk in shown.values_list("pk", flat=True)[:SHOWN]


def _of_no_alert(notes: QuerySet[Note]) -> QuerySet[Note]:
    """Of none that the page shows: an alert stays with the record it was raised for, where two were merged."""
    return notes.filter(~Q(alert__patient=F("patient")) | Q(alert=None))


def in_order(notes: QuerySet[Note]) -> QuerySet[Note]:
    """The newest first, with all that a `NoteView` is made of."""
    versions = NoteVersion.objects.order_by("-number").prefetch_related(
        Prefetch("mentions", Mention.objects.select_related("person").order_by("pk"))
    )
    rows = notes.select_related("author", "alert").prefetch_related(Prefetch("versions", versions))
    return rows.order_by("-written_at", "-pk")


def note_view(user: User, note: Note) -> NoteView:
    newest, *older = note.versions.all()
    mentions = list(newest.mentions.all())
    return NoteView(
        note=note,
        author=str(note.author),
        newest=newest,
        older=tuple(older),
        told=listed([str(one.person) for one in mentions]),
        mine=note.author_id == user.pk,
        mention=next((one for one in mentions if one.person_id == user.pk and one.read_at is None), None),
    )


def with_notes(view: AlertView, notes: Sequence[NoteView]) -> AlertView:
    """The alert's history with what was written of it, each version at its time."""
    if not notes:
        return view
    written = (step for one in notes for step in _steps(one))
    return replace(view, steps=tuple(sorted((*view.steps, *written), key=lambda step: step.at)))


def _steps(view: NoteView) -> Iterable[Step]:
    for version in (view.newest, *view.older):
        yield Step(version.at, version_label(version), view.author, version.text, is_note=True)


def version_label(version: NoteVersion) -> str:
    if version.taken_back:
        return gettext("note taken back: %(reason)s") % {"reason": version.reason}
    if version.reason:
        return gettext("note amended: %(reason)s") % {"reason": version.reason}
    return gettext("note")

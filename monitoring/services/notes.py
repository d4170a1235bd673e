"""Notes on a patient or an alert: written, amended and taken back by their author, and who is told of them.

A note is never erased. What changes it is a further version, written under the note's lock and only on top of the
version that the author had seen. The text stands in the versions alone: the audit log gets ids.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from typing import Final

from django.db import transaction

from accounts.models import User
from accounts.roles import Permission
from audit.services import record
from monitoring.errors import NoteProblem
from monitoring.models import Alert, Mention, Note, NoteVersion
from monitoring.note_reading import mentions_of, readers_of
from patients.models import Patient
from patients.services import PatientMerged
from patients.services.locking import hold_patient

LONGEST_NOTE: Final = 2000
LONGEST_REASON: Final = 200


@transaction.atomic
def write_note(
    *,
    actor: str,
    user: User,
    patient_id: int,
    alert_id: int | None = None,
    text: str,
    tell: Collection[int] = (),
    key: uuid.UUID,
    now: dt.datetime,
) -> Note:
    """Write a note on a patient, or on one of the patient's alerts, and tell the colleagues of `tell`.

    `key` is the form's: the same words sent twice with it are one note. Other words are another, so that who goes
    back to the form and writes on loses nothing.

    Raises
    ------
    NoteProblem
        `not_allowed`, `text_missing`, `text_too_long`, `person_not_of_team`, `alert_unknown`, `record_merged`.
    """
    said = _said(user, text)
    patient = _held_patient(patient_id)
    if alert_id is not None and not Alert.objects.filter(pk=alert_id, patient=patient).exists():
        raise NoteProblem("alert_unknown")
    people = _colleagues(patient, tell, but=user)
    if sent := Note.objects.filter(author=user, sent_key=key).first():
        first = sent.versions.get(number=1)
        if (sent.patient_id, sent.alert_id, first.text) == (patient.pk, alert_id, said):
            _tell_also(actor, sent, people, now=now)
            return sent
        key = uuid.uuid4()
    note = Note.objects.create(patient=patient, alert_id=alert_id, author=user, written_at=now, sent_key=key)
    version = NoteVersion.objects.create(note=note, number=1, at=now, text=said)
    _tell(version, people, now=now)
    _record(actor, "note.written", note, told=people)
    return note


@transaction.atomic
def amend_note(
    *,
    actor: str,
    user: User,
    note_id: int,
    seen: int,
    text: str,
    reason: str,
    tell: Collection[int] = (),
    now: dt.datetime,
) -> Note:
    """Say something else from now on, for a reason; who was told of the note is told again, and the people of `tell`.

    `seen` is the number of the version that the author had before them. Where the words stay and only people are
    added, these are told and there is no further version.

    Raises
    ------
    NoteProblem
        `not_allowed`, `note_unknown`, `not_the_author`, `note_amended`, `note_taken_back`, `text_missing`,
        `text_too_long`, `reason_missing`, `reason_too_long`, `person_not_of_team`, `nothing_changed`.
    """
    said = _said(user, text)
    note, newest = _held_note(note_id, user=user, seen=seen)
    people = _colleagues(note.patient, tell, but=user)
    if said == newest.text:
        if not _tell_also(actor, note, people, now=now):
            raise NoteProblem("nothing_changed")
        return note
    why = _reason(reason)
    everybody = people | _told_before(note)
    _append(note, NoteVersion(at=now, text=said, reason=why), tell=everybody, now=now)
    _record(actor, "note.amended", note, told=everybody)
    return note


@transaction.atomic
def take_back_note(*, actor: str, user: User, note_id: int, seen: int, reason: str, now: dt.datetime) -> Note:
    """The note says nothing any more, and why; its words stay among its versions. Who was told of it is told.

    Raises
    ------
    NoteProblem
        `not_allowed`, `note_unknown`, `not_the_author`, `note_amended`, `note_taken_back`, `reason_missing`,
        `reason_too_long`.
    """
    _ask(user)
    note, _newest = _held_note(note_id, user=user, seen=seen)
    why = _reason(reason)
    told = _told_before(note)
    _append(note, NoteVersion(at=now, reason=why, taken_back=True), tell=told, now=now)
    _record(actor, "note.taken_back", note, told=told)
    return note


@transaction.atomic
def read_mention(*, actor: str, user: User, mention_id: int, now: dt.datetime) -> Mention:
    """The person has seen it. Said again, it stays as it was.

    Raises
    ------
    NoteProblem
        `mention_unknown`: it is somebody else's, or of a patient the person does not see any more.
    """
    found = mentions_of(user).filter(pk=mention_id).select_related("version__note").first()
    if found is None:
        raise NoteProblem("mention_unknown")
    if Mention.objects.filter(pk=found.pk, read_at=None).update(read_at=now):
        found.read_at = now
        record(
            actor=actor,
            action="mention.read",
            object_type="mention",
            object_id=found.pk,
            patient_id=found.version.note.patient_id,
        )
    return found


# --- what is asked before anything is written ---------------------------------------------------------------------
def _ask(user: User) -> None:
    if not user.may(Permission.WRITE_NOTES):
        raise NoteProblem("not_allowed")


def _said(user: User, text: str) -> str:
    """The words as they are kept. A browser sends each end of a line as two characters; it is counted as one."""
    _ask(user)
    said = text.replace("\r\n", "\n").strip()
    if not said:
        raise NoteProblem("text_missing")
    if len(said) > LONGEST_NOTE:
        raise NoteProblem("text_too_long", most=str(LONGEST_NOTE), length=str(len(said)))
    return said


def _reason(reason: str) -> str:
    said = " ".join(reason.split())
    if not said:
        raise NoteProblem("reason_missing")
    if len(said) > LONGEST_REASON:
        raise NoteProblem("reason_too_long", most=str(LONGEST_REASON), length=str(len(said)))
    return said


def _held_patient(patient_id: int) -> Patient:
    """Locked, as a merge locks it: what is written meanwhile would stay behind with a record nobody opens."""
    try:
        return hold_patient(patient_id)
    except PatientMerged as merged:
        raise NoteProblem("record_merged") from merged


def _held_note(note_id: int, *, user: User, seen: int) -> tuple[Note, NoteVersion]:
    # The patient is asked for after the lock: a merge that was waited for has given the note to another record.
    note = Note.objects.select_for_update().filter(pk=note_id).first()
    if note is None:
        raise NoteProblem("note_unknown")
    if note.author_id != user.pk:
        raise NoteProblem("not_the_author")
    newest = note.versions.get(number=note.newest)
    if newest.taken_back:
        raise NoteProblem("note_taken_back")
    if seen != note.newest:
        raise NoteProblem("note_amended")
    return note, newest


# --- who is told --------------------------------------------------------------------------------------------------
def _colleagues(patient: Patient, ids: Collection[int], *, but: User) -> set[int]:
    """All of `ids`, or nobody: who may not see the patient must not learn that there is a note."""
    wanted = set(ids) - {but.pk}
    if wanted - set(readers_of(patient).filter(pk__in=wanted).values_list("pk", flat=True)):
        raise NoteProblem("person_not_of_team")
    return wanted


def _told_before(note: Note) -> set[int]:
    """Who was told of any version and may still read it."""
    told = Mention.objects.filter(version__note=note).values("person")
    return set(readers_of(note.patient).filter(pk__in=told).values_list("pk", flat=True))


def _tell(version: NoteVersion, people: Collection[int], *, now: dt.datetime) -> None:
    Mention.objects.bulk_create(Mention(version=version, person_id=person, created_at=now) for person in sorted(people))


def _tell_also(actor: str, note: Note, people: set[int], *, now: dt.datetime) -> set[int]:
    """Tell those of `people` who were not told of its newest version yet; who that was."""
    newest = note.versions.get(number=note.newest)
    missing = people - set(newest.mentions.values_list("person", flat=True))
    if missing:
        _tell(newest, missing, now=now)
        _record(actor, "note.told", note, told=missing)
    return missing


def _append(note: Note, version: NoteVersion, *, tell: Collection[int], now: dt.datetime) -> None:
    note.newest += 1
    note.save(update_fields=["newest"])
    version.note, version.number = note, note.newest
    version.save()
    _tell(version, tell, now=now)


def _record(actor: str, action: str, note: Note, *, told: Collection[int]) -> None:
    details = {"version": note.newest, "told": sorted(told)} | ({"alert": note.alert_id} if note.alert_id else {})
    record(
        actor=actor,
        action=action,
        object_type="note",
        object_id=note.pk,
        patient_id=note.patient_id,
        details=details,
    )

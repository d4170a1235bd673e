"""Notes: written, amended, taken back; who is told; and that no word of one is ever lost."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Membership, User
from accounts.roles import Role
from audit.models import AuditEvent
from monitoring.errors import NoteProblem
from monitoring.models import Mention, Note, NoteVersion
from monitoring.note_reading import mentions_in_order, readable_notes, readers_of, unread_mentions
from monitoring.services import LONGEST_NOTE, LONGEST_REASON, read_mention
from patients.models import Patient
from patients.services import merge_patients, undo_merge
from tests.cast import ACTOR, Cast, make_patient
from tests.monitoring.alert_steps import alert_in
from tests.monitoring.notes import LATER, amend, colleague, events, note_by, rows, said, take_back, told
from tests.monitoring.scenes import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient(cast: Cast) -> Patient:
    return make_patient(cast.team)


def refused(call: Any, *args: Any, **given: Any) -> NoteProblem:
    """Why it was refused; nothing may have changed."""
    before, logged = rows(), AuditEvent.objects.count()
    with pytest.raises(NoteProblem) as caught:
        call(*args, **given)
    assert rows() == before
    assert AuditEvent.objects.count() == logged
    return caught.value


# --- writing ------------------------------------------------------------------------------------------------------
def test_a_note_keeps_its_words_its_author_and_its_time(cast: Cast, patient: Patient) -> None:
    note = note_by(cast.nurse, patient, "  lives alone\r\n<b>calls</b> on Fridays  ")
    assert (note.patient, note.alert, note.author, note.written_at) == (patient, None, cast.nurse, NOW)
    assert said(note) == [("lives alone\n<b>calls</b> on Fridays", "", False)]
    assert events() == [("note.written", {"version": 1, "told": []})]


def test_a_note_may_be_about_an_alert_of_the_patient_and_of_no_other(cast: Cast, patient: Patient) -> None:
    alert = alert_in(patient, "closed")
    assert note_by(cast.clinician, patient, alert=alert).alert == alert
    other = alert_in(make_patient(cast.team))
    assert refused(note_by, cast.clinician, patient, alert=other).code == "alert_unknown"


@pytest.mark.parametrize("who", ["nurse", "clinician"])
def test_nurse_and_clinician_write(cast: Cast, patient: Patient, who: str) -> None:
    assert note_by(getattr(cast, who), patient).pk


def test_an_administrator_writes_none(cast: Cast, patient: Patient) -> None:
    assert refused(note_by, cast.administrator, patient).code == "not_allowed"


@pytest.mark.parametrize("text", ["", "  \r\n "])
def test_a_note_without_words_is_refused(cast: Cast, patient: Patient, text: str) -> None:
    assert refused(note_by, cast.nurse, patient, text).code == "text_missing"


def test_the_longest_note_fits_and_one_sign_more_is_refused_with_its_length(cast: Cast, patient: Patient) -> None:
    longest = "\r\n".join(["骨" * 999, "痛" * (LONGEST_NOTE - 1000)])  # an end of a line counts as one
    assert len(said(note_by(cast.nurse, patient, longest))[0][0]) == LONGEST_NOTE
    problem = refused(note_by, cast.nurse, patient, "x" * (LONGEST_NOTE + 1))
    assert (problem.code, problem.params) == ("text_too_long", {"most": "2000", "length": "2001"})


def test_the_same_form_sent_twice_is_one_note_and_other_words_are_another(cast: Cast, patient: Patient) -> None:
    key = uuid.uuid4()
    first = note_by(cast.nurse, patient, "once", key=key)
    assert note_by(cast.nurse, patient, "once", key=key, now=LATER) == first
    assert [event for event, _details in events()] == ["note.written"]
    second = note_by(cast.nurse, patient, "twice", key=key)
    assert second != first
    assert note_by(cast.clinician, patient, "once", key=key) != first
    assert Note.objects.count() == 3


def test_sent_twice_with_one_more_to_tell_tells_that_one(cast: Cast, patient: Patient) -> None:
    key = uuid.uuid4()
    note = note_by(cast.nurse, patient, key=key)
    note_by(cast.nurse, patient, key=key, tell=[cast.clinician])
    assert told(note) == [(1, "clinician")]


def test_a_note_is_not_written_to_a_record_that_was_merged_meanwhile(cast: Cast, patient: Patient) -> None:
    kept = make_patient(cast.team)
    merge_patients(actor=ACTOR, survivor_id=kept.pk, retired_id=patient.pk, reason="typed twice")
    assert refused(note_by, cast.nurse, patient).code == "record_merged"


# --- amending and taking back -------------------------------------------------------------------------------------
def test_an_amended_note_says_the_new_words_and_keeps_the_old(cast: Cast, patient: Patient) -> None:
    note = note_by(cast.nurse, patient, "pain left")
    amend(note, "pain right", reason=" wrong \n side ")
    note.refresh_from_db()
    assert said(note) == [("pain left", "", False), ("pain right", "wrong side", False)]
    assert (note.newest, note.author, note.written_at) == (2, cast.nurse, NOW)
    assert list(note.versions.values_list("at", flat=True)) == [NOW, LATER]
    assert events()[-1] == ("note.amended", {"version": 2, "told": []})


def test_a_note_that_is_taken_back_keeps_its_words_and_takes_no_more(cast: Cast, patient: Patient) -> None:
    note = note_by(cast.nurse, patient, "pain left")
    take_back(note)
    assert said(note) == [("pain left", "", False), ("", "other patient", True)]
    assert refused(amend, note, "again", seen=2).code == "note_taken_back"
    assert refused(take_back, note, seen=2).code == "note_taken_back"


def test_nobody_else_changes_a_note(cast: Cast, patient: Patient) -> None:
    note = note_by(cast.nurse, patient)
    assert refused(amend, note, "mine", by=cast.clinician).code == "not_the_author"
    assert refused(take_back, note, by=cast.clinician).code == "not_the_author"


def test_an_author_who_may_write_no_more_changes_none(cast: Cast, patient: Patient) -> None:
    note = note_by(cast.nurse, patient)
    cast.nurse.role = Role.ADMINISTRATOR
    assert refused(amend, note, "x", by=cast.nurse).code == "not_allowed"
    assert refused(take_back, note, by=cast.nurse).code == "not_allowed"


def test_what_rests_on_an_older_version_is_refused(cast: Cast, patient: Patient) -> None:
    note = note_by(cast.nurse, patient)
    amend(note, "second")
    assert refused(amend, note, "third", seen=1).code == "note_amended"
    assert refused(take_back, note, seen=1).code == "note_amended"
    amend(note, "third", seen=2)
    assert [text for text, *_rest in said(note)] == ["seen at home", "second", "third"]


@pytest.mark.parametrize(("reason", "code"), [(" ", "reason_missing"), ("x" * (LONGEST_REASON + 1), "reason_too_long")])
def test_a_change_needs_a_reason_that_fits(cast: Cast, patient: Patient, reason: str, code: str) -> None:
    note = note_by(cast.nurse, patient)
    assert refused(amend, note, "other", reason=reason).code == code
    assert refused(take_back, note, reason=reason).code == code
    amend(note, "other", reason="x" * LONGEST_REASON)


def test_amending_into_the_same_words_is_no_version(cast: Cast, patient: Patient) -> None:
    note = note_by(cast.nurse, patient, tell=[cast.clinician])
    assert refused(amend, note, " seen at home ").code == "nothing_changed"
    assert refused(amend, note, "seen at home", tell=[cast.clinician.pk]).code == "nothing_changed"
    assert refused(amend, note, "").code == "text_missing"


def test_the_database_holds_the_shape_of_a_version(cast: Cast, patient: Patient) -> None:
    note = note_by(cast.nurse, patient)
    for wrong in (
        {"number": 1, "text": "x"},  # there is one of that number
        {"number": 2, "text": "x"},  # without a reason
        {"number": 2, "text": "", "reason": "r"},
        {"number": 2, "text": "x", "reason": "r", "taken_back": True},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            NoteVersion.objects.create(note=note, at=NOW, **wrong)


# --- who is told --------------------------------------------------------------------------------------------------
def test_a_mention_is_a_row_for_each_person_and_holds_no_text(cast: Cast, patient: Patient) -> None:
    note = note_by(cast.nurse, patient, "SECRET", tell=[cast.clinician, cast.nurse])
    mention = Mention.objects.get()
    assert (mention.person, mention.version.note, mention.created_at, mention.read_at) == (
        cast.clinician,
        note,
        NOW,
        None,
    )
    assert "SECRET" not in json.dumps(list(Mention.objects.values()), default=str)
    assert events() == [("note.written", {"version": 1, "told": [cast.clinician.pk]})]


def test_only_who_may_read_the_note_is_told_of_it(cast: Cast, patient: Patient) -> None:
    gone = colleague(cast.team, "gone")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    assert list(readers_of(patient)) == [cast.clinician, cast.nurse]
    for other in (cast.stranger, cast.administrator, gone):
        assert refused(note_by, cast.nurse, patient, tell=[cast.clinician, other]).code == "person_not_of_team"


def test_whoever_was_told_is_told_of_every_change(cast: Cast, patient: Patient) -> None:
    other = colleague(cast.team, "third")
    note = note_by(cast.nurse, patient, tell=[cast.clinician])
    first = Mention.objects.get()
    read_mention(actor=ACTOR, user=cast.clinician, mention_id=first.pk, now=LATER)
    assert unread_mentions(cast.clinician) == 0
    amend(note, "changed", tell=[other.pk])
    assert told(note) == [(1, "clinician"), (2, "clinician"), (2, "third")]
    assert [one.version.number for one in mentions_in_order(cast.clinician)] == [2]
    assert (unread_mentions(cast.clinician), unread_mentions(other)) == (1, 1)
    take_back(note, seen=2)
    assert [one.version.taken_back for one in mentions_in_order(other)] == [True]
    first.refresh_from_db()
    assert first.read_at == LATER


def test_somebody_may_be_told_later_without_a_new_version(cast: Cast, patient: Patient) -> None:
    note = note_by(cast.nurse, patient)
    amend(note, "seen at home", tell=[cast.clinician.pk], reason="")
    assert (len(said(note)), told(note)) == (1, [(1, "clinician")])
    assert events()[-1] == ("note.told", {"version": 1, "told": [cast.clinician.pk]})


def test_who_loses_the_patient_loses_the_mention_and_is_not_told_again(cast: Cast, patient: Patient) -> None:
    note = note_by(cast.nurse, patient, tell=[cast.clinician])
    mention = Mention.objects.get()
    assert unread_mentions(cast.clinician) == 1
    Membership.objects.filter(user=cast.clinician).delete()
    assert (unread_mentions(cast.clinician), list(mentions_in_order(cast.clinician))) == (0, [])
    assert list(readable_notes(cast.clinician)) == []
    amend(note, "changed")
    assert told(note) == [(1, "clinician")]
    assert refused(read_mention, actor=ACTOR, user=cast.clinician, mention_id=mention.pk, now=NOW).code == (
        "mention_unknown"
    )


def test_who_becomes_an_administrator_reads_no_notes(cast: Cast, patient: Patient) -> None:
    note_by(cast.nurse, patient, tell=[cast.clinician])
    cast.clinician.role = Role.ADMINISTRATOR
    assert (unread_mentions(cast.clinician), list(mentions_in_order(cast.clinician))) == (0, [])
    assert list(readable_notes(cast.clinician)) == []


def test_reading_is_once_and_ones_own(cast: Cast, patient: Patient) -> None:
    note_by(cast.nurse, patient, tell=[cast.clinician])
    mention = Mention.objects.get()
    assert refused(read_mention, actor=ACTOR, user=cast.nurse, mention_id=mention.pk, now=NOW).code == (
        "mention_unknown"
    )
    for now in (NOW, LATER):
        read_mention(actor=cast.clinician.audit_name, user=cast.clinician, mention_id=mention.pk, now=now)
    mention.refresh_from_db()
    assert mention.read_at == NOW
    assert [action for action, _details in events()] == ["note.written", "mention.read"]


def test_unread_stand_first_and_then_the_newest(cast: Cast, patient: Patient) -> None:
    notes = [note_by(cast.nurse, patient, str(at), tell=[cast.clinician]) for at in range(3)]
    newest = Mention.objects.get(version__note=notes[2])
    read_mention(actor=ACTOR, user=cast.clinician, mention_id=newest.pk, now=NOW)
    assert [one.version.text for one in mentions_in_order(cast.clinician)] == ["1", "0", "2"]


# --- merging ------------------------------------------------------------------------------------------------------
def test_notes_go_with_the_patient_when_records_are_merged_and_back_again(cast: Cast, patient: Patient) -> None:
    kept = make_patient(cast.team)
    alert = alert_in(patient)
    note = note_by(cast.nurse, patient, "of the other record", tell=[cast.clinician], alert=alert)
    merge = merge_patients(actor=ACTOR, survivor_id=kept.pk, retired_id=patient.pk, reason="typed twice")
    since = note_by(cast.nurse, kept, "since")
    assert set(readable_notes(cast.nurse).filter(patient=kept)) == {note, since}
    assert [one.version.note.patient for one in mentions_in_order(cast.clinician)] == [kept]
    amend(note, "amended meanwhile")
    undo_merge(actor=ACTOR, merge_id=merge.pk)
    assert list(Note.objects.filter(patient=patient)) == [note]
    assert list(Note.objects.filter(patient=kept)) == [since]
    merge.refresh_from_db()
    assert merge.came_since["note"] == [since.pk]
    assert "of the other record" not in json.dumps(list(AuditEvent.objects.values("details")))


# --- the audit log ------------------------------------------------------------------------------------------------
def test_no_word_of_a_note_is_in_the_audit_log(cast: Cast, patient: Patient) -> None:
    note = note_by(cast.nurse, patient, "FIRSTWORD", tell=[cast.clinician])
    amend(note, "SECONDWORD", reason="WHYWORD")
    take_back(note, seen=2, reason="BACKWORD")
    log = json.dumps(list(AuditEvent.objects.values()), default=str)
    assert [word for word in ("FIRSTWORD", "SECONDWORD", "WHYWORD", "BACKWORD") if word in log] == []
    assert [action for action, _details in events()] == ["note.written", "note.amended", "note.taken_back"]

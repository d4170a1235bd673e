from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from accounts.models import User
from audit.models import AuditEvent
from patients.draft_contents import NOTHING_KEPT, DraftState, Held
from patients.models import EntryDraft, Patient
from patients.services import (
    DraftIsGone,
    DraftIsOlder,
    check_draft,
    discard_draft,
    drop_draft,
    drop_expired_drafts,
    save_draft,
)
from patients.services.drafts import stands_in
from patients.tasks import drop_drafts
from tests.cast import Cast, make_patient

NOW = dt.datetime(2026, 3, 9, 10, 42, 7, tzinfo=dt.UTC)


def keep(user: User, patient: Patient, text: str, *, revision: int, draft_id: int | None = None) -> EntryDraft:
    return save_draft(
        user=user,
        scope="draw",
        key=str(patient.pk),
        patient_id=patient.pk,
        cells={"CEA": {"value": text, "unit": "ng/mL"}},
        context={"laboratory": "Central"},
        revision=revision,
        draft_id=draft_id,
    )


def test_each_change_is_kept_and_counted(cast: Cast) -> None:
    patient = make_patient(cast.team)
    assert keep(cast.nurse, patient, "3", revision=0).revision == 1
    assert keep(cast.nurse, patient, "3.1", revision=1).revision == 2
    draft = EntryDraft.objects.get()
    assert draft.cells == {"CEA": {"value": "3.1", "unit": "ng/mL"}}
    assert draft.context == {"laboratory": "Central"}
    begun = AuditEvent.objects.filter(action__startswith="draft.")
    assert [(event.action, event.patient_id, event.details) for event in begun] == [("draft.begun", patient.pk, {})]


@pytest.mark.parametrize("known", [0, 1, 3])
def test_what_another_window_kept_meanwhile_is_not_written_over(cast: Cast, known: int) -> None:
    patient = make_patient(cast.team)
    keep(cast.nurse, patient, "3", revision=0)
    keep(cast.nurse, patient, "3.1", revision=1)
    with pytest.raises(DraftIsOlder):
        keep(cast.nurse, patient, "99", revision=known)
    draft = EntryDraft.objects.get()
    assert (draft.revision, draft.cells["CEA"]["value"]) == (2, "3.1")


def test_a_draft_that_was_thrown_away_does_not_come_back_by_itself(cast: Cast) -> None:
    patient = make_patient(cast.team)
    keep(cast.nurse, patient, "3", revision=0)
    assert discard_draft(user=cast.nurse, scope="draw", key=str(patient.pk))
    assert not discard_draft(user=cast.nurse, scope="draw", key=str(patient.pk))
    with pytest.raises(DraftIsGone):
        keep(cast.nurse, patient, "3.1", revision=1)
    assert not EntryDraft.objects.exists()
    assert AuditEvent.objects.filter(action="draft.discarded").count() == 1


def test_two_people_have_a_draft_each(cast: Cast) -> None:
    patient = make_patient(cast.team)
    keep(cast.nurse, patient, "3", revision=0)
    keep(cast.clinician, patient, "4", revision=0)
    assert {draft.user: draft.cells["CEA"]["value"] for draft in EntryDraft.objects.all()} == {
        cast.nurse: "3",
        cast.clinician: "4",
    }


def test_a_draft_nobody_came_back_for_is_dropped_after_seven_days(cast: Cast) -> None:
    old, young = make_patient(cast.team), make_patient(cast.team)
    with time_machine.travel(NOW, tick=False):
        keep(cast.nurse, old, "3", revision=0)
    with time_machine.travel(NOW + dt.timedelta(hours=1), tick=False):
        keep(cast.nurse, young, "4", revision=0)
    with time_machine.travel(NOW + dt.timedelta(days=7, seconds=1), tick=False):
        drop_drafts()
        assert drop_expired_drafts(actor="test") == 0
    assert [draft.patient_id for draft in EntryDraft.objects.all()] == [young.pk]
    event = AuditEvent.objects.get(action="draft.expired")
    assert (event.actor, event.details) == ("task:drafts", {"count": 1})


def test_an_expired_draft_does_not_block_a_new_one(cast: Cast) -> None:
    patient = make_patient(cast.team)
    with time_machine.travel(NOW, tick=False):
        keep(cast.nurse, patient, "3", revision=0)
    with time_machine.travel(NOW + dt.timedelta(days=8), tick=False):
        assert keep(cast.nurse, patient, "4", revision=0).revision == 1
    assert EntryDraft.objects.get().cells["CEA"]["value"] == "4"


def held(text: str, /, **context: str) -> Held:
    return Held({"CEA": {"value": text, "unit": "ng/mL"}}, context or {"laboratory": "Central"})


def drop(user: User, patient: Patient, saved: Held, /, known: DraftState, beside: DraftState = NOTHING_KEPT) -> None:
    drop_draft(user=user, scope="draw", key=str(patient.pk), known=known, held=saved, beside=beside)


def test_the_draft_that_was_saved_is_dropped_whatever_was_typed_over_it_since(cast: Cast) -> None:
    patient = make_patient(cast.team)
    drop(cast.nurse, patient, held("4"), known=stands_in(keep(cast.nurse, patient, "3", revision=0)))
    assert not EntryDraft.objects.exists()


@pytest.mark.parametrize("known", [NOTHING_KEPT, DraftState(0, 1), DraftState(987654, 2)])
def test_a_draft_the_window_does_not_know_is_not_dropped_with_what_it_saves(cast: Cast, known: DraftState) -> None:
    patient = make_patient(cast.team)
    first = stands_in(keep(cast.nurse, patient, "3", revision=0))
    keep(cast.nurse, patient, "3.1", revision=1)
    for stale in (known, first):
        with pytest.raises(DraftIsOlder):
            drop(cast.nurse, patient, held("3"), known=stale)
        with pytest.raises(DraftIsOlder):
            check_draft(user=cast.nurse, scope="draw", key=str(patient.pk), known=stale, held=held("3"))
    draft = EntryDraft.objects.get()
    assert (draft.revision, draft.cells["CEA"]["value"]) == (2, "3.1")


def test_a_newer_draft_all_of_which_was_saved_is_dropped(cast: Cast) -> None:
    patient = make_patient(cast.team)
    keep(cast.nurse, patient, "3.1", revision=0)
    with pytest.raises(DraftIsOlder):
        drop(cast.nurse, patient, held("3.1", laboratory="North"), known=NOTHING_KEPT)
    drop(cast.nurse, patient, held("3.1"), known=NOTHING_KEPT)
    assert not EntryDraft.objects.exists()


def test_a_draft_that_was_seen_and_left_stays_as_long_as_it_is_the_one_that_was_seen(cast: Cast) -> None:
    patient = make_patient(cast.team)
    seen = stands_in(keep(cast.nurse, patient, "3.1", revision=0))
    drop(cast.nurse, patient, held("4"), known=NOTHING_KEPT, beside=seen)
    assert stands_in(EntryDraft.objects.get()) == seen
    keep(cast.nurse, patient, "3.2", revision=1)
    with pytest.raises(DraftIsOlder):
        drop(cast.nurse, patient, held("4"), known=NOTHING_KEPT, beside=seen)
    assert EntryDraft.objects.get().cells["CEA"]["value"] == "3.2"


def test_the_draft_after_this_one_is_another_though_it_is_counted_the_same(cast: Cast) -> None:
    patient = make_patient(cast.team)
    before = stands_in(keep(cast.nurse, patient, "3", revision=0))
    discard_draft(user=cast.nurse, scope="draw", key=str(patient.pk))
    after = stands_in(keep(cast.nurse, patient, "5", revision=0))
    assert before.revision == after.revision == 1
    with pytest.raises(DraftIsOlder):
        keep(cast.nurse, patient, "4", revision=1, draft_id=before.draft_id)
    with pytest.raises(DraftIsOlder):
        drop(cast.nurse, patient, held("4"), known=before)
    assert not discard_draft(user=cast.nurse, scope="draw", key=str(patient.pk), known=before)
    assert EntryDraft.objects.get().cells["CEA"]["value"] == "5"
    assert discard_draft(user=cast.nurse, scope="draw", key=str(patient.pk), known=after)


def test_an_expired_draft_is_dropped_with_any_save(cast: Cast) -> None:
    patient = make_patient(cast.team)
    with time_machine.travel(NOW, tick=False):
        keep(cast.nurse, patient, "3", revision=0)
    with time_machine.travel(NOW + dt.timedelta(days=7), tick=False), pytest.raises(DraftIsOlder):
        drop(cast.nurse, patient, held("4"), known=NOTHING_KEPT)
    with time_machine.travel(NOW + dt.timedelta(days=7, seconds=1), tick=False):
        drop(cast.nurse, patient, held("4"), known=NOTHING_KEPT)
    assert not EntryDraft.objects.exists()

"""What several draws on one page keep to themselves: the unit that was saved, and what is refused beside it."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from accounts.models import User
from patients import sheets
from patients.drafts import own_draft
from patients.models import EntryDraft, Result
from patients.services import NewDraw, record_draw
from tests.cast import Cast, make_patient, reading
from tests.patients.papers import known
from tests.patients.test_clinic import begin, nurse, save, words_of

__all__ = ["nurse"]


def test_a_saved_row_is_read_in_the_unit_it_was_saved_in(nurse: Client, cast: Cast) -> None:
    saved, refused = make_patient(cast.team, number="P1"), make_patient(cast.team, number="P2")
    begin(nurse, "P1\nP2", markers=["CEA", "CA"])
    typed = {"0_CA": "2.3", "1_CA": "abc"}
    save(nurse, [saved, refused], typed, draft=known(), markers="CEA,CA", unit_CA="mmol/L")
    on_record = EntryDraft.objects.get().context["saved"]
    answer = save(nurse, [saved, refused], typed, draft=known(), markers="CEA,CA", unit_CA="mg/dL", saved=on_record)
    page = answer.content.decode()
    row = words_of(page[page.index(f'data-line-row="{saved.pk}"') : page.index(f'data-line-row="{refused.pk}"')])
    assert "cannot be" not in row
    assert "mmol/L" in row
    assert list(Result.objects.values_list("as_typed", "unit")) == [("2.3", "mmol/L")]


def test_the_same_number_on_the_same_day_is_the_same_draw_in_the_clinic_too(nurse: Client, cast: Cast) -> None:
    patient = make_patient(cast.team, number="P1")
    record_draw(
        actor="t",
        patient_id=patient.pk,
        draw=NewDraw(collected_at=dt.datetime(2026, 3, 2, 8, 15, tzinfo=dt.UTC), laboratory="central", accession="A1"),
        results=[reading("CEA", "3.2")],
    )
    begin(nurse, "P1")
    answer = save(nurse, [patient], {"0_NSE": "12"}, **{f"accession_{patient.pk}": "A1"})
    assert answer.status_code == 200
    assert Result.objects.values("draw_id").distinct().count() == 1
    assert Result.objects.count() == 2


def test_rows_that_are_refused_are_kept_though_the_draft_went_in_that_moment(
    nurse: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other window saves between the reading of the draft and its lock: the reading itself is the real one."""
    saved, refused = make_patient(cast.team, number="P1"), make_patient(cast.team, number="P2")
    begin(nurse, "P1\nP2")

    def read_then_dropped(user: User, scope: str, key: str) -> EntryDraft | None:
        found = own_draft(user, scope, key)
        EntryDraft.objects.all().delete()
        return found

    monkeypatch.setattr(sheets, "own_draft", read_then_dropped)
    save(nurse, [saved, refused], {"0_NSE": "12", "1_NSE": "abc"}, draft=known())
    assert list(Result.objects.values_list("as_typed", flat=True)) == ["12"]
    assert EntryDraft.objects.get().cells[f"{refused.pk}:NSE"]["value"] == "abc"

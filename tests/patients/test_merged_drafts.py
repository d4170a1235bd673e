from __future__ import annotations

import datetime as dt
import html
import json
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Membership, User
from audit.models import AuditEvent
from patients.models import Draw, EntryDraft, Patient, PatientMerge
from patients.services import merge_patients, save_draft, undo_merge
from tests.cast import ACTOR, Cast, make_patient
from tests.patients.papers import paper

NOW = dt.datetime(2026, 3, 9, 10, 42, 7, tzinfo=dt.UTC)
Pair = tuple[Patient, Patient]
TYPED = "CEA 3.1 ng/mL, NSE 9 ng/mL"


@pytest.fixture
def pair(cast: Cast) -> Pair:
    return make_patient(cast.team, number="H-1"), make_patient(cast.team, name="Zhuo Quibbel", number="H-2")


def typed_for(patient: Patient, user: User, **values: str) -> EntryDraft:
    cells = {code: {"value": value, "unit": "ng/mL"} for code, value in values.items()}
    return save_draft(
        user=user,
        scope="draw",
        key=str(patient.pk),
        patient_id=patient.pk,
        cells=cells,
        context={"collected_on": "2026-03-02", "laboratory": "Central"},
        revision=0,
    )


def merge(survivor: Patient, retired: Patient) -> PatientMerge:
    return merge_patients(actor=ACTOR, survivor_id=survivor.pk, retired_id=retired.pk, reason="typed twice")


def text_of(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def entry(patient: Patient, page: str = "draw_new") -> str:
    return reverse(page, args=[patient.pk])


def kept() -> list[tuple[str, int | None, list[str]]]:
    return [(one.key, one.patient_id, sorted(one.cells)) for one in EntryDraft.objects.order_by("pk")]


def test_what_was_typed_for_a_merged_record_is_offered_in_the_kept_one(client: Client, cast: Cast, pair: Pair) -> None:
    typed_for(pair[1], cast.nurse, CEA="3.1", NSE="9")
    merge(*pair)
    client.force_login(cast.nurse)
    page = text_of(client.get(entry(pair[0])))
    assert "for the record Zhuo Quibbel, which was merged into this one" in page
    assert f"2026-03-02 Central: {TYPED}" in page
    listed = text_of(client.get(reverse("enter_results")))
    assert "Typed for records that were merged since" in listed
    assert f'href="{entry(pair[0])}">Zhuo Quibbel' in listed


def test_it_is_gone_on_with_and_saved_in_the_kept_record(client: Client, cast: Cast, pair: Pair) -> None:
    draft = typed_for(pair[1], cast.nurse, CEA="3.1")
    merge(*pair)
    client.force_login(cast.nurse)
    answer: Any = client.post(entry(pair[0]), {"take_over": str(draft.pk)}, follow=True)
    assert answer.redirect_chain == [(entry(pair[0]), 302)]
    page = text_of(answer)
    assert "Here is what you typed. It is not saved yet" in page
    assert 'value="3.1"' in page
    assert 'value="Central"' in page
    assert "which was merged into this one" not in page
    assert kept() == [(str(pair[0].pk), pair[0].pk, ["CEA"])]
    assert AuditEvent.objects.get(action="draft.taken_over").patient_id == pair[0].pk
    assert not Draw.objects.exists()


def test_over_several_merges_it_is_found_where_the_record_went_in_the_end(
    client: Client, cast: Cast, pair: Pair
) -> None:
    typed_for(pair[1], cast.nurse, CEA="3.1")
    merge(*pair)
    third = make_patient(cast.team, number="H-3")
    merge(third, pair[0])
    client.force_login(cast.nurse)
    assert "which was merged into this one" in text_of(client.get(entry(third)))


def test_what_is_typed_for_the_kept_record_is_not_overwritten(client: Client, cast: Cast, pair: Pair) -> None:
    typed_for(pair[0], cast.nurse, NSE="9")
    draft = typed_for(pair[1], cast.nurse, CEA="3.1")
    merge(*pair)
    before = kept()
    client.force_login(cast.nurse)
    page = text_of(client.get(entry(pair[0])))
    assert "Save or throw away what is typed below first" in page
    assert 'name="take_over"' not in page
    answer = client.post(entry(pair[0]), {"take_over": str(draft.pk)}, follow=True)
    assert "Something is typed here already and would be lost." in text_of(answer)
    assert kept() == before


def test_it_is_thrown_away_only_when_asked(client: Client, cast: Cast, pair: Pair) -> None:
    draft = typed_for(pair[1], cast.nurse, CEA="3.1")
    merge(*pair)
    client.force_login(cast.nurse)
    client.post(entry(pair[0]), {"discard": "1"})  # throws away what is typed for the kept record: nothing
    assert len(kept()) == 1
    assert "is thrown away" in text_of(client.post(entry(pair[0]), {"discard_merged": str(draft.pk)}, follow=True))
    assert kept() == []


def test_after_undoing_the_merge_it_is_back_where_it_was_typed(client: Client, cast: Cast, pair: Pair) -> None:
    typed_for(pair[1], cast.nurse, CEA="3.1")
    undo_merge(actor=ACTOR, merge_id=merge(*pair).pk)
    client.force_login(cast.nurse)
    assert 'value="3.1"' in text_of(client.get(entry(pair[1])))
    assert "which was merged into this one" not in text_of(client.get(entry(pair[0])))


def test_nobody_sees_or_takes_what_another_person_typed(client: Client, cast: Cast, pair: Pair) -> None:
    draft = typed_for(pair[1], cast.clinician, CEA="3.1")
    merge(*pair)
    before = kept()
    client.force_login(cast.nurse)
    assert "which was merged" not in text_of(client.get(entry(pair[0])))
    for said in ("take_over", "discard_merged"):
        assert "This is not there any more" in text_of(client.post(entry(pair[0]), {said: str(draft.pk)}, follow=True))
    assert kept() == before


def test_who_left_the_team_of_the_merged_record_is_not_told_of_it(client: Client, cast: Cast, pair: Pair) -> None:
    draft = typed_for(pair[1], cast.nurse, CEA="3.1")
    merge(*pair)
    Patient.objects.filter(pk=pair[1].pk).update(care_team=cast.other_team)
    client.force_login(cast.nurse)
    assert "Quibbel" not in text_of(client.get(entry(pair[0])))
    client.post(entry(pair[0]), {"take_over": str(draft.pk)})
    assert kept() == [(str(pair[1].pk), pair[1].pk, ["CEA"])]
    assert Membership.objects.filter(user=cast.nurse).count() == 1


def test_a_page_that_was_open_at_the_merge_goes_on_keeping_what_is_typed(
    client: Client, cast: Cast, pair: Pair
) -> None:
    merge(*pair)
    client.force_login(cast.nurse)
    sent = {"user": cast.nurse.pk, "revision": 0, "cells": {"CEA": {"value": "3.1"}}, "context": {}}
    address = reverse("entry_draft", args=["draw", pair[1].pk])
    answer = client.put(address, json.dumps(sent), content_type="application/json")
    assert answer.status_code == 200
    sent["cells"] = {"1:NSE": {"value": "9"}}
    answer = client.put(reverse("dates_draft", args=[pair[1].pk]), json.dumps(sent), content_type="application/json")
    assert answer.status_code == 200
    assert kept() == [(str(pair[1].pk), pair[1].pk, ["CEA"]), (str(pair[1].pk), pair[1].pk, ["1:NSE"])]
    client.force_login(cast.stranger)
    sent["user"] = cast.stranger.pk
    assert client.put(address, json.dumps(sent), content_type="application/json").status_code == 404
    assert len(kept()) == 2


def test_a_draw_that_is_sent_too_late_is_kept_as_a_draft_and_offered(client: Client, cast: Cast, pair: Pair) -> None:
    merge(*pair)
    client.force_login(cast.nurse)
    answer = client.post(entry(pair[1]), paper({"CEA": "3.1", "NSE": "9"}))
    assert answer.status_code == 409
    page = text_of(answer)
    assert "Nothing of what you sent was saved" in page
    assert TYPED in page
    assert f'href="{entry(pair[0])}"' in page
    assert not Draw.objects.exists()
    assert TYPED in text_of(client.get(entry(pair[0])))


def test_several_dates_that_are_sent_too_late_are_kept_and_gone_on_with(client: Client, cast: Cast, pair: Pair) -> None:
    merge(*pair)
    client.force_login(cast.nurse)
    form = {"markers": "CEA,NSE", "lines": "4", "day_1": "2026-01-05", "value_1_CEA": "3.1", "value_1_NSE": "9"}
    answer = client.post(entry(pair[1], "dates"), form | {"save": "1"})
    assert answer.status_code == 409
    assert f"2026-01-05: {TYPED}" in text_of(answer)
    page = text_of(client.get(entry(pair[0], "dates")))
    assert f"2026-01-05: {TYPED}" in page
    draft = EntryDraft.objects.get()
    answer = client.post(entry(pair[0], "dates"), {"take_over": str(draft.pk)}, follow=True)
    assert 'value="3.1"' in text_of(answer)
    assert not Draw.objects.exists()


@pytest.mark.parametrize(("days", "is_offered"), [(7, True), (8, False)])
def test_it_is_offered_as_long_as_any_draft(
    client: Client, cast: Cast, pair: Pair, days: int, is_offered: bool
) -> None:
    with time_machine.travel(NOW, tick=False):
        typed_for(pair[1], cast.nurse, CEA="3.1")
        merge(*pair)
    with time_machine.travel(NOW + dt.timedelta(days=days), tick=False):
        client.force_login(cast.nurse)
        assert ("which was merged into this one" in text_of(client.get(entry(pair[0])))) is is_offered


def test_the_list_costs_as_many_queries_for_fifty_as_for_one(client: Client, cast: Cast, pair: Pair) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse("enter_results")).status_code == 200
        return len(captured)

    client.force_login(cast.nurse)
    typed_for(pair[1], cast.nurse, CEA="3.1")
    merge(*pair)
    one = queries()
    for _number in range(49):
        patient = make_patient(cast.team)
        typed_for(patient, cast.nurse, CEA="3.1")
        merge(pair[0], patient)
    assert queries() == one

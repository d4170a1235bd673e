"""A second entry (or a correction) that was typed and not saved when its record was merged into another one."""

from __future__ import annotations

import html
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import AuditEvent
from patients.models import Draw, EntryDraft, Patient, PatientMerge, ResultCheck
from patients.services import merge_patients, save_draft, undo_merge
from tests.cast import ACTOR, Cast, make_patient
from tests.patients.holds import ask, on_hold, type_draw
from tests.patients.papers import known
from tests.patients.test_second_entry_drafts import FIRST, cells, form, kept, page, put, typed_by, value_of

Pair = tuple[Patient, Patient]


@pytest.fixture
def pair(cast: Cast) -> Pair:
    return make_patient(cast.team, number="H-1"), make_patient(cast.team, name="Zhuo Quibbel", number="H-2")


@pytest.fixture
def draw(cast: Cast, pair: Pair) -> Draw:
    """Of the record that is merged into the other."""
    ask("blind")
    return type_draw(pair[1], cast.nurse, FIRST)


@pytest.fixture
def second(client: Client, cast: Cast) -> Client:
    client.force_login(cast.clinician)
    return client


def merge(pair: Pair) -> PatientMerge:
    return merge_patients(actor=ACTOR, survivor_id=pair[0].pk, retired_id=pair[1].pk, reason="typed twice")


def text_of(answer: Any) -> str:
    return " ".join(html.unescape(answer.content.decode()).split())


def listed(client: Client) -> tuple[str, str]:
    """What the entry page offers to go on with: of the records, and of those that were merged since."""
    own, _, merged = text_of(client.get(reverse("enter_results"))).partition("Typed for records that were merged since")
    return own, merged


def test_it_is_offered_where_the_draw_went_and_is_saved_there(
    second: Client, cast: Cast, pair: Pair, draw: Draw
) -> None:
    typed_by(cast.clinician, draw, **FIRST)
    old = page(draw)
    merge(pair)
    draw.refresh_from_db()
    own, merged = listed(second)
    assert f'href="{page(draw)}">Zhuo Quibbel' in merged
    assert page(draw) not in own
    assert old not in own + merged
    shown = text_of(second.get(page(draw)))
    assert (value_of(shown, "CEA"), value_of(shown, "ALP")) == ("41.73", "86")
    assert on_hold(draw) == {"CEA": "blind", "ALP": "blind"}
    assert second.post(page(draw), form(draw, **FIRST) | {"draft": known()}).status_code == 302
    assert (on_hold(draw), EntryDraft.objects.count()) == ({}, 0)


def test_a_page_that_was_open_goes_on_keeping_and_what_is_sent_too_late_is_offered(
    second: Client, cast: Cast, pair: Pair, draw: Draw
) -> None:
    typed_by(cast.clinician, draw, CEA="41.73")
    old, sent = page(draw), form(draw, **FIRST) | {"draft": known()}
    merge(pair)
    draw.refresh_from_db()
    assert put(second, cast.clinician, draw, cells(CEA="41.7"), revision=1).status_code == 200
    answer = second.post(old, sent | {"draft": known()})
    assert answer.status_code == 409
    shown = text_of(answer)
    assert "Nothing of what you sent was saved" in shown
    assert f'href="{page(draw)}">CEA 41.73 ng/mL, ALP 86 U/L' in shown
    assert EntryDraft.objects.get().cells == cells(**FIRST)
    assert not ResultCheck.objects.exists()


def test_what_another_window_kept_is_not_written_over_by_what_is_sent_too_late(
    second: Client, cast: Cast, pair: Pair, draw: Draw
) -> None:
    typed_by(cast.clinician, draw, CEA="40.2")
    old = page(draw)
    merge(pair)
    answer = second.post(old, form(draw, CEA="41.73"))  # knows of no draft
    assert answer.status_code == 409
    assert "This was typed on in another window meanwhile." in text_of(answer)
    assert EntryDraft.objects.get().cells == cells(CEA="40.2")


def test_of_a_draw_that_stayed_behind_what_was_typed_is_shown_and_leads_to_the_kept_record(
    second: Client, cast: Cast, pair: Pair, draw: Draw
) -> None:
    """Both records held the same blood: its draw of the kept record waits for its own second entry."""
    same = type_draw(pair[0], cast.nurse, FIRST)
    typed_by(cast.clinician, draw, CEA="41.73")
    old = page(draw)
    merge(pair)
    draw.refresh_from_db()
    assert draw.patient_id == pair[1].pk
    _own, merged = listed(second)
    assert f'href="{reverse("patient", args=[pair[0].pk])}">Zhuo Quibbel' in merged
    assert second.get(old)["Location"] == reverse("patient", args=[pair[0].pk])
    answer = text_of(second.post(old, form(draw, CEA="41.73") | {"draft": known()}))
    assert f'href="{reverse("patient", args=[pair[0].pk])}">CEA 41.73 ng/mL' in answer
    assert value_of(text_of(second.get(page(same))), "CEA") == ""
    assert on_hold(same) == {"CEA": "blind", "ALP": "blind"}


def test_after_undoing_the_merge_it_is_where_the_draw_is_whenever_it_was_typed(
    second: Client, cast: Cast, pair: Pair, draw: Draw
) -> None:
    done = merge(pair)
    draw.refresh_from_db()
    assert put(second, cast.clinician, draw, cells(CEA="41.73")).status_code == 200  # for the kept record
    undo_merge(actor=ACTOR, merge_id=done.pk)
    draw.refresh_from_db()
    own, merged = listed(second)
    assert f'href="{page(draw)}"> Zhuo Quibbel' in own
    assert merged == ""
    assert value_of(text_of(second.get(page(draw))), "CEA") == "41.73"


def test_nobody_else_keeps_a_second_entry_of_a_merged_record(
    client: Client, cast: Cast, pair: Pair, draw: Draw
) -> None:
    """Neither who typed the first, nor another team; nor under a draw that is another patient's."""
    old, sent = page(draw), form(draw, **FIRST)
    other = type_draw(make_patient(cast.team), cast.nurse, FIRST)
    merge(pair)
    for person, draw_id in ((cast.nurse, draw.pk), (cast.stranger, draw.pk), (cast.clinician, other.pk)):
        client.force_login(person)
        answer = client.post(reverse("draw_second_entry", args=[pair[1].pk, draw_id]), sent)
        assert answer.status_code == (404 if person == cast.stranger else 409)
    assert client.get(old).status_code == 302
    client.force_login(cast.stranger)
    assert client.get(kept(draw)).status_code == 404
    assert AuditEvent.objects.filter(action="patient.refused", actor=cast.stranger.audit_name).count() == 2
    assert (EntryDraft.objects.count(), ResultCheck.objects.count()) == (0, 0)


def test_a_correction_of_a_draw_that_moved_is_offered_too(second: Client, cast: Cast, pair: Pair, draw: Draw) -> None:
    context = {"reason": "slip", "seen_version": "1", **form(draw)}
    save_draft(
        user=cast.clinician,
        scope="correction",
        key=str(draw.pk),
        patient_id=pair[1].pk,
        cells={"CEA": {"value": "4.2", "unit": "ng/mL", "assay": "", "confirm": "", "act": ""}},
        context=context,
        revision=0,
    )
    merge(pair)
    address = reverse("draw_correct", args=[pair[0].pk, draw.pk])
    assert f'href="{address}">Zhuo Quibbel' in listed(second)[1]
    assert 'value="4.2"' in text_of(second.get(address))

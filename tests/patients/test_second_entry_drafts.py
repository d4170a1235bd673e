"""What is typed a second time is kept for who typed it, found again, and told of what became of the value meanwhile."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from audit.models import AuditEvent
from patients.models import Draw, EntryDraft, Patient, Result, ResultCheck
from patients.models.drafts import DRAFT_KEPT
from patients.services import Seen, correct_result, save_draft, take_back_draw
from tests.cast import Cast, make_patient, reading
from tests.patients.holds import a_third, ask, on_hold, standing, type_draw
from tests.patients.papers import known

FIRST = {"CEA": "41.73", "ALP": "86"}


@pytest.fixture
def patient(cast: Cast) -> Patient:
    return make_patient(cast.team)


@pytest.fixture
def draw(cast: Cast, patient: Patient) -> Draw:
    """Typed by the nurse, and to be typed again by somebody else."""
    ask("blind")
    return type_draw(patient, cast.nurse, FIRST)


@pytest.fixture
def second(client: Client, cast: Cast) -> Client:
    client.force_login(cast.clinician)
    return client


def page(draw: Draw) -> str:
    return reverse("draw_second_entry", args=[draw.patient_id, draw.pk])


def kept(draw: Draw | int) -> str:
    return reverse("entry_draft", args=["check", draw if isinstance(draw, int) else draw.pk])


def shown_ids(draw: Draw) -> dict[str, int]:
    return dict(draw.results.current().values_list("marker_id", "pk"))


def seen(draw: Draw) -> dict[str, str]:
    return {f"seen_{code}": str(pk) for code, pk in shown_ids(draw).items()}


def cells(**values: str) -> dict[str, dict[str, str]]:
    units = {"CEA": "ng/mL", "ALP": "U/L"}
    return {code: {"value": value, "unit": units[code]} for code, value in values.items()}


def put(client: Client, user: User, draw: Draw | int, typed: Any, **changes: Any) -> Any:
    context = {} if isinstance(draw, int) else seen(draw)
    body = {"user": user.pk, "revision": 0, "cells": typed, "context": context} | changes
    return client.put(kept(draw), json.dumps(body), content_type="application/json")


def form(draw: Draw, **values: str) -> dict[str, str]:
    typed = {f"{part}_{code}": text for code, cell in cells(**values).items() for part, text in cell.items()}
    return seen(draw) | typed


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def value_of(shown: str, code: str) -> str:
    [found] = re.findall(rf'name="value_{code}" value="([^"]*)"', shown)
    return str(found)


def typed_by(user: User, draw: Draw, **values: str) -> EntryDraft:
    return save_draft(
        user=user,
        scope="check",
        key=str(draw.pk),
        patient_id=draw.patient_id,
        cells=cells(**values),
        context=seen(draw),
        revision=0,
    )


def check_as(cast: Cast, draw: Draw, name: str = "third", **values: str) -> None:
    """Somebody else is quicker."""
    other = Client()
    other.force_login(a_third(cast, name))
    assert other.post(page(draw), form(draw, **values)).status_code == 302


def test_what_was_typed_is_there_again_for_its_author_alone_and_holds_nothing_of_the_first_entry(
    second: Client, cast: Cast, draw: Draw
) -> None:
    answer = put(second, cast.clinician, draw, cells(CEA=" <40.2."))
    assert (answer.status_code, sorted(answer.json())) == (200, ["id", "revision", "saved_at"])
    draft = second.get(kept(draw))
    assert draft.json()["draft"]["cells"] == cells(CEA=" <40.2.")
    assert draft.json()["draft"]["context"] == seen(draw)
    assert "41.73" not in draft.content.decode()
    shown = text_of(second.get(page(draw)))
    assert (value_of(shown, "CEA"), value_of(shown, "ALP")) == (" &lt;40.2.", "")
    assert "This is what you typed until" in shown
    assert f'data-draft="{EntryDraft.objects.get().pk}" data-revision="1"' in shown
    assert "41.73" not in shown
    for person in (cast.nurse, a_third(cast)):
        second.force_login(person)
        assert "40.2" not in text_of(second.get(page(draw)))
        assert page(draw) not in text_of(second.get(reverse("enter_results")))
    assert second.get(kept(draw)).json() == {"draft": None}


def test_a_draft_checks_nothing_and_what_waits_goes_on_waiting(second: Client, cast: Cast, draw: Draw) -> None:
    put(second, cast.clinician, draw, cells(**FIRST))
    assert on_hold(draw) == {"CEA": "blind", "ALP": "blind"}
    assert not ResultCheck.objects.exists()
    assert not Result.objects.for_trends().filter(draw=draw).exists()
    assert not AuditEvent.objects.filter(action="result.checked").exists()


def test_the_list_to_go_on_from_names_the_draw_by_its_day_and_laboratory(
    second: Client, cast: Cast, draw: Draw
) -> None:
    put(second, cast.clinician, draw, cells(CEA="40.2"))
    listed = text_of(second.get(reverse("enter_results")))
    entry = listed.partition('class="draft-list"')[2].partition("</li>")[0]
    assert f'href="{page(draw)}"' in entry
    for text in ("(second entry of a draw)", "02-Mar-2026", "Central", "1 cell typed"):
        assert text in entry
    assert "40.2" not in entry
    state = known()
    assert second.post(reverse("enter_results"), {"discard": state}).status_code == 302
    assert not EntryDraft.objects.exists()


def test_the_list_costs_as_many_queries_for_fifty_as_for_one(second: Client, cast: Cast, draw: Draw) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert second.get(reverse("enter_results")).status_code == 200
        return len(captured)

    typed_by(cast.clinician, draw, CEA="40.2")
    queries()
    one = queries()
    for _number in range(49):
        typed_by(cast.clinician, type_draw(make_patient(cast.team), cast.nurse, FIRST), CEA="40.2")
    assert queries() == one


@pytest.mark.parametrize("late", [False, True])
def test_a_draft_is_kept_for_seven_days_and_no_longer(second: Client, cast: Cast, draw: Draw, late: bool) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        typed_by(cast.clinician, draw, CEA="40.2")
        clock.shift(DRAFT_KEPT + dt.timedelta(seconds=1 if late else 0))
        second.force_login(cast.clinician)
        assert value_of(text_of(second.get(page(draw))), "CEA") == ("" if late else "40.2")


def test_saving_drops_the_draft_and_a_refusal_keeps_it(second: Client, cast: Cast, draw: Draw) -> None:
    put(second, cast.clinician, draw, cells(CEA="forty"))
    assert second.post(page(draw), form(draw, CEA="forty") | {"draft": known()}).status_code == 422
    assert EntryDraft.objects.get().cells == cells(CEA="forty")
    assert second.post(page(draw), form(draw, CEA="41.73") | {"draft": known()}).status_code == 302
    assert not EntryDraft.objects.exists()
    assert on_hold(draw) == {"ALP": "blind"}


def test_it_is_thrown_away_by_its_author(second: Client, cast: Cast, draw: Draw) -> None:
    put(second, cast.clinician, draw, cells(CEA="40.2"))
    assert second.post(page(draw), {"discard": "1"})["Location"] == page(draw)
    assert not EntryDraft.objects.exists()
    assert "40.2" not in text_of(second.get(page(draw)))
    assert on_hold(draw) == {"CEA": "blind", "ALP": "blind"}


def test_a_value_that_somebody_else_checked_is_said_and_what_was_typed_stays_visible(
    second: Client, cast: Cast, draw: Draw
) -> None:
    typed_by(cast.clinician, draw, CEA="40.2", ALP="86")
    check_as(cast, draw, CEA="41.73")
    shown = text_of(second.get(page(draw)))
    assert "Typed by you, and waiting for you no more" in shown
    assert 'data-gone="CEA" data-value="40.2" data-unit="ng/mL">CEA 40.2 ng/mL</li>' in shown
    assert "41.73" not in shown
    assert 'name="value_CEA"' not in shown
    assert value_of(shown, "ALP") == "86"
    # The page that was open goes on keeping both; it is saved without the one.
    assert put(second, cast.clinician, draw, cells(CEA="40.2", ALP="86"), revision=1).status_code == 200
    answer = second.post(page(draw), {"value_CEA": "40.2", **form(draw, ALP="86"), "draft": known()})
    assert answer.status_code == 409
    assert "CEA waits for you no more: look at the draw. Nothing was saved yet." in text_of(answer)
    assert 'data-gone="CEA" data-value="40.2"' in text_of(answer)
    assert on_hold(draw) == {"ALP": "blind"}
    assert second.post(page(draw), form(draw, ALP="86") | {"draft": known()}).status_code == 302
    assert on_hold(draw) == {}
    assert not EntryDraft.objects.exists()
    assert set(ResultCheck.objects.values_list("result__marker_id", "by__username")) == {
        ("CEA", "third"),
        ("ALP", "clinician"),
    }


def test_where_nothing_waits_any_more_what_was_typed_is_shown_and_can_be_thrown_away(
    second: Client, cast: Cast, draw: Draw
) -> None:
    typed_by(cast.clinician, draw, CEA="40.2", ALP="86")
    take_back_draw(
        actor=cast.nurse.audit_name,
        draw_id=draw.pk,
        seen=Seen(version=draw.version, results=shown_ids(draw)),
        reason="another patient's",
        recorded_by=cast.nurse,
    )
    shown = text_of(second.get(page(draw)))
    assert "Nothing of this draw waits for this check any more." in shown
    assert re.findall(r'data-gone="(\w+)" data-value="([^"]+)"', shown) == [("CEA", "40.2"), ("ALP", "86")]
    assert 'name="discard"' in shown
    assert page(draw) in text_of(second.get(reverse("enter_results")))


def test_a_first_entry_that_was_corrected_is_said_and_what_was_typed_is_compared_with_the_new_one(
    second: Client, cast: Cast, draw: Draw
) -> None:
    typed_by(cast.clinician, draw, CEA="4.173", ALP="86")
    correct_result(
        actor=cast.nurse.audit_name,
        result_id=standing(draw).pk,
        new=reading("CEA", "4.173"),
        status="corrected",
        reason="typed wrongly",
        recorded_by=cast.nurse,
    )
    shown = text_of(second.get(page(draw)))
    assert "The first entry of CEA was corrected since." in shown
    assert value_of(shown, "CEA") == "4.173"
    assert f'name="seen_CEA" value="{standing(draw).pk}"' in shown
    assert "data-gone" not in shown
    assert second.post(page(draw), form(draw, CEA="4.173", ALP="86") | {"draft": known()}).status_code == 302
    assert on_hold(draw) == {}


def test_a_form_that_is_sent_again_checks_nothing_twice(second: Client, cast: Cast, draw: Draw) -> None:
    put(second, cast.clinician, draw, cells(CEA="41.73", ALP="68"))
    sent = form(draw, CEA="41.73", ALP="68") | {"draft": known()}
    assert second.post(page(draw), sent)["Location"] == page(draw)
    before = {(one.pk, one.result.marker_id, one.outcome) for one in ResultCheck.objects.select_related("result")}
    again: Any = second.post(page(draw), sent, follow=True)
    assert again.redirect_chain == [(page(draw), 302)]  # where the two that differ are shown
    assert "2 values were saved before and are not checked twice." in text_of(again)
    assert {(one.pk, one.result.marker_id, one.outcome) for one in ResultCheck.objects.all()} == before
    assert {one[1:] for one in before} == {("CEA", "agreed"), ("ALP", "differs")}
    assert on_hold(draw) == {"ALP": "blind"}
    assert AuditEvent.objects.filter(action="result.checked").count() == 2


def test_what_was_sent_before_is_left_out_and_the_rest_is_saved(second: Client, cast: Cast, draw: Draw) -> None:
    second.post(page(draw), form(draw, CEA="41.73"))
    shown = text_of(second.post(page(draw), form(draw, CEA="41.73", ALP="86"), follow=True))
    assert "1 value is checked and counts from now on." in shown
    assert "1 value was saved before and is not checked twice." in shown
    assert on_hold(draw) == {}


@pytest.mark.parametrize("changed", [{"value_CEA": "41.74"}, {"unit_CEA": "µg/L"}])
def test_another_value_than_the_one_sent_before_is_not_taken_for_it(
    second: Client, draw: Draw, changed: dict[str, str]
) -> None:
    second.post(page(draw), form(draw, CEA="41.73"))
    answer = second.post(page(draw), form(draw, CEA="41.73") | changed)
    assert answer.status_code == 409
    assert "CEA waits for you no more" in text_of(answer)
    assert ResultCheck.objects.count() == 1


def test_the_id_of_one_marker_is_not_taken_for_another(second: Client, draw: Draw) -> None:
    second.post(page(draw), form(draw, ALP="86"))
    sent = form(draw, CEA="86") | {"unit_CEA": "U/L", "seen_CEA": str(standing(draw, "ALP").pk)}
    assert second.post(page(draw), sent).status_code in {409, 422}
    assert on_hold(draw) == {"CEA": "blind"}


def test_what_another_window_kept_is_shown_before_anything_is_saved(second: Client, cast: Cast, draw: Draw) -> None:
    typed_by(cast.clinician, draw, CEA="40.2")
    answer = second.post(page(draw), form(draw, CEA="41.73"))  # knows of no draft
    shown = text_of(answer)
    assert answer.status_code == 409
    assert "Something else was typed in another window meanwhile" in shown
    assert "error-summary" not in shown  # said once
    assert '<td class="num">40.2</td> <td class="num">41.73</td>' in shown  # there; here, by the same person
    assert value_of(shown, "CEA") == "41.73"
    assert (on_hold(draw), ResultCheck.objects.count()) == ({"CEA": "blind", "ALP": "blind"}, 0)
    assert EntryDraft.objects.get().cells == cells(CEA="40.2")
    beside: Any = second.post(page(draw), form(draw, CEA="41.73") | {"save_beside": known()}, follow=True)
    assert "What was typed in the other window is kept as a draft. It is not saved yet." in text_of(beside)
    assert on_hold(draw) == {"ALP": "blind"}
    assert EntryDraft.objects.get().cells == cells(CEA="40.2")


def test_a_second_window_is_told_and_given_the_newer_draft(second: Client, cast: Cast, draw: Draw) -> None:
    put(second, cast.clinician, draw, cells(CEA="40.2"))
    answer = put(second, cast.clinician, draw, cells(CEA="9"))
    assert answer.status_code == 409
    assert answer.json()["draft"]["cells"] == cells(CEA="40.2")
    assert answer.json()["differences"] == [{"what": "CEA", "there": "40.2", "here": "9"}]
    assert "41.73" not in answer.content.decode()
    second.post(page(draw), {"discard": "1"})
    gone = put(second, cast.clinician, draw, cells(CEA="9"), revision=1)
    assert (gone.status_code, gone.json()["draft"]) == (409, None)
    assert not EntryDraft.objects.exists()


def test_nobody_keeps_a_draft_who_is_not_the_second_person_of_the_draw(client: Client, cast: Cast, draw: Draw) -> None:
    for person, status in ((cast.nurse, 404), (cast.stranger, 404), (cast.administrator, 403)):
        client.force_login(person)
        assert put(client, person, draw, cells(CEA="40.2")).status_code == status
        assert client.get(kept(draw)).status_code == status
    client.force_login(cast.clinician)
    assert put(client, cast.clinician, 987654, cells(CEA="40.2")).status_code == 404
    assert not EntryDraft.objects.exists()
    refused = AuditEvent.objects.filter(action__in=["patient.refused", "draw.refused"])
    assert refused.filter(actor=cast.nurse.audit_name, action="draw.refused", patient_id=draw.patient_id).count() == 2
    assert refused.count() == 7


@pytest.mark.parametrize("kind", ["verify", "none"])
def test_a_draw_that_nobody_types_again_has_no_such_draft(
    second: Client, cast: Cast, patient: Patient, kind: str
) -> None:
    ask(kind)
    draw = type_draw(patient, cast.nurse, FIRST)
    assert put(second, cast.clinician, draw, cells(CEA="40.2")).status_code == 404
    assert not EntryDraft.objects.exists()
    assert AuditEvent.objects.filter(action="draw.refused", object_id=str(draw.pk)).count() == 1


def test_who_typed_it_first_keeps_a_draft_once_they_are_asked_to_decide(client: Client, cast: Cast, draw: Draw) -> None:
    check_as(cast, draw, CEA="40.2")  # differs
    client.force_login(cast.nurse)
    assert put(client, cast.nurse, draw, cells(CEA="41.73")).status_code == 200
    shown = text_of(client.get(page(draw)))
    assert value_of(shown, "CEA") == "41.73"  # by the nurse's own draft
    assert "40.2" not in shown


def test_what_is_typed_while_somebody_else_is_quicker_is_still_kept(second: Client, cast: Cast, draw: Draw) -> None:
    check_as(cast, draw, **FIRST)
    assert put(second, cast.clinician, draw, cells(CEA="40.2")).status_code == 200
    assert 'data-gone="CEA" data-value="40.2"' in text_of(second.get(page(draw)))


def test_the_next_person_at_this_machine_keeps_nothing_under_their_name(second: Client, cast: Cast, draw: Draw) -> None:
    third = a_third(cast)
    second.force_login(third)
    answer = put(second, cast.clinician, draw, cells(CEA="40.2"))
    assert (answer.status_code, answer.json()) == (401, {"signed_out": True, "other": True})
    second.logout()
    assert put(second, cast.clinician, draw, cells(CEA="40.2")).status_code == 401
    assert not EntryDraft.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"cells": {"CEA": {"value": "1", "assay": "Elecsys"}}},
        {"cells": {"CEA": {"value": "1", "confirm": "1"}}},
        {"cells": {"NLR": {"value": "1"}}},
        {"context": {"seen_NLR": "1"}},
        {"context": {"collected_on": "2026-03-02"}},
        {"context": {"seen_CEA": "x" * 201}},
    ],
)
def test_what_no_second_entry_holds_is_refused_aloud(second: Client, cast: Cast, draw: Draw, changes: Any) -> None:
    answer = put(second, cast.clinician, draw, {}, **changes)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])
    assert not EntryDraft.objects.exists()

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from patients.models import FollowUpCall, FollowUpPlan, Patient
from patients.services import pause_plan, record_call, set_plan
from tests.cast import ACTOR, Cast, give_draw, make_patient

NOW = dt.datetime(2026, 3, 9, 10, tzinfo=dt.UTC)
TODAY = NOW.date()
SENT: dict[str, dict[str, str]] = {
    "call_record": {"outcome": "will_come", "comes_on": "2026-03-12", "note": "with her son"},
    "plan_pause": {"until": "2026-04-01", "reason": "hip operation"},
    "plan_stop": {"reason": "treatment ended"},
    "plan_resume": {},
}


@pytest.fixture(autouse=True)
def _at_ten_on_the_ninth_of_march(db: None) -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def patient(cast: Cast) -> Patient:
    """The panel is CEA and NSE; NSE was never measured, CEA on the 2nd of February."""
    patient = make_patient(cast.team)
    set_plan(actor=ACTOR, patient_id=patient.pk, markers=["CEA", "NSE"], every_weeks=4, starts_on=dt.date(2026, 2, 1))
    give_draw(patient, dt.date(2026, 2, 2), {"CEA": "3"})
    return patient


def page_of(client: Client, patient: Patient) -> str:
    return client.get(reverse("follow_up", args=[patient.pk])).content.decode()


def send(client: Client, patient: Patient, name: str, **changes: str) -> Any:
    return client.post(reverse(name, args=[patient.pk]), SENT[name] | changes)


def test_the_page_says_what_is_due_and_which_marker_is_missing(client: Client, cast: Cast, patient: Patient) -> None:
    client.force_login(cast.nurse)
    page = page_of(client, patient)
    assert "overdue by 36 days" in page
    assert "not in the draw of 02-Feb-2026: NSE" in page
    assert "never" in page
    assert f'href="{reverse("draw_new", args=[patient.pk])}"' in page
    assert f'href="{reverse("plan_edit", args=[patient.pk])}"' in page


def test_a_call_is_recorded_and_said_on_the_page_with_who_and_when(
    client: Client, cast: Cast, patient: Patient
) -> None:
    client.force_login(cast.nurse)
    answer = send(client, patient, "call_record")
    assert (answer.status_code, answer["Location"]) == (302, reverse("follow_up", args=[patient.pk]))
    call = FollowUpCall.objects.get()
    assert (call.patient, call.recorded_by, call.at) == (patient, cast.nurse, NOW)
    page = page_of(client, patient)
    assert "comes 12-Mar-2026" in page
    assert "with her son" in page
    assert "was due 01-Feb-2026" in page
    assert "overdue by" not in page


def test_what_ends_the_follow_up_leads_to_the_stop_with_its_reason_filled_in(
    client: Client, cast: Cast, patient: Patient
) -> None:
    client.force_login(cast.nurse)
    send(client, patient, "call_record", outcome="moved", comes_on="")
    page = page_of(client, patient)
    assert "Stop the plan below if no further draw is to come." in page
    assert 'name="reason" value="moved away"' in page
    assert FollowUpPlan.objects.get().is_active


def test_a_pause_is_said_and_ended_at_once(client: Client, cast: Cast, patient: Patient) -> None:
    client.force_login(cast.clinician)
    send(client, patient, "plan_pause")
    page = page_of(client, patient)
    assert "paused until 01-Apr-2026" in page
    assert "Nothing is due before 01-Apr-2026: hip operation" in page
    send(client, patient, "plan_resume")
    assert "overdue by 36 days" in page_of(client, patient)
    assert FollowUpPlan.objects.get().paused_until is None


def test_a_stopped_plan_is_said_with_day_and_reason_until_another_is_made(
    client: Client, cast: Cast, patient: Patient
) -> None:
    client.force_login(cast.clinician)
    send(client, patient, "plan_stop")
    page = page_of(client, patient)
    assert "Stopped on 09-Mar-2026: treatment ended" in page
    assert reverse("plan_stop", args=[patient.pk]) not in page
    set_plan(actor=ACTOR, patient_id=patient.pk, markers=["CEA"], every_weeks=4, starts_on=TODAY)
    assert "Stopped on" not in page_of(client, patient)


WRONG = [
    ("call_record", {"outcome": ""}, "Choose what came of the call."),
    ("call_record", {"comes_on": ""}, "On which day does the patient come?"),
    (
        "call_record",
        {"comes_on": "2026-03-08"},
        "08-Mar-2026 does not do: choose a day from today, 09-Mar-2026, to 09-Jun-2026.",
    ),
    ("call_record", {"comes_on": "12/03/2026"}, "This is not a date. Write it like 2026-03-09."),
    ("call_record", {"outcome": "other", "comes_on": "", "note": ""}, "Say what was agreed, in a few words."),
    ("plan_pause", {"until": "2026-03-09"}, "A pause ends after today, 09-Mar-2026."),
    ("plan_pause", {"until": "2028-03-07"}, "A pause ends by 06-Mar-2028. For longer, stop the plan."),
    ("plan_pause", {"reason": " "}, "Say why, in a few words."),
    ("plan_stop", {"reason": ""}, "Say why, in a few words."),
]


@pytest.mark.parametrize(("name", "changes", "said"), WRONG)
def test_what_does_not_do_is_said_and_what_was_typed_is_kept(
    client: Client, cast: Cast, patient: Patient, name: str, changes: dict[str, str], said: str
) -> None:
    client.force_login(cast.nurse)
    before = FollowUpPlan.objects.values().get()
    answer = send(client, patient, name, **changes)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Nothing was saved yet" in page
    assert said in page
    for typed in (SENT[name] | changes).values():
        assert not typed.strip() or f'value="{typed}"' in page
    assert FollowUpPlan.objects.values().get() == before
    assert not FollowUpCall.objects.exists()


def test_a_plan_that_somebody_stopped_meanwhile_is_not_paused(client: Client, cast: Cast, patient: Patient) -> None:
    client.force_login(cast.nurse)
    send(client, patient, "plan_stop")
    answer = send(client, patient, "plan_pause")
    assert answer.status_code == 422
    assert "somebody may have stopped it meanwhile" in answer.content.decode()
    assert FollowUpPlan.objects.get().paused_until is None


@pytest.mark.parametrize("name", SENT)
@pytest.mark.parametrize(("who", "status"), [("administrator", 403), ("stranger", 404)])
def test_who_may_not_record_events_changes_nothing(
    client: Client, cast: Cast, patient: Patient, name: str, who: str, status: int
) -> None:
    pause_plan(actor=ACTOR, patient_id=patient.pk, until=dt.date(2026, 5, 1), reason="abroad")
    before = FollowUpPlan.objects.values().get()
    client.force_login(getattr(cast, who))
    assert send(client, patient, name).status_code == status
    assert FollowUpPlan.objects.values().get() == before
    assert not FollowUpCall.objects.exists()


def test_who_may_only_look_sees_the_calls_and_no_form(client: Client, cast: Cast, patient: Patient) -> None:
    record_call(actor=ACTOR, patient_id=patient.pk, outcome="no_answer", recorded_by=cast.nurse)
    client.force_login(cast.administrator)
    page = page_of(client, patient)
    assert "no answer" in page
    for name in SENT:
        assert reverse(name, args=[patient.pk]) not in page


def test_a_note_reaches_the_page_as_text_never_as_markup(client: Client, cast: Cast, patient: Patient) -> None:
    client.force_login(cast.nurse)
    send(client, patient, "call_record", note="<script>alert(1)</script>")
    page = page_of(client, patient)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_fifty_calls_cost_as_many_queries_as_one(client: Client, cast: Cast, patient: Patient) -> None:
    client.force_login(cast.nurse)

    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            page_of(client, patient)
        return len(captured)

    record_call(actor=ACTOR, patient_id=patient.pk, outcome="no_answer", recorded_by=cast.nurse)
    page_of(client, patient)
    one = asked()
    for at in range(49):
        record_call(actor=ACTOR, patient_id=patient.pk, outcome="other", note=f"{at}", recorded_by=cast.nurse)
    assert FollowUpCall.objects.count() == 50
    assert asked() == one


def test_who_promised_a_later_day_is_not_among_the_draws_waited_for_today(client: Client, cast: Cast) -> None:
    names = {}
    for name, day in (("Comes Today", TODAY), ("Comes Tomorrow", TODAY + dt.timedelta(days=1))):
        one = make_patient(cast.team, name=name)
        set_plan(actor=ACTOR, patient_id=one.pk, markers=["CEA"], every_weeks=6, starts_on=dt.date(2026, 3, 1))
        record_call(actor=ACTOR, patient_id=one.pk, outcome="will_come", comes_on=day)
        names[name] = one
    client.force_login(cast.nurse)
    page = client.get(reverse("enter_results")).content.decode()
    assert "Comes Today" in page
    assert "called today: comes today" in page
    assert "Comes Tomorrow" not in page

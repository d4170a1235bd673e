"""The steps of an alert as the page offers, takes and refuses them."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.models import Membership
from monitoring.forms import StepForm
from monitoring.models import Alert
from tests.cast import Cast, give_draw, make_patient
from tests.monitoring.alert_steps import ONE, TODAY, alert_in, rows, scan, seen_of, take
from tests.monitoring.scenes import NOW, day, patient_with, run, the_alert

pytestmark = pytest.mark.django_db
ADDRESS = re.compile(r'action="/alerts/\d+/([\w-]+)/"')


@pytest.fixture(autouse=True)
def _today() -> object:
    with time_machine.travel(NOW, tick=False) as moment:
        yield moment


@pytest.fixture
def alert(cast: Cast, client: Client) -> Alert:
    client.force_login(cast.clinician)
    return alert_in(make_patient(cast.team))


def send(client: Client, name: str, alert: Alert, **said: object) -> Any:
    return client.post(reverse(f"alert_{name}", args=[alert.pk]), {"seen": seen_of(alert), **said})


def page(client: Client, alert: Alert) -> str:
    return client.get(reverse("patient", args=[alert.patient_id])).content.decode()


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        ("open", ["acknowledge", "repeat", "imaging", "close", "snooze", "hand-over"]),
        ("acknowledged", ["repeat", "imaging", "close", "snooze", "hand-over"]),
        ("repeat_requested", ["repeat", "imaging", "close", "snooze", "hand-over"]),
        ("confirmed", ["repeat", "imaging", "close", "snooze", "hand-over"]),
        ("not_confirmed", ["repeat", "imaging", "close", "snooze", "hand-over"]),
        ("imaging_requested", ["repeat", "imaging", "close", "snooze", "hand-over"]),
        ("closed", []),
        ("withdrawn", []),
    ],
)
def test_the_page_offers_the_steps_that_are_possible_and_no_other(
    client: Client, cast: Cast, state: str, offered: list[str]
) -> None:
    alert = alert_in(make_patient(cast.team), state)
    client.force_login(cast.clinician)
    assert ADDRESS.findall(page(client, alert)) == offered
    client.force_login(cast.nurse)
    assert ADDRESS.findall(page(client, alert)) == []


def test_a_snoozed_alert_offers_to_wake_it(client: Client, cast: Cast, alert: Alert) -> None:
    take("snooze", alert, cast.clinician)
    assert ADDRESS.findall(page(client, alert)) == ["acknowledge", "repeat", "imaging", "close", "wake", "hand-over"]
    assert send(client, "wake", alert).status_code == 302
    assert Alert.objects.get().snoozed_until is None


def test_the_loop_is_walked_to_its_end_on_the_page(client: Client, cast: Cast, alert: Alert) -> None:
    assert send(client, "repeat", alert, due_on="2025-09-15").status_code == 302
    assert "repeat draw due 15-Sep-2025" in page(client, alert)
    assert send(client, "imaging", alert, modality="mri", due_on="").status_code == 302
    study = scan(alert.patient)
    offered = page(client, alert)
    assert f'<option value="{study.pk}" selected>MRI of 01-Sep-2025: bone metastasis</option>' in offered
    assert '<option value="bone_metastasis" selected>' in offered
    assert send(client, "hand_over", alert, owner=cast.nurse.pk, comment="call her").status_code == 302
    assert send(client, "close", alert, outcome="bone_metastasis", study=study.pk, comment="").status_code == 302
    closed = page(client, alert)
    assert "Earlier alerts" in closed
    assert "The alert came on the day of the imaging that showed it." in closed
    assert "handed over to nurse" in closed
    alert.refresh_from_db()
    assert (alert.state, alert.outcome, alert.imaging, alert.owner) == ("closed", "bone_metastasis", study, cast.nurse)


@pytest.mark.parametrize(
    ("name", "said", "why"),
    [
        ("repeat", {"due_on": "", "comment": "KEPT"}, "Name the day."),
        ("repeat", {"due_on": "2025-08-31", "comment": "KEPT"}, "The first day possible is 01-Sep-2025."),
        ("repeat", {"due_on": "03/04/2026", "comment": "KEPT"}, "This is not a date."),
        ("imaging", {"modality": "", "comment": "KEPT"}, "Choose what kind of imaging is asked for."),
        ("close", {"outcome": "", "comment": "KEPT"}, "Choose what came of the alert."),
        ("close", {"outcome": "bone_metastasis", "comment": "KEPT"}, "Choose the imaging that showed"),
        ("close", {"outcome": "benign", "study": "x1", "comment": "KEPT"}, "Choose one from the list."),
        ("snooze", {"until": "2026-03-01", "comment": "KEPT"}, "The last day possible is 28-Feb-2026"),
        ("hand_over", {"owner": "1234567", "comment": "KEPT"}, "nurse or clinician of the patient&#x27;s care team"),
    ],
)
def test_a_step_that_cannot_be_taken_says_why_keeps_what_was_typed_and_changes_nothing(
    client: Client, alert: Alert, name: str, said: dict[str, str], why: str
) -> None:
    before = rows()[:2]
    answer = send(client, name, alert, **said)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert why in text
    assert ">\nKEPT</textarea>" in text
    assert rows()[:2] == before
    assert text.count(" open>") == 1  # the step that was sent stands unfolded


def test_the_second_of_two_is_told_and_what_was_typed_stands_in_the_form(
    client: Client, cast: Cast, alert: Alert
) -> None:
    seen = seen_of(alert)
    take("repeat", alert, cast.clinician)
    before = rows()[:2]
    said = {"seen": seen, "modality": "pet_ct", "comment": "KEPT"}
    answer = client.post(reverse("alert_imaging", args=[alert.pk]), said)
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "Something was done with this alert while you were writing (now: repeat draw asked for)." in text
    assert ">\nKEPT</textarea>" in text
    assert '<option value="pet_ct" selected>' in text
    assert rows()[:2] == before
    assert f'name="seen" value="{seen_of(alert)}"' in text
    assert client.post(reverse("alert_imaging", args=[alert.pk]), {**said, "seen": seen_of(alert)}).status_code == 302


def test_a_step_that_is_gone_shows_what_had_been_typed(client: Client, cast: Cast, alert: Alert) -> None:
    seen = seen_of(alert)
    take("acknowledge", alert, cast.clinician)
    answer = client.post(reverse("alert_acknowledge", args=[alert.pk]), {"seen": seen, "comment": "KEPT"})
    assert answer.status_code == 409
    text = answer.content.decode()
    assert re.search(r"<textarea [^>]*readonly>KEPT</textarea>", text)
    since = text[text.index("Since you opened the page:") :]
    (came,) = re.findall(r"<li>.*?</li>", since[: since.index("</ul>")], re.DOTALL)
    assert "acknowledged" in came
    assert "CT ordered" in came


def test_a_closed_alert_takes_no_step_and_what_was_typed_is_not_lost(client: Client, cast: Cast, alert: Alert) -> None:
    seen = seen_of(alert)
    take("close", alert, cast.clinician)
    answer = client.post(
        reverse("alert_snooze", args=[alert.pk]), {"seen": seen, "until": "2025-09-20", "comment": "KEPT"}
    )
    assert answer.status_code == 409
    assert "This step is not possible any more (now: closed)." in answer.content.decode()
    assert "KEPT" in answer.content.decode()


@pytest.mark.parametrize("name", ["acknowledge", "repeat", "imaging", "close", "snooze", "wake", "hand_over"])
def test_a_step_is_never_a_link_and_never_blind(client: Client, alert: Alert, name: str) -> None:
    """Without word of what the person had seen a step would overwrite what came meanwhile."""
    before = rows()[:2]
    assert client.get(reverse(f"alert_{name}", args=[alert.pk])).status_code == 405
    answer = client.post(reverse(f"alert_{name}", args=[alert.pk]), {"comment": "x"})
    assert answer.status_code == 422
    assert "It is not known what of this alert you had seen." in answer.content.decode()
    assert rows()[:2] == before


def test_an_answer_does_not_cover_a_marker_that_joined_after_the_page_was_opened(client: Client, cast: Cast) -> None:
    """Refused with what came since, and with what was typed; sent again with that in view it is taken."""
    patient = patient_with(cast.team, also={"ALP": "70"})
    run(patient)
    alert, before = the_alert(patient), seen_of(the_alert(patient))
    client.force_login(cast.clinician)
    for at, value in enumerate(("130", "160", "190"), start=1):
        give_draw(patient, day(5) + at * 2 * ONE, {"CEA": "6.0", "ALP": value})
    run(patient)
    alert.refresh_from_db()
    assert (alert.state, alert.markers) == ("open", ["ALP", "CEA"])
    address = reverse("alert_acknowledge", args=[alert.pk])
    answer = client.post(address, {"seen": before, "comment": "KEPT"})
    text = answer.content.decode()
    assert answer.status_code == 409
    since = text[text.index("Since you opened the page:") :]
    assert re.findall(r"<li>.*?</span> (.*?)</li>", since[: since.index("</ul>")]) == ["a further marker rises"]
    assert ">\nKEPT</textarea>" in text
    assert the_alert(patient).state == "open"
    sent = re.search(r'name="seen" value="(\d+)"', text[text.index(f'action="{address}"') :])
    assert sent is not None
    assert client.post(address, {"seen": sent[1], "comment": "KEPT"}).status_code == 302
    assert the_alert(patient).state == "acknowledged"


def test_every_step_of_the_page_has_an_address_and_a_name(alert: Alert) -> None:
    for form in StepForm.__subclasses__():
        assert reverse(f"alert_{form.name}", args=[alert.pk])
        assert str(form.title)
        assert str(form.button)


def test_of_an_owner_who_left_the_team_the_page_says_so_and_who_goes_on_keeps_the_alert(
    client: Client, cast: Cast, alert: Alert
) -> None:
    take("hand_over", alert, cast.clinician, owner_id=cast.nurse.pk)
    left = "no longer of the care team: who takes the next step keeps the alert"
    assert left not in page(client, alert)
    Membership.objects.filter(user=cast.nurse).delete()
    assert left in page(client, alert)
    take("repeat", alert, cast.clinician)
    alert.refresh_from_db()
    assert alert.owner == cast.clinician
    assert left not in page(client, alert)


def test_who_keeps_an_alert_is_chosen_from_the_team(client: Client, cast: Cast, alert: Alert) -> None:
    text = page(client, alert)
    owners = re.search(r'<select name="owner".*?</select>', text, re.DOTALL)
    assert owners is not None
    assert re.findall(r">([^<>\n]+)</option>", owners[0]) == ["choose", "clinician", "nurse"]


def test_today_and_a_day_of_a_snooze_are_the_clinics(client: Client, alert: Alert) -> None:
    assert send(client, "snooze", alert, until=TODAY.isoformat(), comment="abroad").status_code == 422
    assert send(client, "snooze", alert, until=(TODAY + ONE).isoformat(), comment="abroad").status_code == 302
    assert Alert.objects.get().snoozed_until == dt.datetime(2025, 9, 2, tzinfo=dt.UTC)

"""Notes and mentions as the pages show, take and refuse them."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Membership, User
from monitoring.models import Mention, Note
from monitoring.services import LONGEST_NOTE
from monitoring.tasks import drop_sessions
from patients.models import Patient
from patients.services import merge_patients
from tests.cast import ACTOR, PASSWORD, Cast, make_patient
from tests.monitoring.alert_steps import ONE, alert_in, seen_of, take
from tests.monitoring.notes import amend, colleague, note_by, rows, said, take_back, told
from tests.monitoring.reports.printed import printed
from tests.monitoring.scenes import NOW, RISING, patient_with, run

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today() -> object:
    with time_machine.travel(NOW, tick=False) as moment:
        yield moment


@pytest.fixture
def patient(cast: Cast, client: Client) -> Patient:
    client.force_login(cast.nurse)
    return make_patient(cast.team, name="Quillon Ashgrove")


def write(client: Client, patient: Patient, text: str = "lives alone", **given: Any) -> Any:
    return client.post(reverse("patient_notes", args=[patient.pk]), {"text": text, "key": str(uuid.uuid4()), **given})


def page(client: Client, patient: Patient) -> str:
    return client.get(reverse("patient", args=[patient.pk])).content.decode()


def article(text: str, note: Note) -> str:
    """The part of a page that shows the note."""
    found = re.search(rf'<article[^>]*id="note-{note.pk}".*?</article>', text, re.DOTALL)
    return found[0] if found else ""


# --- writing ------------------------------------------------------------------------------------------------------
def test_a_note_stands_on_the_page_with_author_and_time(client: Client, patient: Patient) -> None:
    answer = write(client, patient)
    note = Note.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/patients/{patient.pk}/#note-{note.pk}")
    shown = article(page(client, patient), note)
    assert "lives alone" in shown
    assert "<b>nurse</b>" in shown
    assert "01-Sep-2025 12:00" in shown


def test_the_newest_of_a_patients_notes_stands_first_and_older_ones_are_one_link_away(
    client: Client, cast: Cast, patient: Patient
) -> None:
    notes = [note_by(cast.nurse, patient, f"number {at}") for at in range(7)]
    text = page(client, patient)
    assert re.findall(r"number \d", text) == ["number 6", "number 5", "number 4", "number 3", "number 2"]
    assert "2 older notes, and those on alerts" in text
    every = client.get(reverse("patient_notes", args=[patient.pk])).content.decode()
    assert re.findall(r"number \d", every) == [f"number {at}" for at in reversed(range(7))]
    assert all(article(every, note) for note in notes)


def test_text_is_shown_as_text(client: Client, cast: Cast, patient: Patient) -> None:
    note_by(cast.nurse, patient, "<script>x</script> https://example.org\nsecond line", tell=[cast.clinician])
    client.force_login(cast.clinician)
    for address in (reverse("patient", args=[patient.pk]), reverse("mention_list")):
        text = client.get(address).content.decode()
        assert "&lt;script&gt;x&lt;/script&gt; https://example.org" in text
        assert "<script>x" not in text
        assert 'href="https://example.org' not in text


def test_a_note_on_an_alert_stands_with_the_alert_and_in_its_history_in_order(
    client: Client, cast: Cast, patient: Patient
) -> None:
    alert = alert_in(patient)
    assert write(client, patient, "called her", alert=alert.pk).status_code == 302
    note = Note.objects.get()
    assert note.alert == alert
    amend(note, "called him")
    text = page(client, patient)
    strip = text[text.index('class="alert-strip') : text.index('id="notes"')]
    assert article(strip, note)
    history = strip[strip.index("alert-history") : strip.index("</details>")]
    told_in_order = re.findall(r"</span> ([^<]+?) ?<span", history.replace("\n", " "))
    assert told_in_order == ["note", "note amended: mistyped"]
    assert re.findall(r"<blockquote>(.*?)</blockquote>", history) == ["called her", "called him"]
    assert not article(text[text.index('id="notes"') :], note)


def test_away_from_its_alert_a_note_says_on_which_one_it_was_written(
    client: Client, cast: Cast, patient: Patient
) -> None:
    own = note_by(cast.nurse, patient, "own")
    on_alert = note_by(cast.nurse, patient, "on alert", alert=alert_in(patient))
    older = note_by(cast.nurse, patient, "older", now=NOW - ONE)
    where = "on the alert of 01-Sep-2025"
    every = client.get(reverse("patient_notes", args=[patient.pk])).content.decode()
    assert [where in article(every, note) for note in (own, on_alert, older)] == [False, True, False]
    assert where not in page(client, patient)
    assert where in client.get(reverse("note", args=[on_alert.pk])).content.decode()


def test_a_closed_alert_takes_a_note(client: Client, cast: Cast, patient: Patient) -> None:
    alert = alert_in(patient, "closed")
    write(client, patient, "seen at autopsy", alert=alert.pk)
    text = page(client, patient)
    assert article(text[text.index("Earlier alerts") :], Note.objects.get())


def test_an_alert_of_somebody_else_is_absent(client: Client, cast: Cast, patient: Patient) -> None:
    other = alert_in(make_patient(cast.team))
    assert write(client, patient, alert=other.pk).status_code == 404
    assert Note.objects.count() == 0


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("   ", "The note is empty."),
        ("KEPT" * 501, "The note has 2004 characters, at most 2000 fit. Nothing was cut off"),
    ],
)
def test_what_is_refused_says_why_and_keeps_what_was_typed(
    client: Client, cast: Cast, patient: Patient, text: str, why: str
) -> None:
    before = rows()
    answer = write(client, patient, text, tell=[cast.clinician.pk])
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert why in shown
    assert f">\n{text}</textarea>" in shown
    assert re.search(rf'name="tell"[^>]*value="{cast.clinician.pk}" checked', shown)
    assert rows() == before


def test_what_is_refused_on_an_alert_stands_at_that_alert(client: Client, patient: Patient) -> None:
    alert = alert_in(patient)
    shown = write(client, patient, "x" * (LONGEST_NOTE + 1), alert=alert.pk).content.decode()
    strip = shown[shown.index('class="alert-strip') : shown.index('id="notes"')]
    assert "2001 characters" in strip
    assert '<details class="note-write" open>' in strip
    assert "2001 characters" not in shown[shown.index('id="notes"') :]


@pytest.mark.parametrize("given", [{"key": "x"}, {"alert": "x"}, {"tell": "x1"}, {"text": "a\x00b"}])
def test_nonsense_is_refused_and_nothing_breaks(client: Client, patient: Patient, given: dict[str, str]) -> None:
    before = rows()
    assert write(client, patient, **given).status_code == 422
    assert rows() == before


def test_a_browser_is_not_asked_to_cut_what_is_pasted(client: Client, patient: Patient) -> None:
    form = re.search(r'<form class="note-form".*?</form>', page(client, patient), re.DOTALL)
    assert form is not None
    assert "maxlength" not in form[0]
    assert "at most 2000 characters" in form[0]


# --- who may ------------------------------------------------------------------------------------------------------
def test_an_administrator_sees_the_patient_and_no_sign_of_notes(client: Client, cast: Cast, patient: Patient) -> None:
    alert = alert_in(patient)
    note_by(cast.nurse, patient, "SECRETWORD")
    note_by(cast.nurse, patient, "SECRETWORD", alert=alert)
    client.force_login(cast.administrator)
    text = page(client, patient)
    assert "Quillon Ashgrove" in text
    assert [word for word in ("SECRETWORD", '"note', "Note", "entions") if word in text.partition("<main")[2]] == []
    assert "mentions" not in text


def test_notes_are_on_no_print(client: Client, cast: Cast, patient: Patient) -> None:
    rising = patient_with(cast.team, RISING)
    run(rising)
    note_by(cast.nurse, rising, "SECRETWORD")
    note_by(cast.nurse, rising, "SECRETWORD", alert=rising.alerts.get())
    paper = printed(client.get(reverse("patient_paper", args=[rising.pk])))
    assert "Zhuo Quibble" in paper.words
    assert "SECRETWORD" not in paper.words


# --- amending -----------------------------------------------------------------------------------------------------
def test_the_author_amends_and_the_old_words_are_one_click_away(client: Client, cast: Cast, patient: Patient) -> None:
    note = note_by(cast.nurse, patient, "pain left")
    assert f'href="/notes/{note.pk}/"' in article(page(client, patient), note)
    given = {"text": "pain right", "reason": "wrong side", "seen": "1"}
    answer = client.post(reverse("note_amend", args=[note.pk]), given)
    assert (answer.status_code, answer["Location"]) == (302, f"/patients/{patient.pk}/#note-{note.pk}")
    shown = article(page(client, patient), note)
    assert "Amended 01-Sep-2025 12:00: wrong side" in shown
    older = shown[shown.index("What it said before") :]
    assert ("pain left" in older, "pain right" in older) == (True, False)


def test_a_note_taken_back_says_so_and_why_and_keeps_its_words(client: Client, cast: Cast, patient: Patient) -> None:
    note = note_by(cast.nurse, patient, "pain left")
    given = {"reason": "other patient", "seen": "1"}
    assert client.post(reverse("note_take_back", args=[note.pk]), given).status_code == 302
    shown = article(page(client, patient), note)
    assert "Taken back 01-Sep-2025 12:00: other patient" in shown
    assert "pain left" in shown[shown.index("What it said before") :]
    assert "Amend or take back" not in shown


def test_a_colleague_reads_a_note_and_is_offered_no_change(client: Client, cast: Cast, patient: Patient) -> None:
    note = note_by(cast.nurse, patient)
    client.force_login(cast.clinician)
    assert "Amend or take back" not in page(client, patient)
    shown = client.get(reverse("note", args=[note.pk]))
    assert (shown.status_code, "<textarea" in shown.content.decode()) == (200, False)


def test_of_two_windows_the_second_is_shown_the_difference_and_loses_nothing(
    client: Client, cast: Cast, patient: Patient
) -> None:
    note = note_by(cast.nurse, patient, "pain left")
    amend(note, "pain right")
    before = rows()
    given = {"text": "pain left hip", "reason": "hip", "seen": "1"}
    answer = client.post(reverse("note_amend", args=[note.pk]), given)
    assert answer.status_code == 409
    assert rows() == before
    shown = answer.content.decode()
    assert "You amended this note in another window meanwhile." in shown
    assert re.search(r"pain <del>right</del><ins>left hip</ins>", shown)
    assert ">\npain left hip</textarea>" in shown
    assert 'value="hip"' in shown
    assert 'name="seen" value="2"' in shown
    assert client.post(reverse("note_amend", args=[note.pk]), {**given, "seen": "2"}).status_code == 302
    assert [text for text, *_rest in said(note)] == ["pain left", "pain right", "pain left hip"]


def test_what_was_typed_for_a_note_that_was_taken_back_meanwhile_is_shown(
    client: Client, cast: Cast, patient: Patient
) -> None:
    note = note_by(cast.nurse, patient, "pain left")
    take_back(note)
    answer = client.post(reverse("note_amend", args=[note.pk]), {"text": "KEPT", "reason": "r", "seen": "1"})
    assert answer.status_code == 409
    shown = answer.content.decode()
    assert "You took this note back in another window meanwhile." in shown
    assert re.search(r"<textarea [^>]*readonly>KEPT</textarea>", shown)


@pytest.mark.parametrize(
    ("address", "given", "why"),
    [
        ("note_amend", {"text": "KEPT", "reason": ""}, "Say why"),
        ("note_amend", {"text": "pain left", "reason": "KEPT"}, "Nothing was changed"),
        ("note_amend", {"text": "KEPT", "reason": "x" * 201}, "The reason has 201 characters, at most 200 fit."),
        ("note_take_back", {"reason": " "}, "Say why"),
    ],
)
def test_a_change_that_is_refused_says_why_and_keeps_what_was_typed(
    client: Client, cast: Cast, patient: Patient, address: str, given: dict[str, str], why: str
) -> None:
    note = note_by(cast.nurse, patient, "pain left")
    before = rows()
    answer = client.post(reverse(address, args=[note.pk]), {"seen": "1", **given})
    assert answer.status_code == 422
    assert why in answer.content.decode()
    assert ("KEPT" in answer.content.decode()) is ("KEPT" in given.values())
    assert rows() == before


def test_a_change_is_never_blind(client: Client, cast: Cast, patient: Patient) -> None:
    note = note_by(cast.nurse, patient)
    before = rows()
    assert client.post(reverse("note_amend", args=[note.pk]), {"text": "x", "reason": "y"}).status_code == 422
    assert client.post(reverse("note_take_back", args=[note.pk]), {"reason": "y"}).status_code == 422
    assert rows() == before


# --- mentions -----------------------------------------------------------------------------------------------------
def test_only_colleagues_who_may_read_it_can_be_ticked(client: Client, cast: Cast, patient: Patient) -> None:
    boxes = re.findall(r'name="tell"[^>]*value="(\d+)"', page(client, patient))
    assert boxes == [str(cast.clinician.pk)]
    before = rows()
    answer = write(client, patient, "KEPT", tell=[cast.stranger.pk])
    assert answer.status_code == 422
    assert "not of the patient&#x27;s care team any more" in answer.content.decode()
    assert "stranger" not in answer.content.decode()
    assert rows() == before


def test_a_mention_is_counted_on_every_page_until_it_is_opened(client: Client, cast: Cast, patient: Patient) -> None:
    write(client, patient, tell=[cast.clinician.pk])
    note, mention = Note.objects.get(), Mention.objects.get()
    client.force_login(cast.clinician)
    head = r'Mentions <b class="num unread-count">1</b><span class="visually-hidden"> unread</span>'
    for address in (reverse("marker_list"), reverse("worklist"), reverse("mention_list")):
        assert re.search(head, client.get(address).content.decode())
    listed = client.get(reverse("mention_list")).content.decode()
    assert "Quillon Ashgrove" in listed
    assert "lives alone" in listed
    answer = client.get(reverse("mention_open", args=[mention.pk]))
    assert answer["Location"] == f"/patients/{patient.pk}/#note-{note.pk}"
    again = client.get(reverse("mention_list")).content.decode()
    assert 'visually-hidden"> unread' not in again
    assert "lives alone" in again


def test_looking_whether_there_is_a_mention_reads_nothing(client: Client, cast: Cast, patient: Patient) -> None:
    write(client, patient, tell=[cast.clinician.pk])
    client.force_login(cast.clinician)
    client.head(reverse("mention_open", args=[Mention.objects.get().pk]))
    assert Mention.objects.get().read_at is None


@pytest.mark.parametrize("from_page", [False, True])
def test_a_mention_is_marked_as_read_by_a_button(client: Client, cast: Cast, patient: Patient, from_page: bool) -> None:
    write(client, patient, tell=[cast.clinician.pk])
    note, mention = Note.objects.get(), Mention.objects.get()
    client.force_login(cast.clinician)
    assert "mentions you" in article(page(client, patient), note)
    given = {"on_page": "1"} if from_page else {}
    answer = client.post(reverse("mention_read", args=[mention.pk]), given)
    assert answer["Location"] == (f"/patients/{patient.pk}/#note-{note.pk}" if from_page else "/mentions/")
    mention.refresh_from_db()
    assert mention.read_at == NOW
    assert "mentions you" not in page(client, patient)


def test_a_mention_of_a_note_that_is_older_than_those_shown_leads_to_the_note(
    client: Client, cast: Cast, patient: Patient
) -> None:
    first = note_by(cast.nurse, patient, tell=[cast.clinician])
    for at in range(4):
        note_by(cast.nurse, patient, str(at))
    client.force_login(cast.clinician)
    address = reverse("mention_open", args=[Mention.objects.get().pk])
    assert client.get(address)["Location"] == f"/patients/{patient.pk}/#note-{first.pk}"
    note_by(cast.nurse, patient, "the sixth")
    assert client.get(address)["Location"] == f"/notes/{first.pk}/"


def test_a_mention_is_not_shown_to_who_lost_the_patient(client: Client, cast: Cast, patient: Patient) -> None:
    write(client, patient, tell=[cast.clinician.pk])
    Membership.objects.filter(user=cast.clinician).delete()
    client.force_login(cast.clinician)
    listed = client.get(reverse("mention_list")).content.decode()
    assert "Nobody has mentioned you yet." in listed
    assert "Quillon" not in listed
    assert client.get(reverse("mention_open", args=[Mention.objects.get().pk])).status_code == 404
    assert Mention.objects.get().read_at is None


def test_mentions_come_page_by_page(client: Client, cast: Cast, patient: Patient) -> None:
    for at in range(51):
        note_by(cast.nurse, patient, f"number {at:02}.", tell=[cast.clinician])
    client.force_login(cast.clinician)
    first = client.get(reverse("mention_list")).content.decode()
    second = client.get(reverse("mention_list"), {"page": "2"}).content.decode()
    assert (first.count('class="mention '), second.count('class="mention ')) == (50, 1)
    assert "number 50." in first
    assert "number 00." in second


# --- merged records -----------------------------------------------------------------------------------------------
def test_notes_of_a_record_that_was_merged_stand_with_the_one_that_was_kept(
    client: Client, cast: Cast, patient: Patient
) -> None:
    kept = make_patient(cast.team)
    own = note_by(cast.nurse, patient, "own")
    on_alert = note_by(cast.nurse, patient, "on alert", alert=alert_in(patient))
    merge_patients(actor=ACTOR, survivor_id=kept.pk, retired_id=patient.pk, reason="typed twice")
    text = page(client, kept)
    section = text[text.index('id="notes"') :]
    assert all(article(section, note) for note in (own, on_alert))


def test_what_was_sent_to_a_record_that_was_merged_stands_with_the_one_that_was_kept(
    client: Client, cast: Cast, patient: Patient
) -> None:
    kept = make_patient(cast.team)
    alert = alert_in(patient)
    merge_patients(actor=ACTOR, survivor_id=kept.pk, retired_id=patient.pk, reason="typed twice")
    before = rows()
    answer = write(client, patient, "KEPT words", alert=alert.pk)
    assert (answer.status_code, answer["Location"]) == (302, reverse("patient", args=[kept.pk]))
    assert rows() == before
    shown = page(client, kept)
    assert "merged into another one meanwhile. Nothing was saved yet" in shown
    assert ">\nKEPT words</textarea>" in shown[shown.index('id="notes"') :]


# --- signed out meanwhile -----------------------------------------------------------------------------------------
def signed_in_again(client: Client, who: User, address: str) -> Any:
    return client.post(address, {"login": who.username, "password": PASSWORD})


def test_what_was_sent_when_signed_out_stands_in_the_form_after_signing_in(
    client: Client, cast: Cast, patient: Patient
) -> None:
    client.logout()
    before = rows()
    answer = write(client, patient, "KEPT words", by=cast.nurse.pk, tell=[cast.clinician.pk])
    assert answer.status_code == 302
    assert "KEPT" not in answer["Location"]
    assert rows() == before
    login = client.get(answer["Location"]).content.decode()
    assert "What you typed is kept" in login
    assert "enter it again" not in login
    assert "KEPT" not in login
    back = signed_in_again(client, cast.nurse, answer["Location"])
    assert back["Location"] == reverse("patient", args=[patient.pk])
    shown = page(client, patient)
    assert ">\nKEPT words</textarea>" in shown
    assert "This is not saved yet." in shown
    assert re.search(rf'name="tell"[^>]*value="{cast.clinician.pk}" checked', shown)
    assert "KEPT" not in page(client, patient)
    assert rows() == before


def test_somebody_else_who_signs_in_is_not_shown_it_and_it_is_gone(
    client: Client, cast: Cast, patient: Patient
) -> None:
    client.logout()
    answer = write(client, patient, "KEPT words", by=cast.nurse.pk)
    signed_in_again(client, cast.clinician, answer["Location"])
    assert "KEPT" not in page(client, patient)
    assert "KEPT" not in str(dict(client.session.items()))


def test_what_nobody_comes_back_for_is_gone_with_its_session(
    client: Client, cast: Cast, patient: Patient, today: Any
) -> None:
    client.logout()
    write(client, patient, "KEPT words", by=cast.nurse.pk)
    lasts = dt.timedelta(seconds=settings.SESSION_COOKIE_AGE)
    for at, left in ((lasts - dt.timedelta(seconds=1), 1), (lasts + dt.timedelta(seconds=1), 0)):
        today.move_to(NOW + at)
        drop_sessions()
        assert sum("KEPT" in str(one.get_decoded()) for one in Session.objects.all()) == left


def test_what_was_amended_when_signed_out_is_kept_too(client: Client, cast: Cast, patient: Patient) -> None:
    note = note_by(cast.nurse, patient)
    client.logout()
    given = {"text": "KEPT words", "reason": "why so", "seen": "1", "by": cast.nurse.pk}
    answer = client.post(reverse("note_amend", args=[note.pk]), given)
    assert signed_in_again(client, cast.nurse, answer["Location"])["Location"] == reverse("note", args=[note.pk])
    shown = client.get(reverse("note", args=[note.pk])).content.decode()
    assert ">\nKEPT words</textarea>" in shown
    assert 'value="why so"' in shown
    assert said(note) == [("seen at home", "", False)]


def test_what_is_far_too_long_is_not_kept_and_that_is_said(client: Client, cast: Cast, patient: Patient) -> None:
    client.logout()
    answer = write(client, patient, "x" * 20_001, by=cast.nurse.pk)
    assert "enter it again" in client.get(answer["Location"]).content.decode()


# --- how much it costs --------------------------------------------------------------------------------------------
def test_fifty_notes_cost_as_many_queries_as_one(client: Client, cast: Cast, patient: Patient) -> None:
    alert = alert_in(patient)
    people = [cast.clinician, colleague(cast.team, "third")]

    def notes(count: int) -> None:
        for at in range(count):
            for on in (None, alert):
                amend(note_by(cast.nurse, patient, str(at), tell=people, alert=on), "amended")

    def asked() -> list[int]:
        counts = []
        for who in (cast.nurse, cast.clinician):
            client.force_login(who)
            addresses = [reverse("patient", args=[patient.pk]), reverse("patient_notes", args=[patient.pk])]
            for address in (*addresses, reverse("mention_list")):
                with CaptureQueriesContext(connection) as seen:
                    assert client.get(address).status_code == 200
                counts.append(len(seen))
        return counts

    notes(1)
    asked()
    one = asked()
    notes(49)
    assert asked() == one


def test_a_page_without_a_head_asks_for_no_mentions(client: Client, cast: Cast, patient: Patient) -> None:
    client.force_login(cast.administrator)
    with CaptureQueriesContext(connection) as seen:
        client.get(reverse("marker_list"))
    assert [query for query in seen.captured_queries if "monitoring_mention" in query["sql"]] == []


def test_notes_come_with_the_answer_to_an_alert_that_was_refused(client: Client, cast: Cast, patient: Patient) -> None:
    """The page of a refused step is the patient's page with all that stands on it."""
    alert = alert_in(patient)
    note = note_by(cast.nurse, patient, alert=alert)
    client.force_login(cast.clinician)
    seen = seen_of(alert)
    take("acknowledge", alert, cast.clinician)
    answer = client.post(reverse("alert_acknowledge", args=[alert.pk]), {"seen": seen, "comment": "x"})
    assert answer.status_code == 409
    assert article(answer.content.decode(), note)
    assert told(note) == []

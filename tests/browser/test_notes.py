"""Notes by keyboard alone: written, told of, read, amended; with an input method; signed out; and without a script."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from monitoring.models import Mention, Note, NoteVersion
from patients.models import Patient
from tests.browser.steps import accessibility_violations, keep_screenshot, open_page, sideways_scroll, sign_in
from tests.browser.test_follow_up import tab_to
from tests.cast import PASSWORD, Cast, give_draw, make_patient
from tests.monitoring.notes import amend, colleague, note_by, take_back
from tests.monitoring.scenes import RISING, run, the_alert

pytestmark = pytest.mark.browser
VIEWS = [("en-GB", 1440, False), ("en-GB", 390, True), ("zh-CN", 390, False), ("zh-CN", 1440, True)]
FIELD = "#note_0_text"


@pytest.fixture
def patient(live_server: LiveServer, cast: Cast) -> Patient:
    """Rising until last week; nurse and clinician have names."""
    User.objects.filter(pk=cast.nurse.pk).update(first_name="Ada", last_name="Ray")
    User.objects.filter(pk=cast.clinician.pk).update(first_name="华", last_name="李")
    patient = make_patient(cast.team, name="Quillon Ashgrove")
    last = timezone.localdate() - dt.timedelta(days=7)
    for at, value in enumerate(reversed(RISING)):
        give_draw(patient, last - at * dt.timedelta(days=42), {"CEA": value})
    run(patient, now=timezone.now())
    return patient


def open_patient(page: Page, live_server: LiveServer, patient: Patient, username: str = "nurse") -> None:
    sign_in(page, live_server.url, username=username, password=PASSWORD)
    page.goto(live_server.url + reverse("patient", args=[patient.pk]))


def send(page: Page) -> None:
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")


def test_a_note_is_written_with_a_mention_and_read_by_keyboard(
    live_server: LiveServer, cast: Cast, patient: Patient, page: Page
) -> None:
    open_patient(page, live_server, patient)
    page.keyboard.press("w")
    expect(page.locator(FIELD)).to_be_focused()
    page.keyboard.type("Pain at night, ask @")
    find = page.locator("#notes [data-find]")
    expect(find).to_be_focused()
    page.keyboard.type("clin")  # the user name of 李华
    page.keyboard.press("Enter")
    expect(page.locator(FIELD)).to_be_focused()
    expect(page.locator(FIELD)).to_have_value("Pain at night, ask @李华 ")
    page.keyboard.type("please")
    expect(page.locator("#notes [data-told]")).to_contain_text("李华")
    send(page)
    expect(page.locator(".message-success")).to_contain_text("told: 李华")
    note = Note.objects.get()
    assert NoteVersion.objects.get().text == "Pain at night, ask @李华 please"
    assert Mention.objects.get().person == cast.clinician
    page.context.clear_cookies()
    sign_in(page, live_server.url, username="clinician", password=PASSWORD)
    expect(page.locator(".unread-count")).to_have_text("1")
    tab_to(page, ".site-links a[href$='/mentions/']")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    tab_to(page, ".mention a")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.url.endswith(f"#note-{note.pk}")
    expect(page.locator(f"#note-{note.pk}")).to_be_in_viewport()
    expect(page.locator(".unread-count")).to_have_count(0)


def test_the_author_amends_and_takes_back_by_keyboard(
    live_server: LiveServer, cast: Cast, patient: Patient, page: Page
) -> None:
    note = note_by(cast.nurse, patient, "pain left", now=timezone.now())
    open_patient(page, live_server, patient)
    tab_to(page, f"#note-{note.pk} a[href$='/notes/{note.pk}/']")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    tab_to(page, "form[action$='/amend/'] textarea")
    page.keyboard.press("Control+a")
    page.keyboard.type("pain right")
    tab_to(page, "form[action$='/amend/'] input[name=reason]")
    page.keyboard.type("wrong side")
    send(page)
    shown = page.locator(f"#note-{note.pk}")
    expect(shown).to_contain_text("pain right")
    expect(shown.get_by_text("pain left")).to_be_hidden()
    tab_to(page, f"#note-{note.pk} .note-older summary")
    page.keyboard.press("Enter")
    expect(shown.get_by_text("pain left")).to_be_visible()
    page.goto(live_server.url + reverse("note", args=[note.pk]))
    tab_to(page, "form[action$='/take-back/'] input[name=reason]")
    page.keyboard.type("other patient")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(f"#note-{note.pk}")).to_contain_text("Taken back")
    assert list(NoteVersion.objects.values_list("text", "taken_back")) == [
        ("pain left", False),
        ("pain right", False),
        ("", True),
    ]


def test_a_note_on_an_alert_is_written_by_keyboard(
    live_server: LiveServer, cast: Cast, patient: Patient, page: Page
) -> None:
    open_patient(page, live_server, patient)
    tab_to(page, ".alert-strip .note-write > summary")
    page.keyboard.press("Enter")
    tab_to(page, ".alert-strip .note-form textarea")
    page.keyboard.type("called her")
    tab_to(page, ".alert-strip .note-form .note-tell summary")
    page.keyboard.press("Enter")
    tab_to(page, ".alert-strip .note-person input")
    page.keyboard.press("Space")
    send(page)
    expect(page.locator(".alert-strip .note-one")).to_contain_text("called her")
    assert (Note.objects.get().alert, Mention.objects.get().person) == (the_alert(patient), cast.clinician)


def test_the_keys_of_an_input_method_send_and_choose_nothing(
    live_server: LiveServer, cast: Cast, patient: Patient, page: Page
) -> None:
    """Enter takes over the signs that are being chosen; 229 is what browsers say while an input method is at work."""
    open_patient(page, live_server, patient)
    page.locator(FIELD).focus()
    page.keyboard.insert_text("骨痛 ")
    enter = (
        "(field, event) => field.dispatchEvent(new KeyboardEvent('keydown', "
        "{key: 'Enter', bubbles: true, cancelable: true, ...event}))"
    )
    for composing in ({"isComposing": True, "ctrlKey": True}, {"keyCode": 229, "ctrlKey": True}):
        assert page.locator(FIELD).evaluate(enter, composing) is True  # left to the input method
    page.locator(FIELD).evaluate(
        "field => { field.value += '@'; field.dispatchEvent(new InputEvent('input', "
        "{data: '@', isComposing: true, bubbles: true})) }"
    )
    expect(page.locator(FIELD)).to_be_focused()
    page.keyboard.press("Backspace")
    page.keyboard.insert_text("＠")
    find = page.locator("#notes [data-find]")
    expect(find).to_be_focused()
    page.keyboard.insert_text("李")
    assert find.evaluate(enter, {"isComposing": True}) is True
    expect(find).to_be_focused()
    expect(page.locator("#notes .note-person input")).not_to_be_checked()
    assert Note.objects.count() == 0
    page.keyboard.press("Enter")
    expect(page.locator(FIELD)).to_have_value("骨痛 ＠李华 ")
    send(page)
    assert NoteVersion.objects.get().text == "骨痛 ＠李华"


def test_escape_comes_back_and_nobody_of_that_name_is_said(
    live_server: LiveServer, patient: Patient, page: Page
) -> None:
    open_patient(page, live_server, patient)
    page.locator(FIELD).focus()
    page.keyboard.type("mail a@b.example, then @")
    find = page.locator("#notes [data-find]")
    expect(find).to_be_focused()
    page.keyboard.type("zzz")
    page.keyboard.press("Enter")
    expect(page.locator("#notes [data-found]")).to_have_text("Nobody of the care team is called so.")
    expect(find).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(FIELD)).to_be_focused()
    expect(page.locator(FIELD)).to_have_value("mail a@b.example, then @")


def test_w_types_a_w_where_somebody_types(live_server: LiveServer, patient: Patient, page: Page) -> None:
    open_patient(page, live_server, patient)
    page.keyboard.press("w")
    page.keyboard.type("well")
    expect(page.locator(FIELD)).to_have_value("well")
    page.keyboard.press("Tab")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_contain_text("write a note")


def test_what_was_typed_outlives_the_session(live_server: LiveServer, cast: Cast, patient: Patient, page: Page) -> None:
    open_patient(page, live_server, patient)
    page.keyboard.press("w")
    page.keyboard.type("typed for long")
    Session.objects.all().delete()
    send(page)
    expect(page.locator(".messages")).to_contain_text("What you typed is kept")
    page.locator("#id_login").fill("nurse")
    page.locator("#id_password").fill(PASSWORD)
    page.locator("#id_password").press("Enter")
    expect(page.locator(FIELD)).to_have_value("typed for long")
    expect(page.locator(".note-form [data-focus]")).to_contain_text("not saved yet")
    page.locator(FIELD).focus()
    send(page)
    assert NoteVersion.objects.get().text == "typed for long"


def test_a_sign_in_in_another_window_costs_nothing_and_somebody_else_sends_nothing(
    live_server: LiveServer, cast: Cast, patient: Patient, page: Page
) -> None:
    open_patient(page, live_server, patient)
    page.keyboard.press("w")
    page.keyboard.type("first")
    other = page.context.new_page()
    for username in ("clinician", "nurse"):
        page.context.clear_cookies()
        sign_in(other, live_server.url, username=username, password=PASSWORD)
        page.locator(FIELD).focus()
        if username == "clinician":
            page.keyboard.press("Control+Enter")
            expect(page.locator("#notes [data-said]")).to_contain_text("Somebody else is signed in")
            expect(page.locator(FIELD)).to_have_value("first")
            assert Note.objects.count() == 0
        else:
            send(page)
            assert Note.objects.get().author == cast.nurse


def test_without_a_connection_nothing_is_sent_and_nothing_lost(
    live_server: LiveServer, patient: Patient, page: Page
) -> None:
    open_patient(page, live_server, patient)
    page.keyboard.press("w")
    page.keyboard.type("first")
    page.context.set_offline(True)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#notes [data-said]")).to_contain_text("There is no connection.")
    expect(page.locator(FIELD)).to_have_value("first")
    page.context.set_offline(False)
    send(page)
    assert NoteVersion.objects.get().text == "first"


def test_without_scripts_a_note_is_written_and_a_colleague_told(
    live_server: LiveServer, browser: Browser, cast: Cast, patient: Patient
) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    open_patient(page, live_server, patient)
    page.locator(FIELD).fill("first")
    page.locator("#notes .note-tell summary").press("Enter")
    page.locator("#notes .note-person input").press("Space")
    page.locator("#notes .note-send button").press("Enter")
    expect(page.locator("#notes .note-one")).to_contain_text("first")
    assert Mention.objects.get().person == cast.clinician
    context.close()


@pytest.mark.parametrize(("language", "width", "dark"), VIEWS)
def test_the_pages_are_readable_by_machines_and_fit_the_window(
    live_server: LiveServer, browser: Browser, cast: Cast, patient: Patient, language: str, width: int, dark: bool
) -> None:
    for name in ("third", "fourth", "fifth"):
        colleague(cast.team, name)
    now = timezone.now()
    people = [cast.nurse]
    amended = note_by(cast.clinician, patient, "Pain in the left hip since Monday; no fall.", tell=people, now=now)
    amend(amended, "Pain in the right hip since Monday; no fall.", now=now)
    take_back(note_by(cast.clinician, patient, "wrong patient", tell=people, now=now))
    note_by(cast.clinician, patient, "第三次电话未接；其女儿说周五来院。" + "骨" * 300, tell=people, now=now)
    mine = note_by(cast.nurse, patient, "W" * 400, now=now)
    note_by(cast.nurse, patient, "Called; comes on Friday.", alert=the_alert(patient), tell=[cast.clinician], now=now)
    watched = open_page(browser, language=language, width=width, dark=dark)
    page = watched.page
    open_patient(page, live_server, patient)
    for details in page.locator(".note-write > summary, .note-tell > summary, .note-older > summary").all():
        if details.is_visible():
            details.press("Enter")
    addresses = {
        "patient": page.url,
        "note": live_server.url + reverse("note", args=[mine.pk]),
        "notes": live_server.url + reverse("patient_notes", args=[patient.pk]),
        "mentions": live_server.url + reverse("mention_list"),
    }
    for name, address in addresses.items():
        if name != "patient":
            page.goto(address)
        assert accessibility_violations(page) == []
        assert sideways_scroll(page) <= 0
        keep_screenshot(page, f"notes-{name}-{width}-{'dark' if dark else 'light'}-{language}")
        if name == "patient":
            page.locator("#notes").scroll_into_view_if_needed()
            keep_screenshot(page, f"notes-section-{width}-{'dark' if dark else 'light'}-{language}")
    assert watched.complaints == []
    page.context.close()

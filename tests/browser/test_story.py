"""The main job, end to end, as its users do it: real web, worker and beat, a real browser, real mails.

A nurse enters three draws that rise; the worker reads the trend; the clinician's worklist shows the patient with the
reason; a mail without any identifier is written. Once embedded, once on PostgreSQL, Redis and SMTP.
"""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import re
import time
from email.message import EmailMessage

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import servers
from tests.browser.steps import open_page, sign_in

NAME = "Quillon Ashgrove"
NUMBER = "HN-774411"
BORN = dt.date(1957, 6, 3)
PASSWORD = "a quiet laboratory 5"
# Days ago and what was measured, as the nurse types it. CEA and BAP rise; β-CTx once below its limit.
DRAWS = (
    (63, {"CEA": "2.4", "BAP": "12.1", "BCTX": "<0.20"}),
    (35, {"CEA": "4.9", "BAP": "18.8", "BCTX": "0.31"}),
    (7, {"CEA": "9.70", "BAP": "27.5", "BCTX": "0.38"}),
)
PEOPLE = f"""
import datetime as dt
from accounts.roles import Role
from accounts.services import create_team, create_user
from patients.services import PatientDetails, create_patient
def person(username, role, language="en"):
    return create_user(actor="test", username=username, password={PASSWORD!r}, role=role, language=language,
                       email=username + "@clinic.invalid")
people = [person("nurse", Role.NURSE), person("clinician", Role.CLINICIAN), person("lin", Role.CLINICIAN, "zh-hans"),
          person("administrator", Role.ADMINISTRATOR)]
team = create_team(actor="test", name="Thoracic", members=people)
create_team(actor="test", name="Elsewhere", members=[person("stranger", Role.CLINICIAN)])
create_patient(actor="test", care_team=team, number={NUMBER!r}, details=PatientDetails(
    name={NAME!r}, birth_date=dt.date({BORN.year}, {BORN.month}, {BORN.day}), sex="female", menopausal_status="post",
    histology="adenocarcinoma", stage="IVA", baseline_bone_status="none_known"))
"""


def enter_draw(page: Page, *, day: dt.date, values: dict[str, str]) -> None:
    """As a nurse does: the day, then value after value, and Ctrl+Enter to save."""
    page.locator("[name=collected_on]").fill(day.isoformat())
    page.locator("[name=collected_time]").fill("08:10")
    page.locator("[name=fasting]").select_option("yes")
    for code, value in values.items():
        page.locator(f"#value_{code}").press_sequentially(value)
    # A rise of more than double is odd: where the page asks, the value is typed a second time.
    page.wait_for_load_state("networkidle")
    for code, value in values.items():
        again = page.locator(f"#confirm_{code}")
        if again.is_visible():
            again.press_sequentially(value)
    page.locator(f"#value_{list(values)[-1]}").press("Control+Enter")
    expect(page.get_by_text(re.compile(rf"{len(values)} results saved"))).to_be_visible()


def nurse_enters_the_draws(browser: Browser, address: str) -> None:
    watched = open_page(browser)
    page = watched.page
    sign_in(page, address, username="nurse", password=PASSWORD)
    for days_ago, values in DRAWS:
        page.goto(f"{address}/enter/")
        page.locator("#id_q").fill(NUMBER)
        page.locator("#id_q").press("Enter")
        page.wait_for_url("**/draws/new/")
        enter_draw(page, day=dt.datetime.now(dt.UTC).date() - dt.timedelta(days=days_ago), values=values)
    assert watched.complaints == []


def nurse_sends_a_file(browser: Browser, address: str) -> None:
    """The page's way in: the worker takes the file, the progress shows without a reload, the bad line is named."""
    watched = open_page(browser)
    page = watched.page
    sign_in(page, address, username="nurse", password=PASSWORD)
    day = (dt.datetime.now(dt.UTC).date() - dt.timedelta(days=90)).isoformat()
    lines = [
        "patient_id,marker,value,unit,collected_at",
        f"{NUMBER},ALP,71,U/L,{day}",
        f"{NUMBER},BILI,12,umol/L,{day}",
    ]
    page.goto(f"{address}/imports/")
    page.locator("input[type=file]").set_input_files(
        files={"name": "results.csv", "mimeType": "text/csv", "buffer": "\n".join(lines).encode()}
    )
    page.get_by_role("button", name="Take in").click()
    page.wait_for_url("**/imports/*/")
    expect(page.locator("#batch")).to_contain_text("BILI", timeout=30_000)
    expect(page.locator("#batch")).to_contain_text("done")
    assert watched.complaints == []


def clinician_sees_the_rise(browser: Browser, address: str) -> None:
    watched = open_page(browser)
    page = watched.page
    sign_in(page, address, username="clinician", password=PASSWORD)
    row = page.locator("#worklist-rows, main").get_by_text(NAME)
    for _attempt in range(40):  # the worker needs a moment
        if page.get_by_text(re.compile("ALERT", re.IGNORECASE)).count() and row.count():
            break
        time.sleep(0.5)
        page.reload()
    expect(page.locator("main")).to_contain_text("CEA")
    expect(page.locator("main")).to_contain_text("9.70")
    page.get_by_role("link", name=NAME).first.click()
    why = page.locator("#why")
    expect(why).to_contain_text("CEA")
    expect(page.locator("main")).not_to_contain_text(re.compile("indicates bone metastasis", re.IGNORECASE))
    expect(page.locator(".main-svg").first).to_be_visible()
    position = page.evaluate("getComputedStyle(document.querySelector('.main-svg')).position")
    assert position == "absolute"  # a blocked style would let the layers fall apart
    for _days_ago, values in DRAWS:
        for value in values.values():
            expect(page.locator("table").filter(has_text=value).first).to_be_attached()
    assert watched.complaints == []


def stranger_sees_nothing(browser: Browser, address: str) -> None:
    page = open_page(browser).page
    sign_in(page, address, username="stranger", password=PASSWORD)
    expect(page.locator("body")).not_to_contain_text(NAME)
    answer = page.goto(f"{address}/patients/1/")
    assert answer is not None
    assert answer.status == 404
    expect(page.locator("body")).not_to_contain_text(NAME)


def assert_mails_hold_no_identifier(mails: list[EmailMessage]) -> None:
    assert {mail["To"] for mail in mails} == {"clinician@clinic.invalid", "lin@clinic.invalid"}
    secrets = [
        *NAME.split(),
        NUMBER,
        BORN.isoformat(),
        "1957",
        "CEA",
        "BAP",
        "9.70",
        "27.5",
        "adenocarcinoma",
        "metasta",
    ]
    for mail in mails:
        whole = mail.as_string() + "".join(
            part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"
        )
        assert [secret for secret in secrets if secret.lower() in whole.lower()] == []
        parts = {part.get_content_type() for part in mail.walk()}
        assert {"text/plain", "text/html"} <= parts
        assert "/alerts/" in whole
    chinese = next(mail for mail in mails if mail["To"] == "lin@clinic.invalid")
    assert re.search("[\u4e00-\u9fff]", str(chinese["Subject"]))


def assert_logs_hold_no_identifier(app: servers.App) -> None:
    for program in ("web", "worker", "beat"):
        log = app.log(program)
        assert [secret for secret in (*NAME.split(), NUMBER, "9.70") if secret in log] == []


@pytest.mark.story
@pytest.mark.browser
def test_a_rise_entered_by_the_nurse_reaches_the_clinician_on_one_machine(browser: Browser) -> None:
    with servers.app_processes() as app:
        app.manage("shell", given=PEOPLE)
        nurse_enters_the_draws(browser, app.url)
        nurse_sends_a_file(browser, app.url)
        clinician_sees_the_rise(browser, app.url)
        stranger_sees_nothing(browser, app.url)
        outbox = app.data / "outbox"
        for _attempt in range(80):
            if outbox.exists() and len(list(outbox.glob("*.eml"))) >= 2:
                break
            time.sleep(0.5)
        mails = [
            email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            for file in sorted(outbox.glob("*.eml"))
        ]
        assert_mails_hold_no_identifier(mails)
        page = open_page(browser).page
        sign_in(page, app.url, username="administrator", password=PASSWORD)
        page.goto(f"{app.url}/outbox/")
        expect(page.locator("main")).to_contain_text("clinician")
        assert_logs_hold_no_identifier(app)


@pytest.mark.story
@pytest.mark.browser
@pytest.mark.postgres
@pytest.mark.redis
def test_a_rise_reaches_the_clinician_on_postgresql_redis_and_smtp(
    browser: Browser, postgres_database: str, redis_url: str, mail_sink: servers.MailSink
) -> None:
    production = {
        "SECRET_KEY": "only-for-this-story-" + "0123456789" * 5,
        "DATABASE_URL": postgres_database,
        "REDIS_URL": redis_url,
        "EMAIL_URL": mail_sink.url,
    }
    with servers.app_processes(production) as app:
        app.manage("shell", given=PEOPLE)
        nurse_enters_the_draws(browser, app.url)
        nurse_sends_a_file(browser, app.url)
        clinician_sees_the_rise(browser, app.url)
        stranger_sees_nothing(browser, app.url)
        assert_mails_hold_no_identifier(mail_sink.wait_for_mail(2))
        assert_logs_hold_no_identifier(app)

"""What a mail says, how it looks, and what it must never hold."""

from __future__ import annotations

import re
from email.message import EmailMessage as Parsed
from email.parser import BytesParser
from email.policy import default

import pytest
from django.utils import translation
from pytest_django import Settings

from monitoring.models import Alert, Notification
from monitoring.notifications.delivery import deliver
from monitoring.notifications.email import compose
from monitoring.notifications.letter import WORDS, Kind, letter_of
from monitoring.notifications.outbox import message_domain
from patients.models import Patient
from tests import servers
from tests.cast import Cast
from tests.monitoring.scenes import LOW, NOW, correct, patient_with, run

pytestmark = pytest.mark.django_db
NARROWEST = 320


def written(notification: Notification) -> Parsed:
    """The mail as it goes over the wire, read back."""
    raw = compose(letter_of(notification, address=notification.person.email)).message().as_bytes()
    parsed = BytesParser(policy=default).parsebytes(raw)
    assert isinstance(parsed, Parsed)
    return parsed


def whole_text(mail: Parsed) -> str:
    headers = "\n".join(f"{name}: {value}" for name, value in mail.items())
    headers = re.sub('boundary="[^"]+"', "", headers)  # random digits, among them now and then a year of birth
    return "\n".join([headers, *(part.get_content() for part in mail.walk() if not part.is_multipart())])


def parts(mail: Parsed) -> tuple[str, str]:
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    return text.get_content(), html.get_content()


@pytest.fixture
def patient(cast: Cast) -> Patient:
    rising = patient_with(cast.team, ("2.125", "2.225", "2.325", "2.175", "4.625", "8.875"), name="Wang Meili 王美丽")
    run(rising)
    return rising


def secrets(patient: Patient) -> list[str]:
    """Everything that says who the patient is or what was found."""
    number = patient.identifiers.get().value
    values = list(patient.draws.values_list("results__value", flat=True))
    days = [f"{draw:%Y-%m-%d}" for draw in patient.draws.values_list("collected_at", flat=True)]
    birth = patient.birth_date
    assert birth is not None
    said = ["Wang", "Meili", "王", "美丽", number, birth.isoformat(), f"{birth:%d-%b-%Y}", str(birth.year)]
    clinical = [
        "CEA",
        "carcinoembryonic",
        "癌胚",
        "ng/mL",
        "tumour",
        "cancer",
        "肿瘤",
        "癌",
        "adenocarcinoma",
        "metastas",
        "转移",
    ]
    return [*said, *values, *days, *clinical]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("withdrawn", [False, True])
def test_a_mail_holds_nothing_of_the_patient(patient: Patient, language: str, withdrawn: bool) -> None:
    if withdrawn:
        Notification.objects.update(state="sent")
        correct(patient, 5, LOW)
        run(patient)
    notification = Notification.objects.latest("pk")
    notification.language = language
    text = whole_text(written(notification)).casefold()
    assert [secret for secret in secrets(patient) if secret.casefold() in text] == []


def test_a_mail_is_one_sentence_one_button_and_one_line_of_why(patient: Patient, settings: Settings) -> None:
    settings.SITE_URL = "https://leadtime.example.org"
    mail = written(Notification.objects.get())
    text, html = parts(mail)
    alert = Alert.objects.get(patient=patient)
    assert mail["Subject"] == "Leadtime: an alert needs an answer"
    assert text.strip().splitlines() == [
        "An alert for one of your team's patients needs an answer.",
        "",
        "Open the alert:",
        f"https://leadtime.example.org/alerts/{alert.pk}/",
        "",
        "--",
        "You get this mail because you receive your team's alerts. An administrator can change that.",
    ]
    assert re.findall(r'<a href="([^"]+)"', html) == [f"https://leadtime.example.org/alerts/{alert.pk}/"]
    assert html.count("<p ") == 3


@pytest.mark.parametrize(("language", "tag"), [("en", "en"), ("zh-hans", "zh-Hans")])
def test_a_mail_is_in_the_language_of_its_reader(patient: Patient, language: str, tag: str) -> None:
    notification = Notification.objects.get()
    notification.language = language
    mail = written(notification)
    with translation.override(language):
        words = WORDS["alert"]
        expected = [str(words.subject), str(words.sentence), str(words.button), str(words.why)]
    text, html = parts(mail)
    assert mail["Subject"] == expected[0]
    assert all(one in text for one in expected[1:])
    assert f'<html lang="{tag}">' in html
    assert mail["Content-Language"] == tag


def test_the_html_fits_a_narrow_phone_and_loads_nothing(patient: Patient) -> None:
    _text, html = parts(written(Notification.objects.get()))
    fixed_widths = [int(number) for number in re.findall(r"(?<!max-)width:\s*(\d+)px", html)]
    assert all(width <= NARROWEST for width in fixed_widths)
    assert "width=device-width" in html
    assert not re.search(r"<(img|script|link|style|iframe|table)\b|url\(|@import", html)


def test_the_headers_name_the_message_and_say_that_no_person_wrote_it(patient: Patient, settings: Settings) -> None:
    notification = Notification.objects.get()
    mail = written(notification)
    assert mail["Message-ID"] == notification.message_id
    event, person = notification.alert_event_id, notification.person_id
    assert notification.message_id == f"<{NOW:%Y%m%d%H%M%S}.{event}.{person}.email@{message_domain()}>"
    assert (mail["To"], mail["Auto-Submitted"]) == ("clinician@clinic.invalid", "auto-generated")


@pytest.mark.parametrize(
    ("site", "domain"),
    [("https://leadtime.example.org", "leadtime.example.org"), ("http://[::1]:8000", "leadtime.invalid")],
)
def test_message_ids_carry_the_host_of_the_site(settings: Settings, site: str, domain: str) -> None:
    settings.SITE_URL = site
    assert message_domain() == domain


@pytest.mark.parametrize("kind", ["alert", "withdrawn"])
def test_every_kind_has_all_its_words(kind: Kind) -> None:
    words = WORDS[kind]
    assert all(str(one) for one in (words.subject, words.sentence, words.button, words.why))


def test_a_mail_reaches_a_real_server_as_text_and_html(
    patient: Patient, settings: Settings, mail_sink: servers.MailSink
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = servers.HOST, mail_sink.port
    assert deliver(clock=lambda: NOW).sent == 1
    (mail,) = mail_sink.wait_for_mail(1)
    assert mail_sink.recipients == ["clinician@clinic.invalid"]
    assert mail["Message-ID"] == Notification.objects.get().message_id
    assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert [secret for secret in secrets(patient) if secret.casefold() in whole_text(mail).casefold()] == []

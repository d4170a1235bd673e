"""A patient made of words that stand nowhere else walks through Leadtime, crashes included; then everything that leaves
the record is searched for them: logs, messages to the workers, mails, addresses, error pages, the audit log.
"""

from __future__ import annotations

import base64
import datetime as dt
import email
import email.policy
import io
import json
import logging
import logging.config
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from django.conf import settings as configured
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DataError, connection
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from audit.models import AuditEvent
from exchange import tasks as exchange_tasks
from monitoring import tasks
from monitoring.models import Alert, EvaluationMark, Mention, Note
from patients.models import BatchState, ImportBatch, Patient
from tests.cast import PASSWORD, Cast, make_cast
from tests.patients.papers import paper

NAME, NUMBER, BORN = "Quibblesworth", "KANARI-77120", "1931-07-13"
VALUES: Final = ("2.0171", "2.1171", "1.9171", "2.0271", "4.5171", "6.0171")
IMPORTED, SECOND = "7.1371", "8.1371"
NOTE, AMENDED, WHY = "Grumblethorpe-note", "Wattlebury-note", "Fiddlecombe-reason"
CANARIES: Final = (NOTE, AMENDED, WHY, NAME, NUMBER, BORN, "13-Jul-1931", IMPORTED, SECOND, *VALUES)
EVERY: Final = dt.timedelta(days=42)
FILE_NAME: Final = f"{NAME}.csv"


class Journey:
    """One browser, and every address it was at."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self._client = Client(raise_request_exception=False)

    def sign_in(self, person: User) -> None:
        self._client.logout()
        self.post(reverse("account_login"), {"login": person.username, "password": PASSWORD})

    def sign_out(self) -> None:
        self._client.logout()

    def get(self, address: str) -> Any:
        return self._keep(self._client.get(address))

    def post(self, address: str, typed: dict[str, Any]) -> Any:
        return self._keep(self._client.post(address, typed))

    def _keep(self, response: Any) -> Any:
        self.addresses += [response.wsgi_request.get_full_path(), response.headers.get("Location", "")]
        return response


@contextmanager
def log_as_configured() -> Iterator[io.StringIO]:
    """Everything that is logged at any level, written as the settings have it."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    build = logging.config.DictConfigurator({"version": 1})
    handler.setFormatter(build.configure_formatter(dict(configured.LOGGING["formatters"]["line"])))
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield text
    finally:
        root.removeHandler(handler)
        root.setLevel(before)


@contextmanager
def the_database_refuses(statement: str) -> Iterator[None]:
    """As PostgreSQL does it: it quotes the whole row."""

    def refuse(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(statement):
            raise DataError(f"value out of range\nDETAIL: Failing row contains ({NAME}, {NUMBER}, {BORN}, {VALUES[0]})")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        yield


def messages_to_workers() -> list[str]:
    """Headers and body of every message that lies at the broker."""
    told = []
    for path in (Path(configured.BROKER_DIR) / "messages").glob("*.msg"):
        message = json.loads(path.read_text())
        told.append(json.dumps(message) + base64.b64decode(message["body"]).decode())
    return told


def mails(folder: Path) -> list[str]:
    told = []
    for path in folder.glob("*.eml"):
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        parts = [part.get_content() for part in mail.walk() if not part.is_multipart()]
        told.append("\n".join([*(f"{name}: {value}" for name, value in mail.items()), *parts]))
    return told


def found_in(text: str) -> list[str]:
    return [canary for canary in CANARIES if canary in text]


@pytest.fixture
def outbox(settings: Settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "uploads"
    settings.OUTBOX_DIR = tmp_path / "outbox"
    settings.EMAIL_BACKEND = "monitoring.notifications.folder.EmailBackend"
    settings.EMAIL_FILE_PATH = str(settings.OUTBOX_DIR)
    return tmp_path / "outbox"


def nurse_works(journey: Journey, cast: Cast) -> Patient:
    journey.sign_in(cast.nurse)
    person = {"name": NAME, "birth_date": BORN, "sex": "female", "menopausal_status": "post", "smoking": "never"}
    illness = {"histology": "adenocarcinoma", "stage": "IVA", "baseline_bone_status": "unknown"}
    journey.post(reverse("patient_new"), {**person, **illness, "number": NUMBER, "care_team": cast.team.pk})
    patient = Patient.objects.get()
    for page in ("worklist", "patient_list", "enter_results"):
        for typed in (NAME, NUMBER):
            journey.post(reverse(page), {"q": typed})
    today = dt.datetime.now(tz=dt.UTC).date()  # a rise of long ago would write no mail
    for at, value in enumerate(reversed(VALUES)):
        day = today - at * EVERY - dt.timedelta(days=2)
        answer = journey.post(
            reverse("draw_new", args=[patient.pk]), paper({"CEA": value}, collected_on=day.isoformat())
        )
        assert answer.status_code == 302
        journey.get(answer["Location"])
    refused = journey.post(reverse("draw_new", args=[patient.pk]), paper({"CEA": f"{VALUES[0]}x"}))
    assert refused.status_code == 422
    taken = journey.post(reverse("patient_new"), {**person, **illness, "number": NUMBER, "care_team": cast.team.pk})
    assert taken.status_code == 422
    return patient


def upload(journey: Journey, cast: Cast, value: str) -> ImportBatch:
    whose_and_what = ((NUMBER, "NSE"), (NUMBER, "BILI"), ("X", "CEA"))
    lines = [f"{number},{marker},{value},ng/mL,2025-03-12" for number, marker in whose_and_what]
    content = "\n".join(["patient_id,marker,value,unit,collected_at", *lines])
    file = SimpleUploadedFile(FILE_NAME, content.encode())
    answer = journey.post(reverse("import_list"), {"file": file, "care_team": cast.team.pk})
    assert answer.status_code == 302
    return ImportBatch.objects.latest("pk")


def files_are_taken_in(journey: Journey, cast: Cast) -> None:
    batch = upload(journey, cast, IMPORTED)
    exchange_tasks.import_file(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.results_new, batch.lines_rejected) == (BatchState.DONE, 1, 2)
    journey.get(reverse("import_detail", args=[batch.pk]))
    assert IMPORTED in b"".join(journey.get(reverse("import_rejected", args=[batch.pk]))).decode()
    broken = upload(journey, cast, SECOND)
    with the_database_refuses('INSERT INTO "patients_result"'):
        exchange_tasks.import_file(broken.pk)
    broken.refresh_from_db()
    assert (broken.state, broken.failure) == (BatchState.FAILED, "DataError")


def worker_works(patient: Patient) -> None:
    with the_database_refuses('INSERT INTO "monitoring_evaluation"'):
        tasks.evaluate([patient.pk])
    assert EvaluationMark.objects.get().failure == "DataError"
    EvaluationMark.objects.update(not_before=None)
    tasks.evaluate([patient.pk])
    assert Alert.objects.get().markers == ["CEA"]
    tasks.deliver()


def note(number: int, text: str) -> dict[str, str]:
    return {"text": text, "key": f"c0ffee00-0000-4000-8000-00000000000{number}"}


def colleagues_write_notes(journey: Journey, cast: Cast, patient: Patient) -> str:
    """On the patient and on the alert, told, amended, refused, broken and signed out; the page of the error."""
    journey.sign_in(cast.nurse)
    notes, page = reverse("patient_notes", args=[patient.pk]), reverse("patient", args=[patient.pk])
    tell = {"tell": str(cast.clinician.pk)}
    assert journey.post(notes, note(1, NOTE) | tell).status_code == 302
    assert journey.post(notes, note(2, NOTE) | {"alert": str(Alert.objects.get().pk)}).status_code == 302
    first = Note.objects.order_by("pk")[0]
    change = {"text": AMENDED, "reason": WHY, "seen": "1"}
    for status in (302, 409):
        assert journey.post(reverse("note_amend", args=[first.pk]), change).status_code == status
    assert journey.post(notes, note(3, NOTE * 200)).status_code == 422
    with the_database_refuses('INSERT INTO "monitoring_noteversion"'):
        broken = journey.post(notes, note(4, NOTE))
    assert broken.status_code == 500
    journey.sign_out()
    assert journey.post(notes, note(5, NOTE) | {"by": str(cast.nurse.pk)}).status_code == 302
    journey.sign_in(cast.nurse)
    assert NOTE in journey.get(page).content.decode()
    assert journey.post(reverse("note_take_back", args=[first.pk]), {"reason": WHY, "seen": "2"}).status_code == 302
    journey.sign_in(cast.clinician)
    assert WHY in journey.get(reverse("mention_list")).content.decode()
    journey.get(reverse("mention_open", args=[Mention.objects.latest("pk").pk]))
    return str(broken.content.decode())


def clinician_looks(journey: Journey, cast: Cast, patient: Patient) -> list[str]:
    """The pages of the errors that were met."""
    journey.sign_in(cast.clinician)
    assert NAME in journey.get(reverse("patient", args=[patient.pk])).content.decode()
    journey.post(reverse("alert_acknowledge", args=[Alert.objects.get().pk]), {"comment": f"{NAME} to CT"})
    with the_database_refuses('SELECT "monitoring_trend"'):
        reading = journey.get(reverse("patient", args=[patient.pk]))
    with the_database_refuses('UPDATE "patients_patient"'):
        form = {"name": f"{NAME} Two", "sex": "female", "menopausal_status": "post", "smoking": "never"}
        illness = {"histology": "squamous", "stage": "IVA", "baseline_bone_status": "unknown"}
        writing = journey.post(reverse("patient_edit", args=[patient.pk]), form | illness)
    assert (reading.status_code, writing.status_code) == (500, 500)
    journey.sign_in(cast.stranger)
    hidden = journey.get(reverse("patient", args=[patient.pk]))
    assert hidden.status_code == 404
    return [page.content.decode() for page in (reading, writing, hidden)]


@pytest.mark.django_db(transaction=True)
def test_nothing_of_a_patient_leaves_the_record(outbox: Path) -> None:
    cast, journey = make_cast(), Journey()
    before = len(messages_to_workers())
    with log_as_configured() as log:
        patient = nurse_works(journey, cast)
        files_are_taken_in(journey, cast)
        worker_works(patient)
        error_pages = [colleagues_write_notes(journey, cast, patient), *clinician_looks(journey, cast, patient)]
        tasks.deliver()

    assert "evaluation of patient" in log.getvalue()
    assert "Internal Server Error" in log.getvalue()
    assert found_in(log.getvalue()) == []

    messages = messages_to_workers()
    assert len(messages) - before >= len(VALUES) + 2
    assert any("monitoring.tasks.evaluate" in message for message in messages)
    assert any("exchange.tasks.import_file" in message for message in messages)
    assert [found_in(message) for message in messages] == [[]] * len(messages)

    (mail,) = mails(outbox)
    assert reverse("alert", args=[Alert.objects.get().pk]) in mail
    assert found_in(mail) == []

    assert [found_in(address) for address in journey.addresses] == [[]] * len(journey.addresses)
    for page in error_pages:
        assert found_in(page) == []
        assert not any(word in page for word in ("Traceback", "DataError", "SELECT", "Failing row"))
    written = [f"{event.actor} {event.object_id} {json.dumps(event.details)}" for event in AuditEvent.objects.all()]
    assert [found_in(line) for line in written] == [[]] * len(written)

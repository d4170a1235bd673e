"""Who is to be evaluated, and the nudge that says so."""

from __future__ import annotations

import base64
import datetime as dt
import json
import logging
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from celery import current_app
from django.conf import settings
from django.db import transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from monitoring import tasks
from monitoring.models import Evaluation, EvaluationMark
from monitoring.services import due_patients, evaluate, hold_nudges, mark, mark_everybody, mark_outdated, nudge
from monitoring.services.marks import MarkRead, _broker, clear_marks, hold_marks, postpone, read_marks
from patients.models import Draw, Patient
from tests import servers
from tests.cast import Cast, give_draw, make_patient
from tests.monitoring.scenes import FIRST_DRAW, NOW, patient_with, run

pytestmark = pytest.mark.django_db
MOMENT = dt.timedelta(microseconds=1)


def first_version(patient: Patient, *, attempts: int) -> MarkRead:
    """The patient's mark as it was read before anything changed again."""
    row = EvaluationMark.objects.get(patient=patient).pk
    return MarkRead(row=row, version=1, attempts=attempts, evaluated_at=None)


def test_a_first_change_makes_a_mark_and_the_next_steps_its_version(cast: Cast) -> None:
    patient = make_patient(cast.team)
    with time_machine.travel(NOW, tick=False):
        mark([patient.pk], reason="draw_recorded")
    with time_machine.travel(NOW + dt.timedelta(hours=1), tick=False):
        mark([patient.pk, patient.pk], reason="result_corrected")
    row = EvaluationMark.objects.get(patient=patient)
    assert (row.version, row.reason, row.marked_at) == (2, "result_corrected", NOW)


def test_recording_a_draw_marks_the_patient_in_the_same_transaction(cast: Cast) -> None:
    patient = make_patient(cast.team)

    with transaction.atomic():
        give_draw(patient, FIRST_DRAW, {"CEA": "2.0"})
        assert EvaluationMark.objects.filter(patient=patient).exists()
        transaction.set_rollback(True)
    assert not EvaluationMark.objects.exists()
    assert not Draw.objects.exists()
    give_draw(patient, FIRST_DRAW, {"CEA": "2.0"})
    assert EvaluationMark.objects.get(patient=patient).reason == "draw_recorded"


def test_a_repeat_of_what_is_known_marks_nobody(cast: Cast) -> None:
    patient = make_patient(cast.team)
    give_draw(patient, FIRST_DRAW, {"CEA": "2.0"})
    clear_marks([patient.pk])
    give_draw(patient, FIRST_DRAW, {"CEA": "2.0"})
    assert not EvaluationMark.objects.exists()


def test_a_postponed_patient_is_due_at_the_moment_and_not_before(cast: Cast) -> None:
    patient = make_patient(cast.team)
    mark([patient.pk], reason="draw_recorded")
    postpone(patient.pk, first_version(patient, attempts=0), failure="ValueError", now=NOW)
    due_at = NOW + dt.timedelta(minutes=1)
    assert due_patients(now=due_at - MOMENT) == []
    assert read_marks([patient.pk], now=due_at - MOMENT) == {}
    assert due_patients(now=due_at) == [patient.pk]
    assert read_marks([patient.pk], now=due_at) == {patient.pk: first_version(patient, attempts=1)}


@pytest.mark.parametrize(("attempts", "minutes"), [(0, 1), (1, 2), (2, 4), (8, 256), (9, 360), (60, 360)])
def test_each_failure_waits_twice_as_long_up_to_six_hours(cast: Cast, attempts: int, minutes: int) -> None:
    patient = make_patient(cast.team)
    mark([patient.pk], reason="draw_recorded")
    postpone(patient.pk, first_version(patient, attempts=attempts), failure="ValueError", now=NOW)
    row = EvaluationMark.objects.get(patient=patient)
    assert (row.not_before, row.failure) == (NOW + dt.timedelta(minutes=minutes), "ValueError")


def test_a_new_change_gives_a_postponed_patient_a_fresh_start(cast: Cast) -> None:
    patient = make_patient(cast.team)
    mark([patient.pk], reason="draw_recorded")
    postpone(patient.pk, first_version(patient, attempts=0), failure="ValueError", now=NOW)
    mark([patient.pk], reason="result_corrected")
    row = EvaluationMark.objects.get(patient=patient)
    assert (row.version, row.attempts, row.not_before, row.failure) == (2, 0, None, "")


def test_a_change_that_came_in_meanwhile_is_not_postponed(cast: Cast) -> None:
    patient = make_patient(cast.team)
    mark([patient.pk], reason="draw_recorded")
    mark([patient.pk], reason="result_corrected")
    postpone(patient.pk, first_version(patient, attempts=0), failure="ValueError", now=NOW)
    assert EvaluationMark.objects.get(patient=patient).not_before is None


def test_only_marks_at_the_version_read_are_held(cast: Cast) -> None:
    first, second, third = (make_patient(cast.team) for _ in range(3))
    mark([first.pk, second.pk, third.pk], reason="draw_recorded")
    read = read_marks([first.pk, second.pk, third.pk], now=NOW)
    mark([second.pk], reason="result_corrected")
    clear_marks([third.pk])
    with transaction.atomic():
        assert hold_marks(read) == {first.pk}


def test_a_mark_that_was_cleared_and_asked_for_anew_is_another_though_its_version_is_the_same(cast: Cast) -> None:
    """Of two runs that read one mark the slower would clear, with it, the change that came after the faster."""
    patient = patient_with(cast.team)
    read = read_marks([patient.pk], now=NOW)
    run(patient)
    mark([patient.pk], reason="draw_recorded")
    for _ in range(read[patient.pk].version - 1):
        mark([patient.pk], reason="draw_recorded")
    assert EvaluationMark.objects.get().version == read[patient.pk].version
    with transaction.atomic():
        assert hold_marks(read) == frozenset()
    postpone(patient.pk, read[patient.pk], failure="ValueError", now=NOW)
    assert EvaluationMark.objects.get().attempts == 0
    now = read_marks([patient.pk], now=NOW)
    assert now[patient.pk].evaluated_at == NOW
    with transaction.atomic():
        assert hold_marks(now) == {patient.pk}


def test_the_longest_waiting_come_first(cast: Cast) -> None:
    patients = [make_patient(cast.team) for _ in range(3)]
    for hours, patient in zip((2, 1, 3), patients, strict=True):
        with time_machine.travel(NOW - dt.timedelta(hours=hours), tick=False):
            mark([patient.pk], reason="draw_recorded")
    assert due_patients(now=NOW) == [patients[2].pk, patients[0].pk, patients[1].pk]


def test_everybody_with_a_draw_can_be_marked(cast: Cast) -> None:
    patients = [patient_with(cast.team, ("2.0", "2.1")) for _ in range(3)]
    make_patient(cast.team)
    clear_marks([patient.pk for patient in patients])
    assert mark_everybody(reason="command", batch=2) == 3
    assert due_patients(now=NOW) == [patient.pk for patient in patients]


def test_whose_trends_an_earlier_engine_read_is_marked_and_nobody_else(cast: Cast) -> None:
    patients = [patient_with(cast.team, ("2.0", "2.1")) for _ in range(3)]
    evaluate(patient_ids=[patient.pk for patient in patients], now=NOW)
    assert mark_outdated() == 0
    earlier, other_catalogue, _current = patients
    Evaluation.objects.filter(patient=earlier).update(engine_version="0.9.0")
    Evaluation.objects.filter(patient=other_catalogue).update(catalogue_version="2020-01-01+0")
    assert mark_outdated(batch=1) == 2
    assert due_patients(now=NOW) == [earlier.pk, other_catalogue.pk]
    assert set(EvaluationMark.objects.values_list("reason", flat=True)) == {"new_version"}


# --- the nudge ----------------------------------------------------------------------------------------------------


@pytest.fixture
def broker_folder() -> Iterator[Path]:
    """The embedded broker's folder, empty."""
    folder = Path(settings.BROKER_DIR) / "messages"
    _broker.silent_until = 0.0
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    yield folder
    _broker.silent_until = 0.0
    shutil.rmtree(folder, ignore_errors=True)
    folder.unlink(missing_ok=True)
    folder.mkdir()


def messages(folder: Path) -> list[tuple[str, list[list[int]], str]]:
    """Task, arguments and the whole text of every message in the broker."""
    found = []
    for file in sorted(folder.iterdir()):
        text = file.read_text(encoding="utf-8")
        message = json.loads(text)
        body = base64.b64decode(message["body"]).decode()
        found.append((message["headers"]["task"], json.loads(body)[0], text + body))
    return found


def test_a_nudge_goes_out_on_commit_with_ids_only(
    cast: Cast, broker_folder: Path, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        patient = patient_with(cast.team, ("7.25",))
        assert messages(broker_folder) == []
    ((task, arguments, text),) = messages(broker_folder)
    assert (task, arguments) == ("monitoring.tasks.evaluate", [[patient.pk]])
    assert task in current_app.tasks
    assert tasks.evaluate.name == task
    for secret in ("Quibble", "7.25", "CEA", "1958"):
        assert secret not in text


def test_a_change_that_is_rolled_back_nudges_nobody(
    broker_folder: Path, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        nudge([1])
        transaction.set_rollback(True)
    assert messages(broker_folder) == []


def test_held_nudges_go_out_once_a_patient_at_the_end(
    cast: Cast, broker_folder: Path, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True), hold_nudges():
        with django_capture_on_commit_callbacks(execute=True):
            first = patient_with(cast.team, ("2.0", "2.1", "2.2"))
            second = patient_with(cast.team, ("2.0", "2.1"))
        assert messages(broker_folder) == []
    assert [message[1] for message in messages(broker_folder)] == [[[first.pk, second.pk]]]


def test_a_broker_that_refuses_costs_the_writer_nothing_but_a_line_of_ids(
    cast: Cast,
    broker_folder: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    caplog: pytest.LogCaptureFixture,
) -> None:
    broker_folder.rmdir()
    broker_folder.touch()  # a file where the broker wants its folder: nothing can be put there
    with caplog.at_level(logging.WARNING, logger="monitoring"), django_capture_on_commit_callbacks(execute=True):
        patient = patient_with(cast.team, ("7.25", "7.35"))
    assert EvaluationMark.objects.filter(patient=patient).exists()
    said = [record.getMessage() for record in caplog.records if record.name.startswith("monitoring")]
    # Which error it is depends on whether this process had reached the broker before.
    (line,) = said
    assert re.fullmatch(rf"no nudge for patients \[{patient.pk}\]: \w+Error; the sweep will find them", line)


SEND_TO_NOBODY = """
import time, django
django.setup()
from monitoring.services.marks import _send
_send((1,))  # pays for imports
from monitoring.services import marks
marks._broker.silent_until = 0.0
begun = time.monotonic()
_send((1, 2))
first = time.monotonic() - begun
begun = time.monotonic()
_send((3,))
print(first, time.monotonic() - begun)
"""


def test_redis_that_is_down_delays_a_write_by_far_less_than_a_second() -> None:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "REDIS_URL": f"redis://127.0.0.1:{servers.free_port()}/0",
    }
    done = subprocess.run(
        [sys.executable, "-c", SEND_TO_NOBODY],
        cwd=servers.PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    first, second = map(float, done.stdout.split())
    assert first < 1.0
    assert second < 0.01  # silent for a while after the failure
    assert "patients [1, 2]: OperationalError" in done.stderr

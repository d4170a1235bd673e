"""Two workers at once, on the database that lets them."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

import pytest
from django.core import mail
from django.db import connection, transaction

from monitoring.errors import AlertProblem
from monitoring.models import Alert, AlertEvent, Evaluation, EvaluationMark, Note, Notification, Trend
from monitoring.notifications.delivery import deliver
from monitoring.services import EvaluationSummary, evaluate, mark, mark_everybody, sweep
from monitoring.services.marks import clear_marks, hold_marks, read_marks
from patients.models import Patient
from patients.services import merge_patients
from tests.cast import ACTOR, Cast, make_cast, make_patient
from tests.monitoring.alert_steps import alert_in, seen_of, take
from tests.monitoring.notes import amend, note_by, said, told
from tests.monitoring.scenes import NOW, patient_with

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
Outcome = TypeVar("Outcome")
PATIENCE = 60.0


@pytest.fixture
def committed_cast(transactional_db: None) -> Cast:
    return make_cast()


def at_once(*acts: Callable[[], Outcome]) -> list[Outcome]:
    """Runs each in a thread with a connection of its own, all let go at the same moment."""
    gate = threading.Barrier(len(acts))
    outcomes: list[Outcome] = []
    problems: list[BaseException] = []

    def begin(act: Callable[[], Outcome]) -> None:
        try:
            gate.wait(PATIENCE)
            outcomes.append(act())
        except BaseException as problem:
            problems.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=begin, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert problems == []
    return outcomes


def ids(patients: Sequence[Patient]) -> list[int]:
    return [patient.pk for patient in patients]


def test_two_workers_on_the_same_patients_raise_each_alert_once(committed_cast: Cast) -> None:
    patients = [patient_with(committed_cast.team) for _ in range(12)]

    def work() -> EvaluationSummary:
        return evaluate(patient_ids=ids(patients), now=NOW)

    done = at_once(work, work, work)
    total = done[0] + done[1] + done[2] + sweep(now=NOW)
    assert (total.evaluated, total.raised, total.notifications) == (12, 12, 12)
    assert [Alert.objects.count(), AlertEvent.objects.count(), Notification.objects.count()] == [12, 12, 12]
    assert [Evaluation.objects.count(), Trend.objects.count(), EvaluationMark.objects.count()] == [12, 12, 0]


def test_a_patient_somebody_writes_to_is_left_for_the_next_turn(committed_cast: Cast) -> None:
    busy, free = (patient_with(committed_cast.team) for _ in range(2))
    writing, evaluated = threading.Event(), threading.Event()

    def nurse() -> EvaluationSummary:
        with transaction.atomic():
            Patient.objects.select_for_update().get(pk=busy.pk)
            writing.set()
            assert evaluated.wait(PATIENCE)
            mark([busy.pk], reason="draw_recorded")
        return EvaluationSummary()

    def worker() -> EvaluationSummary:
        assert writing.wait(PATIENCE)
        try:
            return evaluate(patient_ids=ids([busy, free]), now=NOW)
        finally:
            evaluated.set()

    done = at_once(nurse, worker)
    assert sum(one.evaluated for one in done) == 1
    assert sum(one.left for one in done) == 1
    assert EvaluationMark.objects.get().patient_id == busy.pk
    assert sweep(now=NOW).evaluated == 1


def test_two_changes_at_once_are_two_versions_of_one_mark(committed_cast: Cast) -> None:
    patient = patient_with(committed_cast.team, ())
    at_once(*(lambda: mark([patient.pk], reason="draw_recorded") for _ in range(4)))
    assert EvaluationMark.objects.get().version == 4


def until_somebody_waits() -> None:
    """Until another connection stands before a lock, which only one that is held by this transaction can be."""
    ends = time.monotonic() + PATIENCE
    with connection.cursor() as cursor:
        while time.monotonic() < ends:
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # or the transaction sees its first look again
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            if cursor.fetchone()[0]:
                return
            time.sleep(0.02)
    raise AssertionError("nobody waited")


def test_a_mark_that_is_asked_for_while_another_is_being_cleared_is_not_lost(committed_cast: Cast) -> None:
    patient = patient_with(committed_cast.team)
    held = threading.Event()

    def worker() -> None:
        read = read_marks([patient.pk], now=NOW)
        with transaction.atomic():
            assert hold_marks(read) == {patient.pk}
            held.set()
            until_somebody_waits()
            clear_marks([patient.pk])

    def everybody() -> None:
        assert held.wait(PATIENCE)
        mark_everybody(reason="command")

    at_once(worker, everybody)
    assert EvaluationMark.objects.get().reason == "command"


def test_a_note_that_is_amended_while_its_record_is_merged_is_amended_on_the_kept_one(committed_cast: Cast) -> None:
    kept, other = (make_patient(committed_cast.team) for _ in range(2))
    note = note_by(committed_cast.nurse, other)
    merged = threading.Event()

    def merge() -> None:
        with transaction.atomic():
            merge_patients(actor=ACTOR, survivor_id=kept.pk, retired_id=other.pk, reason="twice")
            merged.set()
            until_somebody_waits()

    def author() -> None:
        assert merged.wait(PATIENCE)
        amend(note, "lives alone", tell=[committed_cast.clinician.pk])

    at_once(merge, author)
    assert said(note) == [("seen at home", "", False), ("lives alone", "mistyped", False)]
    assert Note.objects.get().patient == kept
    assert told(note) == [(2, "clinician")]


def test_two_senders_send_each_message_once(committed_cast: Cast) -> None:
    patients = [patient_with(committed_cast.team) for _ in range(10)]
    evaluate(patient_ids=ids(patients), now=NOW)
    sent = at_once(deliver, deliver, deliver)
    assert sum(one.sent for one in sent) == 10
    assert Counter(Counter(message.extra_headers["Message-ID"] for message in mail.outbox).values()) == {1: 10}


def test_of_four_steps_with_one_alert_at_once_one_is_taken_and_three_are_told(committed_cast: Cast) -> None:
    alert = alert_in(make_patient(committed_cast.team))
    seen = seen_of(alert)

    def step(name: str, **said: object) -> str:
        try:
            take(name, alert, committed_cast.clinician, seen=seen, **said)
        except AlertProblem as problem:
            return problem.code
        return name

    done = at_once(
        lambda: step("repeat"),
        lambda: step("imaging"),
        lambda: step("snooze"),
        lambda: step("hand_over", owner_id=committed_cast.nurse.pk),
    )
    assert Counter(done)["alert_moved"] == 3
    assert AlertEvent.objects.filter(alert=alert).count() == 2

"""The doorbells: what each calls, and what it does where the row is gone."""

from __future__ import annotations

import pytest
import time_machine
from celery import current_app

from config.celery import app
from monitoring import tasks
from monitoring.models import Alert, Evaluation, Notification
from patients.models import Patient
from tests.cast import Cast
from tests.monitoring.scenes import NOW, marked, patient_with

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient(cast: Cast) -> Patient:
    return patient_with(cast.team)


def test_every_entry_of_the_schedule_names_a_task_that_exists() -> None:
    app.loader.import_default_modules()
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(current_app.tasks)


@time_machine.travel(NOW, tick=False)
def test_ringing_twice_has_the_effect_of_ringing_once(patient: Patient) -> None:
    tasks.evaluate(patient_ids=[patient.pk])
    tasks.evaluate(patient_ids=[patient.pk])
    tasks.sweep()
    assert (Evaluation.objects.count(), Alert.objects.count(), Notification.objects.count()) == (1, 1, 1)
    assert not marked(patient)


def test_a_sweep_alone_is_enough(patient: Patient) -> None:
    tasks.sweep()
    assert Alert.objects.get().patient == patient


def test_a_patient_who_is_gone_is_a_clean_exit() -> None:
    tasks.evaluate(patient_ids=[10**9])
    tasks.sweep()
    tasks.deliver()
    assert not Evaluation.objects.exists()

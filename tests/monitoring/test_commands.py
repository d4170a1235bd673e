"""`manage.py evaluate` and `manage.py status`."""

from __future__ import annotations

import datetime as dt
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import call_command

from accounts.services import create_team
from monitoring.models import Evaluation, EvaluationMark, Notification
from monitoring.notifications.delivery import deliver
from monitoring.notifications.outbox import WITHDRAWN_UNSENT
from monitoring.services import mark
from monitoring.services.status import pipeline_status
from tests.cast import Cast
from tests.monitoring.scenes import CALM, NOW, patient_with, run

pytestmark = pytest.mark.django_db


def said(command: str, *arguments: str, **options: Any) -> str:
    out = StringIO()
    call_command(command, *arguments, stdout=out, **options)
    return out.getvalue()


@time_machine.travel(NOW, tick=False)
def test_evaluate_takes_what_waits_and_then_nothing(cast: Cast) -> None:
    patient_with(cast.team)
    patient_with(cast.team, CALM)
    assert said("evaluate").startswith("2 patients evaluated, 1 alerts raised, 0 opened again, 0 withdrawn, 1 notif")
    assert said("evaluate").startswith("0 patients evaluated")


def test_evaluate_all_takes_everybody_again(cast: Cast) -> None:
    run(patient_with(cast.team), patient_with(cast.team, CALM))
    assert said("evaluate", "--all").startswith("2 patients evaluated, 0 alerts raised")
    assert Evaluation.objects.count() == 4


def test_status_of_a_quiet_house() -> None:
    lines = said("status").splitlines()
    assert lines[0] == "Waiting for evaluation:  0, oldest none, 0 postponed after a failure"
    assert lines[-1] == "Broker:                  reachable"


@time_machine.travel(NOW, tick=False)
def test_status_counts_what_waits_and_says_since_when(cast: Cast) -> None:
    patient = patient_with(cast.team)
    run(patient)
    mark([patient.pk], reason="command")
    with time_machine.travel(NOW + dt.timedelta(minutes=5), tick=False):
        text = said("status")
    assert "Waiting for evaluation:  1, oldest 0:05:00 ago, 0 postponed" in text
    assert "Notifications waiting:   1, oldest 0:05:00 ago" in text
    assert "Last evaluation:         0:05:00 ago" in text
    assert "Alerts open:             1, of which nobody was told: 0" in text


@time_machine.travel(NOW, tick=False)
def test_status_fails_when_something_has_waited_for_more_than_five_minutes(cast: Cast) -> None:
    mark([patient_with(cast.team).pk], reason="command")
    with time_machine.travel(NOW + dt.timedelta(minutes=5, seconds=1), tick=False), pytest.raises(SystemExit):
        said("status")


@pytest.mark.parametrize("table", ["mark", "notification", "nobody told"])
def test_status_fails_where_something_failed(cast: Cast, table: str) -> None:
    patient = patient_with(create_team(actor="test", name="Nobody") if table == "nobody told" else cast.team)
    if table == "mark":
        EvaluationMark.objects.update(failure="ValueError")
    else:
        run(patient)
        Notification.objects.update(state="failed", failure="NobodyThere")
    with pytest.raises(SystemExit) as ended:
        said("status")
    assert ended.value.code == 1


def test_a_rise_of_long_ago_that_nobody_was_told_of_is_no_failure(cast: Cast) -> None:
    patient = patient_with(cast.team)
    run(patient, now=NOW + dt.timedelta(days=400))
    assert "Alerts open:             1, of which nobody was told: 0" in said("status")


def test_a_message_that_needed_no_sending_is_no_failure(cast: Cast) -> None:
    run(patient_with(cast.team))
    Notification.objects.update(state="failed", failure=WITHDRAWN_UNSENT)
    assert pipeline_status().notifications_failed == 0


def test_status_says_when_the_last_message_went_out(cast: Cast) -> None:
    run(patient_with(cast.team))
    deliver(clock=lambda: NOW)
    assert (pipeline_status().last_sent, pipeline_status().notifications_waiting) == (NOW, 0)

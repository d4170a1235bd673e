"""What a clinician does with an alert."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from accounts.models import User
from audit.models import AuditEvent
from monitoring.errors import AlertProblem
from monitoring.models import Alert, AlertEvent
from monitoring.services import LONGEST_COMMENT, acknowledge_alert
from tests.cast import Cast
from tests.monitoring.scenes import LOW, NOW, correct, history, patient_with, run, the_alert

pytestmark = pytest.mark.django_db
AT = NOW + dt.timedelta(hours=2)


@pytest.fixture
def alert(cast: Cast) -> Alert:
    patient = patient_with(cast.team)
    run(patient)
    return the_alert(patient)


def answer(user: User, alert_id: int, comment: str = "CT ordered for Monday") -> Alert:
    return acknowledge_alert(actor=user.audit_name, user=user, alert_id=alert_id, comment=comment, now=AT)


def rows() -> list[Any]:
    return [list(table._default_manager.order_by("pk").values()) for table in (Alert, AlertEvent, AuditEvent)]


def test_an_answer_is_kept_with_who_when_and_what_was_said(cast: Cast, alert: Alert) -> None:
    assert answer(cast.clinician, alert.pk, "  CT ordered for Monday \n").state == "acknowledged"
    event = AlertEvent.objects.latest("pk")
    assert (event.old_state, event.new_state, event.at) == ("open", "acknowledged", AT)
    assert (event.actor, event.comment) == (cast.clinician.audit_name, "CT ordered for Monday")
    audited = AuditEvent.objects.get(action="alert.acknowledged")
    assert (audited.actor, audited.patient_id, audited.details) == (cast.clinician.audit_name, alert.patient_id, {})


@pytest.mark.parametrize(
    ("who", "comment", "code"),
    [
        ("nurse", "seen", "not_allowed"),
        ("administrator", "seen", "not_allowed"),
        ("clinician", " \n\t", "comment_missing"),
        ("clinician", "x" * (LONGEST_COMMENT + 1), "comment_too_long"),
    ],
)
def test_a_refused_answer_changes_nothing(cast: Cast, alert: Alert, who: str, comment: str, code: str) -> None:
    before = rows()
    with pytest.raises(AlertProblem) as refused:
        answer(getattr(cast, who), alert.pk, comment)
    assert refused.value.code == code
    assert rows() == before


def test_a_comment_of_the_longest_length_is_taken(cast: Cast, alert: Alert) -> None:
    answer(cast.clinician, alert.pk, "x" * LONGEST_COMMENT)
    assert len(AlertEvent.objects.latest("pk").comment) == LONGEST_COMMENT


def test_a_person_who_may_not_sign_in_any_more_answers_nothing(cast: Cast, alert: Alert) -> None:
    cast.clinician.is_active = False
    with pytest.raises(AlertProblem, match="not_allowed"):
        answer(cast.clinician, alert.pk)


def test_the_second_of_two_answers_is_told_of_the_first(cast: Cast, alert: Alert) -> None:
    answer(cast.clinician, alert.pk)
    before = rows()
    with pytest.raises(AlertProblem) as refused:
        answer(cast.stranger, alert.pk)
    assert (refused.value.code, refused.value.params) == ("alert_not_open", {"state": "acknowledged"})
    assert rows() == before


def test_a_withdrawn_alert_has_nothing_to_answer(cast: Cast, alert: Alert) -> None:
    correct(alert.patient, 5, LOW)
    run(alert.patient, now=AT)
    with pytest.raises(AlertProblem) as refused:
        answer(cast.clinician, alert.pk)
    assert refused.value.params == {"state": "withdrawn"}
    assert history(the_alert(alert.patient)) == [("", "open"), ("open", "withdrawn")]


def test_an_alert_that_does_not_exist_cannot_be_answered(cast: Cast) -> None:
    with pytest.raises(AlertProblem, match="alert_unknown"):
        answer(cast.clinician, 10**9)

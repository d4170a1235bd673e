"""Each step of a person with an alert, from every state; who may; and of two at once the second is told."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import pytest

from accounts.services import leave_team
from audit.models import AuditEvent
from monitoring.alert_states import Mover, may_move
from monitoring.errors import AlertProblem
from monitoring.models import OPEN_STATES, Alert, AlertEvent, AlertState
from tests.cast import Cast, make_patient
from tests.monitoring.alert_steps import HALF_A_YEAR, ONE, STEPS, TODAY, alert_in, rows, scan, seen_of, take
from tests.monitoring.scenes import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + dt.timedelta(hours=2)


@pytest.fixture
def alert(cast: Cast) -> Alert:
    return alert_in(make_patient(cast.team))


def refusal(name: str, alert: Alert, user: Any, **said: Any) -> AlertProblem:
    """Taken, the step is refused, and nothing at all was written."""
    before = rows()
    with pytest.raises(AlertProblem) as refused:
        take(name, alert, user, **said)
    assert rows() == before
    return refused.value


# --- which step from where --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("state", "name"), list(itertools.product(AlertState.values, ["acknowledge", "repeat", "imaging", "close"]))
)
def test_a_step_moves_the_alert_where_the_table_allows_it_and_nowhere_else(cast: Cast, state: str, name: str) -> None:
    alert, to = alert_in(make_patient(cast.team), state), STEPS[name][2]
    if may_move(state, to, Mover.PERSON):
        assert take(name, alert, cast.clinician).state == Alert.objects.get().state == to
        event = AlertEvent.objects.latest("pk")
        assert (event.old_state, event.new_state, event.actor, event.at) == (state, to, cast.clinician.audit_name, NOW)
    else:
        problem = refusal(name, alert, cast.clinician)
        assert problem.code == ("alert_not_open" if name == "acknowledge" else "step_not_legal")
        assert problem.params == {"state": state}


@pytest.mark.parametrize(("state", "name"), list(itertools.product(AlertState.values, ["snooze", "wake", "hand_over"])))
def test_an_alert_is_snoozed_woken_and_handed_over_wherever_it_stands(cast: Cast, state: str, name: str) -> None:
    standing = state in OPEN_STATES
    asleep = {"snoozed_until": NOW + ONE} if standing and name == "wake" else {}
    alert = alert_in(make_patient(cast.team), state, **asleep)
    said = {"owner_id": cast.nurse.pk} if name == "hand_over" else {}
    if standing:
        assert take(name, alert, cast.clinician, **said).state == state
    else:
        assert refusal(name, alert, cast.clinician, **said).params == {"state": state}


@pytest.mark.parametrize(("name", "who"), list(itertools.product(STEPS, ["nurse", "administrator"])))
def test_who_may_not_answer_takes_no_step(cast: Cast, alert: Alert, name: str, who: str) -> None:
    Alert.objects.update(snoozed_until=NOW + ONE)
    assert refusal(name, alert, getattr(cast, who)).code == "not_allowed"


# --- what is written --------------------------------------------------------------------------------------------------
def test_a_repeat_has_a_day_and_asking_again_moves_the_day_and_not_when_it_was_asked(cast: Cast, alert: Alert) -> None:
    take("repeat", alert, cast.clinician, comment="fasting, please")
    take("repeat", alert, cast.clinician, due_on=TODAY + 20 * ONE, now=LATER)
    alert.refresh_from_db()
    assert (alert.due_on, alert.asked_at, alert.asked_by) == (TODAY + 20 * ONE, NOW, cast.clinician)
    events = list(AlertEvent.objects.order_by("pk").values_list("new_state", "until", "comment"))[1:]
    assert events == [
        ("repeat_requested", TODAY + 14 * ONE, "fasting, please"),
        ("repeat_requested", TODAY + 20 * ONE, ""),
    ]


def test_imaging_has_a_kind_and_says_who_asked(cast: Cast, alert: Alert) -> None:
    take("imaging", alert, cast.clinician, modality="pet_ct", due_on=TODAY + ONE)
    alert.refresh_from_db()
    assert (alert.modality, alert.due_on, alert.asked_by, alert.asked_at) == (
        "pet_ct",
        TODAY + ONE,
        cast.clinician,
        NOW,
    )
    assert AlertEvent.objects.latest("pk").detail == "pet_ct"


def test_a_bone_metastasis_is_closed_with_the_study_that_showed_it(cast: Cast, alert: Alert) -> None:
    study = scan(alert.patient)
    take("close", alert, cast.clinician, outcome="bone_metastasis", study_id=study.pk, comment="")
    alert.refresh_from_db()
    assert (alert.state, alert.outcome, alert.imaging) == ("closed", "bone_metastasis", study)
    event = AlertEvent.objects.latest("pk")
    assert (event.detail, event.imaging) == ("bone_metastasis", study)


def test_the_audit_log_tells_the_step_and_no_clinical_text(cast: Cast, alert: Alert) -> None:
    for name, said in (("snooze", {}), ("hand_over", {"owner_id": cast.nurse.pk}), ("imaging", {}), ("close", {})):
        take(name, alert, cast.clinician, **said)
    told = AuditEvent.objects.filter(object_type="alert").order_by("pk").values_list("action", "actor", "details")
    assert list(told) == [
        (f"alert.{what}", cast.clinician.audit_name, {})
        for what in ("snoozed", "handed_over", "imaging_requested", "closed")
    ]


def test_who_first_takes_a_step_owns_the_alert_and_a_later_one_does_not(cast: Cast, alert: Alert) -> None:
    take("acknowledge", alert, cast.clinician)
    assert Alert.objects.get().owner == cast.clinician
    take("hand_over", alert, cast.clinician, owner_id=cast.nurse.pk)
    take("repeat", alert, cast.clinician)
    assert Alert.objects.get().owner == cast.nurse
    handed = AlertEvent.objects.get(code="handed_over")
    assert (handed.owner, handed.comment) == (cast.nurse, "please call")


def test_a_move_to_another_state_ends_a_snooze_and_a_hand_over_does_not(cast: Cast, alert: Alert) -> None:
    take("snooze", alert, cast.clinician)
    take("hand_over", alert, cast.clinician, owner_id=cast.nurse.pk)
    assert Alert.objects.get().snoozed_until == dt.datetime(2025, 9, 8, tzinfo=dt.UTC)
    take("repeat", alert, cast.clinician)
    assert Alert.objects.get().snoozed_until is None


def test_a_snooze_sleeps_until_one_second_before_its_end(cast: Cast, alert: Alert) -> None:
    take("snooze", alert, cast.clinician)
    alert.refresh_from_db()
    end = dt.datetime(2025, 9, 8, tzinfo=dt.UTC)
    assert (alert.sleeps(end - dt.timedelta(seconds=1)), alert.sleeps(end)) == (True, False)
    assert refusal("wake", alert, cast.clinician, now=end).code == "not_snoozed"


# --- what is refused --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "said", "code", "params"),
    [
        ("repeat", {"due_on": None}, "day_missing", {}),
        ("repeat", {"due_on": TODAY - ONE}, "day_past", {"earliest": "2025-09-01"}),
        ("repeat", {"due_on": TODAY + HALF_A_YEAR + ONE}, "day_too_far", {"latest": "2026-02-28"}),
        ("imaging", {"modality": ""}, "modality_unknown", {}),
        ("imaging", {"modality": "ultrasound"}, "modality_unknown", {}),
        ("imaging", {"due_on": TODAY - ONE}, "day_past", {"earliest": "2025-09-01"}),
        ("snooze", {"until": None}, "day_missing", {}),
        ("snooze", {"until": TODAY}, "day_past", {"earliest": "2025-09-02"}),
        ("snooze", {"until": TODAY + HALF_A_YEAR + ONE}, "day_too_far", {"latest": "2026-02-28"}),
        ("snooze", {"comment": " \n"}, "comment_missing", {}),
        ("snooze", {"comment": "x" * 2001}, "comment_too_long", {"most": "2000"}),
        ("hand_over", {"comment": ""}, "comment_missing", {}),
        ("close", {"outcome": ""}, "outcome_unknown", {}),
        ("close", {"outcome": "cured"}, "outcome_unknown", {}),
        ("close", {"comment": ""}, "comment_missing", {}),
        ("close", {"outcome": "nothing_found", "comment": ""}, "comment_missing", {}),
        ("close", {"outcome": "other_progression", "comment": ""}, "comment_missing", {}),
        ("close", {"outcome": "bone_metastasis"}, "study_missing", {}),
        ("close", {"study_id": 10**9}, "study_unknown", {}),
    ],
)
def test_what_cannot_be_taken_is_refused_by_name(
    cast: Cast, alert: Alert, name: str, said: dict[str, Any], code: str, params: dict[str, str]
) -> None:
    problem = refusal(name, alert, cast.clinician, **said)
    assert (problem.code, problem.params) == (code, params)


@pytest.mark.parametrize(("name", "day"), [("repeat", TODAY), ("snooze", TODAY + ONE), ("snooze", TODAY + HALF_A_YEAR)])
def test_the_first_and_the_last_day_possible_are_taken(cast: Cast, alert: Alert, name: str, day: dt.date) -> None:
    take(name, alert, cast.clinician, **{"due_on" if name == "repeat" else "until": day})
    assert AlertEvent.objects.latest("pk").until == day


@pytest.mark.parametrize(
    ("outcome", "finding", "agrees"),
    [
        ("bone_metastasis", "bone_metastasis", True),
        ("bone_metastasis", "equivocal", False),
        ("bone_metastasis", "none", False),
        ("nothing_found", "bone_metastasis", False),
        ("nothing_found", "none", True),
        ("benign", "bone_metastasis", False),
        ("benign", "equivocal", True),
        ("other_progression", "bone_metastasis", True),
    ],
)
def test_an_outcome_and_the_study_named_with_it_agree(
    cast: Cast, alert: Alert, outcome: str, finding: str, agrees: bool
) -> None:
    study = scan(alert.patient, finding)
    if agrees:
        assert take("close", alert, cast.clinician, outcome=outcome, study_id=study.pk).imaging == study
    else:
        problem = refusal("close", alert, cast.clinician, outcome=outcome, study_id=study.pk)
        assert (problem.code, problem.params) == ("study_says_otherwise", {"finding": finding})


def test_the_study_of_another_patient_is_no_result(cast: Cast, alert: Alert) -> None:
    study = scan(make_patient(cast.team))
    problem = refusal("close", alert, cast.clinician, outcome="bone_metastasis", study_id=study.pk)
    assert problem.code == "study_unknown"


def test_an_alert_is_handed_to_nobody_outside_the_care_team(cast: Cast, alert: Alert) -> None:
    for outsider in (cast.stranger.pk, cast.administrator.pk, 10**9, None):
        assert refusal("hand_over", alert, cast.clinician, owner_id=outsider).code == "owner_not_of_team"
    leave_team(actor="test", user=cast.nurse, team=cast.team)
    assert refusal("hand_over", alert, cast.clinician, owner_id=cast.nurse.pk).code == "owner_not_of_team"


def test_an_alert_is_not_handed_to_who_has_it(cast: Cast, alert: Alert) -> None:
    take("acknowledge", alert, cast.clinician)
    assert refusal("hand_over", alert, cast.clinician, owner_id=cast.clinician.pk).code == "owner_already"


# --- two at once ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("first", ["acknowledge", "repeat", "imaging", "snooze", "hand_over"])
@pytest.mark.parametrize("second", ["repeat", "imaging", "close", "snooze", "hand_over"])
def test_of_two_who_saw_the_same_the_second_is_told_and_overwrites_nothing(
    cast: Cast, alert: Alert, first: str, second: str
) -> None:
    seen = seen_of(alert)
    take(first, alert, cast.clinician, **({"owner_id": cast.nurse.pk} if first == "hand_over" else {}))
    said = {"owner_id": cast.clinician.pk} if second == "hand_over" else {}
    problem = refusal(second, alert, cast.clinician, seen=seen, **said)
    assert (problem.code, problem.params) == ("alert_moved", {"state": Alert.objects.get().state})


def test_an_alert_that_does_not_exist_takes_no_step(cast: Cast, alert: Alert) -> None:
    with pytest.raises(AlertProblem, match="alert_unknown"):
        STEPS["repeat"][0](actor="x", user=cast.clinician, alert_id=10**9, seen=1, due_on=TODAY, now=NOW)

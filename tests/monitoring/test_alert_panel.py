"""What the patient page and the worklist say of where an alert stands, whose move it is and what came of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring.alert_panel import AlertView, alerts_of
from monitoring.forms import CloseForm, Offers
from monitoring.models import Alert, AlertEvent
from monitoring.worklist import worklist
from patients.models import ImagingStudy, Patient
from tests.cast import Cast, make_patient
from tests.monitoring.alert_steps import ONE, TODAY, alert_in, scan, take
from tests.monitoring.scenes import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient(cast: Cast) -> Patient:
    return make_patient(cast.team)


def shown(patient: Patient, *, now: dt.datetime = NOW) -> AlertView:
    alerts = alerts_of(patient, studies=list(ImagingStudy.objects.filter(patient=patient)), now=now)
    (view,) = (*alerts.standing, *alerts.earlier)
    return view


@pytest.mark.parametrize(
    ("state", "facts", "says", "late"),
    [
        ("open", {}, "a clinician answers", False),
        ("acknowledged", {}, "decide: repeat, imaging or close", False),
        ("repeat_requested", {"due_on": TODAY}, "repeat draw due 01-Sep-2025", False),
        ("repeat_requested", {"due_on": TODAY - ONE}, "repeat draw was due 31-Aug-2025", True),
        ("confirmed", {}, "decide: imaging or close", False),
        ("not_confirmed", {}, "decide: repeat, imaging or close", False),
        ("imaging_requested", {}, "record the imaging", False),
        ("imaging_requested", {"due_on": TODAY}, "imaging due 01-Sep-2025", False),
        ("imaging_requested", {"due_on": TODAY - ONE}, "imaging was due 31-Aug-2025", True),
        ("closed", {"due_on": TODAY - ONE}, "", False),
        ("withdrawn", {}, "", False),
    ],
)
def test_it_is_said_whose_move_it_is_and_until_when(
    patient: Patient, state: str, facts: dict[str, Any], says: str, late: bool
) -> None:
    alert_in(patient, state, **facts)
    view = shown(patient)
    assert (view.next_step, view.late) == (says, late)


@pytest.mark.parametrize("state", ["open", "repeat_requested", "imaging_requested"])
def test_a_marker_that_joins_is_said_wherever_the_alert_stands(patient: Patient, state: str) -> None:
    alert = alert_in(patient, state)
    AlertEvent.objects.create(
        alert=alert, at=NOW, actor="task:evaluate", old_state=state, new_state=state, evaluation=alert.evaluation
    )
    assert shown(patient).steps[-1].label == "a further marker rises"


def test_every_step_stands_in_the_history(cast: Cast, patient: Patient) -> None:
    alert = alert_in(patient)
    take("acknowledge", alert, cast.clinician)
    take("repeat", alert, cast.clinician)
    take("snooze", alert, cast.clinician)
    take("wake", alert, cast.clinician)
    take("hand_over", alert, cast.clinician, owner_id=cast.nurse.pk)
    take("imaging", alert, cast.clinician, due_on=TODAY + ONE)
    take("imaging", alert, cast.clinician)
    study = scan(patient)
    take("close", alert, cast.clinician, outcome="bone_metastasis", study_id=study.pk)
    view = shown(patient)
    assert [step.label for step in view.steps] == [
        "needs an answer",
        "acknowledged",
        "repeat draw asked for, due 15-Sep-2025",
        "snoozed until 08-Sep-2025",
        "snooze ended early",
        "handed over to nurse",
        "imaging asked for: MRI, by 02-Sep-2025",
        "imaging asked for: MRI",
        "closed: bone metastasis",
    ]
    assert {step.person for step in view.steps[1:]} == {"clinician"}
    assert view.owner == "nurse"


@pytest.mark.parametrize(
    ("days", "says"),
    [
        (34, "The alert came 34 days before the imaging that showed it."),
        (1, "The alert came 1 day before the imaging that showed it."),
        (0, "The alert came on the day of the imaging that showed it."),
        (-3, "The alert came 3 days after the imaging that showed it."),
    ],
)
def test_a_metastasis_says_how_long_before_the_scan_the_alert_came(
    cast: Cast, patient: Patient, days: int, says: str
) -> None:
    alert = alert_in(patient)
    Alert.objects.update(raised_at=NOW - days * ONE)
    take("close", alert, cast.clinician, outcome="bone_metastasis", study_id=scan(patient).pk)
    view = shown(patient)
    assert (view.lead_time, view.shown_by) == (says, "MRI of 01-Sep-2025: bone metastasis")


def test_no_lead_time_is_said_of_another_outcome(cast: Cast, patient: Patient) -> None:
    take("close", alert_in(patient), cast.clinician, outcome="nothing_found", study_id=scan(patient, "none").pk)
    assert (shown(patient).lead_time, shown(patient).shown_by) == (
        "",
        "MRI of 01-Sep-2025: no bone metastasis seen",
    )


def test_a_study_since_imaging_was_asked_for_is_its_result_and_one_of_before_is_not(
    cast: Cast, patient: Patient
) -> None:
    scan(patient, "none", on=TODAY - ONE)
    alert = alert_in(patient)
    take("imaging", alert, cast.clinician)
    assert (shown(patient).results, shown(patient).next_step) == ((), "record the imaging")
    study = scan(patient, on=TODAY)
    assert shown(patient).results == (study,)
    assert shown(patient).next_step == "imaging of 01-Sep-2025 is on record: close with what it showed"


def test_of_two_studies_of_one_day_the_grave_one_is_offered_as_the_result(cast: Cast, patient: Patient) -> None:
    """Though the other was entered later: a bone metastasis is not hidden behind it."""
    alert = alert_in(patient)
    take("imaging", alert, cast.clinician)
    before = scan(patient, on=TODAY)
    grave, fine = scan(patient, on=TODAY + ONE), scan(patient, "none", on=TODAY + ONE)
    view = shown(patient, now=NOW + 2 * ONE)
    assert view.results == (grave, fine, before)
    form = CloseForm(view=view, offers=Offers(studies=view.results, keepers=()))
    assert (form.initial["study"], form.initial["outcome"]) == (grave.pk, "bone_metastasis")


def test_a_snoozed_alert_says_until_when_by_whom_and_why_until_its_last_second(cast: Cast, patient: Patient) -> None:
    take("snooze", alert_in(patient), cast.clinician)
    end = dt.datetime(2025, 9, 8, tzinfo=dt.UTC)
    asleep = shown(patient, now=end - dt.timedelta(seconds=1))
    assert (asleep.snoozed, asleep.sleeps) == ("Snoozed until 08-Sep-2025 by clinician: abroad", True)
    assert (shown(patient, now=end).snoozed, shown(patient, now=end).sleeps) == ("", False)


def test_earlier_alerts_stand_apart_the_last_first(patient: Patient) -> None:
    first, second = alert_in(patient, "closed"), alert_in(patient, "withdrawn")
    standing = alert_in(patient)
    alerts = alerts_of(patient, studies=[], now=NOW)
    assert [view.alert for view in alerts.standing] == [standing]
    assert [view.alert for view in alerts.earlier] == [second, first]


def test_many_steps_and_alerts_cost_as_many_queries_as_one(cast: Cast, patient: Patient) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            alerts_of(patient, studies=[], now=NOW)
        return len(captured)

    take("hand_over", alert_in(patient), cast.clinician, owner_id=cast.nurse.pk)
    one = queries()
    for _ in range(49):
        alert_in(patient, "closed")
        take("hand_over", Alert.objects.get(state="open"), cast.clinician, owner_id=cast.clinician.pk)
        take("hand_over", Alert.objects.get(state="open"), cast.clinician, owner_id=cast.nurse.pk)
    assert queries() == one


# --- the worklist -----------------------------------------------------------------------------------------------------
def test_a_snoozed_row_stands_after_the_other_alerts_until_it_wakes(cast: Cast) -> None:
    for name, state in (("Asleep", "open"), ("Open", "open"), ("Answered", "acknowledged")):
        alert_in(make_patient(cast.team, name=name), state)
    take("snooze", Alert.objects.get(patient__name="Asleep"), cast.clinician)
    end = dt.datetime(2025, 9, 8, tzinfo=dt.UTC)

    def rows(now: dt.datetime) -> tuple[list[tuple[str, dt.date | None]], int]:
        found = worklist(cast.clinician, now=now)
        return [(row.name, row.snoozed_until) for row in found.rows], found.counts.alerts

    before = ([("Open", None), ("Answered", None), ("Asleep", dt.date(2025, 9, 8))], 1)
    assert rows(end - dt.timedelta(seconds=1)) == before
    assert rows(end) == ([("Asleep", None), ("Open", None), ("Answered", None)], 2)


def test_a_row_says_what_comes_next_and_whose_alert_it_is(cast: Cast, patient: Patient) -> None:
    alert = alert_in(patient)
    (row,) = worklist(cast.clinician, now=NOW).rows
    assert (row.owner, row.next_step, row.alert_state) == ("", "", "open")
    take("imaging", alert, cast.clinician)
    (row,) = worklist(cast.clinician, now=NOW).rows
    assert (row.owner, row.next_step) == ("clinician", "record the imaging")
    scan(patient)
    (row,) = worklist(cast.clinician, now=NOW).rows
    assert row.next_step == "imaging of 01-Sep-2025 is on record: close with what it showed"

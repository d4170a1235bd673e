"""What is stored of a patient's place on the worklist is what the record says, after each kind of write."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models.signals import post_migrate
from django.test.utils import CaptureQueriesContext

from monitoring.models import NEVER, Reading, WorklistPlace
from monitoring.services import (
    acknowledge_alert,
    mark_everybody,
    restate_everybody,
    restate_once,
    restate_places,
    snooze_alert,
)
from monitoring.services.steps import last_event_id
from patients.models import Draw, Patient
from patients.services import (
    NewDraw,
    PatientDetails,
    PatientDraw,
    SecondEntry,
    Seen,
    enter_second_time,
    merge_patients,
    pause_plan,
    record_call,
    record_condition,
    record_draws,
    record_skeletal_event,
    record_treatment,
    resume_plan,
    revise_draw,
    set_plan,
    stop_plan,
    take_back_draw,
    undo_merge,
    update_patient,
    verify_results,
)
from tests.cast import ACTOR, Cast, give_draw, make_patient, reading
from tests.monitoring.alert_steps import scan, take
from tests.monitoring.scenes import CALM, FIRST_DRAW, NOW, correct, day, patient_with, run, the_alert
from tests.patients import holds

TODAY = NOW.date()
ONE = dt.timedelta(days=1)
Step = Callable[[Cast, Patient], object]


def place(patient: Patient) -> WorklistPlace:
    return WorklistPlace.objects.get(patient=patient)


def plan(patient: Patient, *markers: str) -> None:
    set_plan(actor=ACTOR, patient_id=patient.pk, markers=list(markers), every_weeks=6, starts_on=FIRST_DRAW)


def rename(_cast: Cast, patient: Patient) -> None:
    details = PatientDetails(name="Aa Quibble", birth_date=patient.birth_date, sex=patient.sex)
    update_patient(actor=ACTOR, patient_id=patient.pk, details=replace(details, menopausal_status="post"))


def call(_cast: Cast, patient: Patient) -> None:
    record_call(actor=ACTOR, patient_id=patient.pk, outcome="will_come", comes_on=TODAY + 30 * ONE, now=NOW)


def pause(_cast: Cast, patient: Patient) -> None:
    until = TODAY + 30 * ONE
    pause_plan(actor=ACTOR, patient_id=patient.pk, until=until, reason="abroad", today=TODAY)


def pause_and_resume(cast: Cast, patient: Patient) -> None:
    pause(cast, patient)
    resume_plan(actor=ACTOR, patient_id=patient.pk)


def snooze(cast: Cast, patient: Patient) -> None:
    alert = the_alert(patient)
    seen = last_event_id(alert.pk)
    assert seen is not None
    snooze_alert(
        actor=ACTOR, user=cast.clinician, alert_id=alert.pk, seen=seen, comment="CT", until=TODAY + 9 * ONE, now=NOW
    )


def answer(cast: Cast, patient: Patient) -> None:
    acknowledge_alert(actor=ACTOR, user=cast.clinician, alert_id=the_alert(patient).pk, comment="CT", now=NOW)


def merge(cast: Cast, patient: Patient) -> None:
    other = make_patient(cast.team, name="Zhuo Q")
    give_draw(other, TODAY - ONE, {"CEA": "2.0"})
    merge_patients(actor=ACTOR, survivor_id=patient.pk, retired_id=other.pk, reason="twice")


def merge_and_undo(cast: Cast, patient: Patient) -> None:
    other = make_patient(cast.team, name="Zhuo Q")
    give_draw(other, TODAY - ONE, {"CEA": "2.0"})
    done = merge_patients(actor=ACTOR, survivor_id=patient.pk, retired_id=other.pk, reason="twice")
    undo_merge(actor=ACTOR, merge_id=done.pk)


def last_draw(patient: Patient) -> Draw:
    return Draw.objects.filter(patient=patient).latest("collected_at")


def seen_now(draw: Draw) -> Seen:
    return Seen(version=draw.version, results=dict(draw.results.current().values_list("marker_id", "pk")))


def move_the_last_draw(_cast: Cast, patient: Patient) -> None:
    draw = last_draw(patient)
    moved = NewDraw(collected_at=draw.collected_at - 5 * ONE, laboratory=draw.laboratory)
    revise_draw(actor=ACTOR, draw_id=draw.pk, seen=seen_now(draw), facts=moved, reason="wrong day")
    assert last_draw(patient).collected_at == draw.collected_at - 5 * ONE


def take_the_last_draw_back(_cast: Cast, patient: Patient) -> None:
    draw = last_draw(patient)
    take_back_draw(actor=ACTOR, draw_id=draw.pk, seen=seen_now(draw), reason="other patient")


def draws_of_a_file(_cast: Cast, patient: Patient) -> None:
    draws = [
        PatientDraw(patient_id=patient.pk, draw=NewDraw(collected_at=NOW - days * ONE), results=(reading("CEA", "2"),))
        for days in (1, 2)
    ]
    assert len(record_draws(actor=ACTOR, draws=draws)) == 2


def typed_and_waiting(cast: Cast, patient: Patient) -> Draw:
    holds.ask("verify")
    return holds.type_draw(patient, cast.nurse, {"CEA": "2.0"}, at=NOW - ONE)


def verified(cast: Cast, patient: Patient) -> None:
    draw = typed_and_waiting(cast, patient)
    row = holds.standing(draw)
    verify_results(actor=ACTOR, by=cast.clinician, draw_id=draw.pk, result_ids=[row.pk])


def typed_again(cast: Cast, patient: Patient) -> None:
    holds.ask("blind")
    draw = holds.type_draw(patient, cast.nurse, {"CEA": "2.0"}, at=NOW - ONE)
    entry = SecondEntry(result_id=holds.standing(draw).pk, new=holds.typed("CEA", "2.0"))
    assert enter_second_time(actor=ACTOR, by=cast.clinician, draw_id=draw.pk, entries=[entry]).released


def snooze_and_wake(cast: Cast, patient: Patient) -> None:
    snooze(cast, patient)
    take("wake", the_alert(patient), cast.clinician)


def by_hand(name: str) -> Step:
    """A step with the alert as a person takes it."""
    return lambda cast, patient: take(
        name, the_alert(patient), cast.clinician, **({"owner_id": cast.nurse.pk} if name == "hand_over" else {})
    )


STEPS: dict[str, Step] = {
    "draw": lambda _cast, patient: give_draw(patient, TODAY, {"CEA": "2.0", "NSE": "9"}),
    "correction": lambda _cast, patient: correct(patient, 5, "2.0"),
    "taken back": lambda _cast, patient: correct(patient, 5, None),
    "plan": lambda _cast, patient: plan(patient, "NSE"),
    "pause": pause,
    "resume": pause_and_resume,
    "stop": lambda _cast, patient: stop_plan(actor=ACTOR, patient_id=patient.pk, reason="moved", today=TODAY),
    "call": call,
    "name": rename,
    "answer": answer,
    "snooze": snooze,
    "merge": merge,
    "merge undone": merge_and_undo,
    "everybody marked": lambda _cast, _patient: mark_everybody(reason="test"),
    "moved draw": move_the_last_draw,
    "draw taken back": take_the_last_draw_back,
    "many draws of a file": draws_of_a_file,
    "typed and waiting": typed_and_waiting,
    "verified": verified,
    "typed a second time": typed_again,
    "treatment": lambda _cast, patient: record_treatment(
        actor=ACTOR, patient_id=patient.pk, kind="radiotherapy", name="RT", started_on=TODAY - 200 * ONE
    ),
    "scan": lambda _cast, patient: scan(patient),
    "fracture": lambda _cast, patient: record_skeletal_event(
        actor=ACTOR, patient_id=patient.pk, kind="fracture", occurred_on=TODAY - 90 * ONE
    ),
    "infection": lambda _cast, patient: record_condition(
        actor=ACTOR, patient_id=patient.pk, kind="infection", occurred_on=TODAY - 90 * ONE
    ),
    **{name: by_hand(name) for name in ("repeat", "imaging", "close", "hand_over")},
    "woken": snooze_and_wake,
}


@pytest.mark.parametrize("kind", STEPS)
def test_after_each_kind_of_write_the_stored_place_is_what_the_record_says(cast: Cast, kind: str) -> None:
    patient, calm = patient_with(cast.team), patient_with(cast.team, CALM)
    plan(patient, "CEA")
    run(patient, calm)
    assert restate_everybody() == 0
    STEPS[kind](cast, patient)
    assert restate_everybody() == 0
    run(*Patient.objects.filter(merged_into__isnull=True))
    assert restate_everybody() == 0


def test_a_place_holds_what_decides_the_order(cast: Cast) -> None:
    patient = patient_with(cast.team)
    first = place(patient)
    assert (first.open_from, first.due_on) == (None, None)
    assert (first.reading, first.rising_since) == (Reading.NOT_CURRENT, NEVER)
    plan(patient, "CEA")
    run(patient)
    snooze(cast, patient)
    found = place(patient)
    assert found.open_from == found.awake_from == the_alert(patient).snoozed_until
    assert (found.waiting_since, found.rising_since, found.reading) == (NOW, day(4), Reading.TO_WATCH)
    assert (found.due_on, found.expected_on, found.quiet_until) == (day(6), day(6), day(6))
    call(cast, patient)
    assert (place(patient).due_on, place(patient).expected_on) == (day(6), TODAY + 30 * ONE)


def test_a_merged_record_has_no_place_until_the_merge_is_undone(cast: Cast) -> None:
    kept, other = make_patient(cast.team), make_patient(cast.team)
    done = merge_patients(actor=ACTOR, survivor_id=kept.pk, retired_id=other.pk, reason="twice")
    assert set(WorklistPlace.objects.values_list("patient_id", flat=True)) == {kept.pk}
    undo_merge(actor=ACTOR, merge_id=done.pk)
    assert set(WorklistPlace.objects.values_list("patient_id", flat=True)) == {kept.pk, other.pk}


def test_what_was_written_past_leadtime_is_found_and_mended(cast: Cast) -> None:
    patient = patient_with(cast.team, CALM)
    plan(patient, "CEA")
    Draw.objects.filter(patient=patient, collected_at__date=day(4)).update(collected_at=NOW)
    said = StringIO()
    call_command("restate_worklist", stdout=said)
    assert said.getvalue() == "1 places were not as the record says, and are now.\n"
    assert place(patient).expected_on == TODAY + dt.timedelta(weeks=6)
    assert restate_places([patient.pk]) == 0


def test_records_of_before_places_were_stored_get_theirs_after_the_migration(cast: Cast) -> None:
    patient = patient_with(cast.team, CALM)
    before = place(patient)
    WorklistPlace.objects.all().delete()
    config = apps.get_app_config("monitoring")
    post_migrate.send(sender=config, app_config=config, verbosity=0, interactive=False, using="default")
    assert place(patient).quiet_until == before.quiet_until
    assert restate_everybody() == 0


def test_whoever_writes_a_whole_record_has_its_place_made_true_once_at_the_end(cast: Cast) -> None:
    with transaction.atomic(), restate_once():
        patient = make_patient(cast.team)
        give_draw(patient, TODAY, {"CEA": "2.0"})
        assert not WorklistPlace.objects.filter(patient=patient).exists()
        with CaptureQueriesContext(connection) as queries:
            give_draw(patient, TODAY + ONE, {"CEA": "2.0"})
    assert not [query for query in queries if "worklistplace" in query["sql"]]
    place = WorklistPlace.objects.get(patient=patient)
    assert place.care_team_id == cast.team.pk
    assert restate_everybody() == 0


def test_a_write_that_fails_leaves_the_next_one_to_state_its_place_at_once(cast: Cast) -> None:
    def fails() -> None:
        with transaction.atomic(), restate_once():
            make_patient(cast.team)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert Patient.objects.count() == 0
    assert WorklistPlace.objects.filter(patient=make_patient(cast.team)).exists()


@pytest.mark.django_db(transaction=True)
def test_places_are_not_kept_for_later_outside_a_transaction() -> None:
    with pytest.raises(RuntimeError, match="there is none"), restate_once():
        pass

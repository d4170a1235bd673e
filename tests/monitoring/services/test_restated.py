"""A value behind an alert is corrected and the alert stands: who was told of it is told."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from audit.models import AuditEvent
from monitoring.models import RESTATED, AlertState, DeliveryState, Notification
from monitoring.notifications.letter import letter_of
from monitoring.services import EvaluationSummary
from patients.models import Draw, Patient
from patients.services import NewDraw, Seen, revise_draw
from tests.cast import ACTOR, Cast, give_draw
from tests.monitoring.scenes import LOW, NOW, close, correct, day, patient_with, run, the_alert

LATER = NOW + dt.timedelta(days=1)


def sent() -> None:
    Notification.objects.update(state=DeliveryState.SENT, attempts=1, sent_at=NOW)


def told(patient: Patient) -> list[tuple[str, str, str]]:
    rows = Notification.objects.filter(alert_event__alert__patient=patient).order_by("pk")
    return list(rows.values_list("alert_event__code", "person__username", "state"))


def codes(patient: Patient) -> list[str]:
    return list(the_alert(patient).events.values_list("code", flat=True))


def amend(patient: Patient, draw: int, **facts: object) -> None:
    row = Draw.objects.get(patient=patient, collected_at__date=day(draw))
    as_it_is = NewDraw(collected_at=row.collected_at, laboratory=row.laboratory, fasting=row.fasting)
    revise_draw(
        actor=ACTOR,
        draw_id=row.pk,
        seen=Seen(version=row.version, results={}),
        facts=replace(as_it_is, **facts),  # type: ignore[arg-type]  # each fact has its own type
        reason="learnt later",
    )


def test_who_was_told_of_the_alert_is_told_that_a_value_behind_it_was_corrected(cast: Cast) -> None:
    patient = patient_with(cast.team)
    run(patient)
    sent()
    correct(patient, 5, "6.5")
    assert run(patient, now=LATER) == EvaluationSummary(evaluated=1, notifications=1)
    assert told(patient) == [("", "clinician", "sent"), (RESTATED, "clinician", "waiting")]
    event = the_alert(patient).events.get(code=RESTATED)
    assert (event.old_state, event.new_state, event.at) == ("open", "open", LATER)
    assert AuditEvent.objects.filter(action="alert.restated", patient_id=patient.pk).count() == 1


def test_one_correction_is_told_once_and_the_next_one_again(cast: Cast) -> None:
    patient = patient_with(cast.team)
    run(patient)
    sent()
    correct(patient, 5, "6.5")
    run(patient, now=LATER)
    sent()
    give_draw(patient, day(6), {"CEA": "7.0"})
    run(patient, now=LATER + dt.timedelta(days=1))
    assert codes(patient) == ["", RESTATED]
    correct(patient, 5, "6.6")
    run(patient, now=LATER + dt.timedelta(days=2))
    assert told(patient) == [
        ("", "clinician", "sent"),
        (RESTATED, "clinician", "sent"),
        (RESTATED, "clinician", "waiting"),
    ]


def test_who_has_the_first_message_still_to_come_gets_no_second_one(cast: Cast) -> None:
    patient = patient_with(cast.team)
    run(patient)
    correct(patient, 5, "6.5")
    assert run(patient, now=LATER) == EvaluationSummary(evaluated=1)
    assert (codes(patient), told(patient)) == (["", RESTATED], [("", "clinician", "waiting")])


def test_two_corrections_before_the_mail_leaves_are_one_mail(cast: Cast) -> None:
    patient = patient_with(cast.team)
    run(patient)
    sent()
    for turn, value in enumerate(("6.5", "6.6"), start=1):
        correct(patient, 5, value)
        run(patient, now=NOW + dt.timedelta(hours=turn))
    assert codes(patient) == ["", RESTATED, RESTATED]
    assert told(patient) == [("", "clinician", "sent"), (RESTATED, "clinician", "waiting")]


def test_a_correction_of_a_marker_the_alert_does_not_rest_on_tells_nobody(cast: Cast) -> None:
    patient = patient_with(cast.team, also={"PLT": "250"})
    run(patient)
    sent()
    correct(patient, 5, "260", marker="PLT")
    assert run(patient, now=LATER) == EvaluationSummary(evaluated=1)
    assert codes(patient) == [""]


def test_a_value_that_came_in_after_the_alert_was_no_ground_of_it(cast: Cast) -> None:
    patient = patient_with(cast.team)
    run(patient)
    sent()
    give_draw(patient, day(6), {"CEA": "70"})
    correct(patient, 6, "7.0")
    assert run(patient, now=LATER) == EvaluationSummary(evaluated=1)
    assert codes(patient) == [""]


def test_a_withdrawn_alert_is_told_as_withdrawn_alone(cast: Cast) -> None:
    patient = patient_with(cast.team)
    run(patient)
    sent()
    correct(patient, 5, LOW)
    assert run(patient, now=LATER) == EvaluationSummary(evaluated=1, withdrawn=1, notifications=1)
    assert codes(patient) == ["", ""]


def test_a_closed_alert_stays_closed_and_its_people_are_told(cast: Cast) -> None:
    patient = patient_with(cast.team)
    run(patient)
    sent()
    close(the_alert(patient), at=NOW)
    correct(patient, 5, "6.5")
    assert run(patient, now=LATER) == EvaluationSummary(evaluated=1, notifications=1)
    alert = the_alert(patient)
    assert (alert.state, codes(patient)) == ("closed", ["", "", RESTATED])
    # The 180 days of the answer run from the closing, not from the correction.
    assert run_marked(patient, NOW + dt.timedelta(days=180)).raised == 1


def run_marked(patient: Patient, now: dt.datetime) -> EvaluationSummary:
    correct(patient, 0, "2.2")
    return run(patient, now=now)


def test_a_draw_whose_day_was_corrected_is_told_and_its_accession_number_is_not(cast: Cast) -> None:
    patient = patient_with(cast.team)
    run(patient)
    sent()
    with time_machine.travel(NOW + dt.timedelta(hours=1), tick=False):
        amend(patient, 5, accession="S-77")
    assert run(patient, now=LATER) == EvaluationSummary(evaluated=1)
    with time_machine.travel(LATER + dt.timedelta(hours=1), tick=False):
        amend(patient, 5, accession="S-77", collected_at=dt.datetime.combine(day(5), dt.time(11), tzinfo=dt.UTC))
    assert run(patient, now=LATER + dt.timedelta(days=1)) == EvaluationSummary(evaluated=1, notifications=1)
    assert told(patient)[1:] == [(RESTATED, "clinician", "waiting")]
    sent()
    with time_machine.travel(LATER + dt.timedelta(days=2), tick=False):
        give_draw(patient, day(6), {"CEA": "7.0"})
    assert run(patient, now=LATER + dt.timedelta(days=2)) == EvaluationSummary(evaluated=1)


def test_haemolysis_that_is_learnt_later_takes_the_draw_out_and_the_alert_with_it(cast: Cast) -> None:
    patient = patient_with(cast.team, [], name="Zhuo Red")
    for draw, value in enumerate(("12", "12.5", "11.8", "12", "30", "45")):
        give_draw(patient, day(draw), {"NSE": value})
    assert run(patient).raised == 1
    sent()
    amend(patient, 5, haemolysis="present")
    assert run(patient, now=LATER) == EvaluationSummary(evaluated=1, withdrawn=1, notifications=1)
    assert the_alert(patient).state == AlertState.WITHDRAWN


def test_the_letter_says_that_the_alert_stands_and_names_nobody(cast: Cast) -> None:
    patient = patient_with(cast.team)
    run(patient)
    sent()
    correct(patient, 5, "6.5")
    run(patient, now=LATER)
    notification = Notification.objects.get(alert_event__code=RESTATED)
    letter = letter_of(notification, address="a@clinic.invalid")
    with translation.override("en"):
        said = f"{letter.words.subject} {letter.words.sentence} {letter.words.why}"
    assert letter.kind == "restated"
    assert "was not withdrawn" in said
    assert letter.link.endswith(reverse("alert", args=[the_alert(patient).pk]))
    for secret in (patient.name, "CEA", "6.5", patient.identifiers.get().value):
        assert secret not in said


def test_the_patients_page_says_so_in_the_history_of_the_alert(client: Client, cast: Cast) -> None:
    patient = patient_with(cast.team)
    run(patient)
    correct(patient, 5, "6.5")
    run(patient, now=LATER)
    client.force_login(cast.clinician)
    assert "a value behind it was corrected" in client.get(reverse("patient", args=[patient.pk])).content.decode()


def test_one_corrected_patient_and_ten_take_the_same_number_of_queries(cast: Cast) -> None:
    def measured(count: int) -> int:
        patients = [patient_with(cast.team) for _ in range(count)]
        run(*patients)
        sent()
        for patient in patients:
            correct(patient, 5, "6.5")
        with CaptureQueriesContext(connection) as queries:
            assert run(*patients, now=LATER) == EvaluationSummary(evaluated=count, notifications=count)
        return len(queries)

    assert measured(10) == measured(1)

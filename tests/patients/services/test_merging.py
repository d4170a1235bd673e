from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.apps import apps

from accounts.models import User
from audit.models import AuditEvent
from monitoring.models import AlertState, EvaluationMark
from patients.models import Draw, FollowUpPlan, Patient, PatientMerge, Result, Treatment
from patients.selectors import primary_numbers, series_points
from patients.services import (
    MergeRefused,
    NewDraw,
    PatientDraw,
    PatientMerged,
    correct_result,
    merge_patients,
    plan_merge,
    record_call,
    record_condition,
    record_draws,
    record_imaging,
    record_skeletal_event,
    record_treatment,
    set_plan,
    undo_merge,
)
from patients.services.merging import MOVES
from tests.cast import ACTOR, Cast, give_draw, make_patient, reading
from tests.monitoring.notes import note_by
from tests.monitoring.scenes import CALM, day, patient_with, run, the_alert

JAN_MOMENT = dt.datetime(2025, 1, 6, tzinfo=dt.UTC)
JAN, FEB, MAR = dt.date(2025, 1, 6), dt.date(2025, 2, 3), dt.date(2025, 3, 3)
# What stays with the record it was made for: conclusions are made again, and the rest says how records were joined.
STAYS = {
    "patients.Patient", "patients.PatientSearchKey", "patients.PatientNamePart", "patients.PatientMerge",
    "patients.EntryDraft", "monitoring.EvaluationMark",
    "monitoring.Evaluation", "monitoring.Trend", "monitoring.Alert", "monitoring.WorklistPlace",
}  # fmt: skip


def merge(survivor: Patient, retired: Patient, reason: str = "typed twice") -> PatientMerge:
    return merge_patients(actor=ACTOR, survivor_id=survivor.pk, retired_id=retired.pk, reason=reason)


def owned(patient: Patient) -> dict[str, list[int]]:
    """Kind -> ids of all that belongs to a patient."""
    rows = {kind: model._default_manager.filter(patient=patient) for kind, model in MOVES.items()}
    return {kind: list(found.order_by("pk").values_list("pk", flat=True)) for kind, found in rows.items()}


def everything() -> dict[str, list[Any]]:
    """The rows of the record, to see that nothing changed."""
    return {
        model._meta.label: list(model._base_manager.order_by("pk").values())
        for model in apps.get_app_config("patients").get_models()
    }


def full(patient: Patient, on: dt.date, cea: str = "2.0") -> None:
    give_draw(patient, on, {"CEA": cea})
    record_treatment(actor=ACTOR, patient_id=patient.pk, kind="surgery", name=f"lobectomy {on}", started_on=on)
    record_imaging(actor=ACTOR, patient_id=patient.pk, performed_on=on, modality="ct", finding="none")
    record_skeletal_event(actor=ACTOR, patient_id=patient.pk, kind="fracture", occurred_on=on)
    record_condition(actor=ACTOR, patient_id=patient.pk, kind="infection", occurred_on=on)
    set_plan(actor=ACTOR, patient_id=patient.pk, markers=["CEA"], every_weeks=6, starts_on=on)
    record_call(actor=ACTOR, patient_id=patient.pk, outcome="no_answer")
    note_by(User.objects.get(username="nurse"), patient)


@pytest.fixture
def pair(cast: Cast) -> tuple[Patient, Patient]:
    """(kept, given away): one person on record twice."""
    return make_patient(cast.team, number="H-1"), make_patient(cast.team, number="H-2")


Pair = tuple[Patient, Patient]


def test_every_kind_of_row_of_a_patient_moves_or_is_known_to_stay() -> None:
    of_a_patient = {relation.related_model._meta.label for relation in Patient._meta.related_objects}
    assert of_a_patient == STAYS | {model._meta.label for model in MOVES.values()}


def test_all_of_the_other_record_is_given_to_the_kept_one(pair: Pair) -> None:
    kept, other = pair
    full(kept, JAN)
    full(other, FEB)
    before, given = owned(kept), owned(other)
    EvaluationMark.objects.all().delete()
    done = merge(kept, other)
    assert owned(kept) == {kind: sorted(before[kind] + given[kind]) for kind in MOVES}
    assert owned(other) == {kind: [] for kind in MOVES}
    assert done.moved == given
    assert (done.left, done.reason) == ({}, "typed twice")
    other.refresh_from_db()
    assert other.merged_into == kept
    assert primary_numbers([kept.pk]) == {kept.pk: "H-1"}
    assert list(FollowUpPlan.objects.filter(is_active=True).values_list("pk", flat=True)) == before["plan"]
    assert set(EvaluationMark.objects.values_list("patient_id", "reason")) == {
        (kept.pk, "patients_merged"),
        (other.pk, "patients_merged"),
    }
    events = AuditEvent.objects.filter(action="patient.merged").order_by("patient_id")
    assert [(event.patient_id, event.details["survivor"], event.details["retired"]) for event in events] == [
        (kept.pk, kept.pk, other.pk),
        (other.pk, kept.pk, other.pk),
    ]


def test_undoing_gives_back_what_was_moved_as_it_was(pair: Pair) -> None:
    kept, other = pair
    full(kept, JAN)
    full(other, FEB)
    before = everything()
    done = undo_merge(actor=ACTOR, merge_id=merge(kept, other).pk)
    after = everything()
    journal = ("patients.PatientMerge", "patients.Historical")
    assert {key: rows for key, rows in after.items() if not key.startswith(journal)} == {
        key: rows for key, rows in before.items() if not key.startswith(journal)
    }
    assert done.came_since == {}
    assert AuditEvent.objects.filter(action="patient.merge_undone").count() == 2
    assert set(EvaluationMark.objects.values_list("reason", flat=True)) == {"merge_undone"}


def test_what_came_after_the_merge_stays_and_is_listed(pair: Pair) -> None:
    kept, other = pair
    give_draw(other, JAN, {"CEA": "2.0"})
    done = merge(kept, other)
    new = give_draw(kept, MAR, {"CEA": "3.0"})
    added = give_draw(kept, JAN, {"NSE": "9"})  # in the draw that was moved
    course = record_treatment(actor=ACTOR, patient_id=kept.pk, kind="surgery", name="biopsy", started_on=MAR)
    done = undo_merge(actor=ACTOR, merge_id=done.pk)
    assert done.came_since == {"draw": [new.draw_id], "treatment": [course.pk], "result": list(added.created)}
    assert owned(kept)["draw"] == [new.draw_id]
    assert Treatment.objects.get().patient == kept
    assert Draw.objects.get(patient=other).results.count() == 2


def test_the_plan_of_the_other_record_stays_in_force_where_the_kept_one_has_none(pair: Pair) -> None:
    kept, other = pair
    plan = set_plan(actor=ACTOR, patient_id=other.pk, markers=["CEA"], every_weeks=6, starts_on=JAN)
    merge(kept, other)
    assert list(FollowUpPlan.objects.values_list("pk", "patient_id", "is_active")) == [(plan.pk, kept.pk, True)]


# --- the same draw on both ------------------------------------------------------------------------------------------
def test_what_both_records_hold_stays_behind_and_is_read_once(pair: Pair) -> None:
    kept, other = pair
    for patient in pair:
        give_draw(patient, JAN, {"CEA": "2.0"})
        record_treatment(actor=ACTOR, patient_id=patient.pk, kind="surgery", name="lobectomy", started_on=JAN)
    twice = owned(other)
    moved = give_draw(other, FEB, {"CEA": "2.2"})
    done = merge(kept, other)
    assert done.left == {"draw": twice["draw"], "treatment": twice["treatment"]}
    assert done.moved["draw"] == [moved.draw_id]
    series = series_points([kept.pk, other.pk])
    assert [point.value for point in series[kept.pk]["CEA"]] == ["2.0", "2.2"]
    assert series[other.pk] == {}


@pytest.mark.parametrize(
    ("kept_values", "other_values", "difference"),
    [
        ({"CEA": "2.0"}, {"CEA": "2.1"}, ("CEA", "2.0 ng/mL", "2.1 ng/mL")),
        ({"CEA": "2.0"}, {"CEA": "2.00"}, ("CEA", "2.0 ng/mL", "2.00 ng/mL")),
        ({"CEA": "2.0"}, {"CEA": "<2.0"}, ("CEA", "2.0 ng/mL", "<2.0 ng/mL")),
        ({"NSE": "9"}, {"CEA": "2.0", "NSE": "9"}, ("CEA", "", "2.0 ng/mL")),
    ],
)
def test_one_draw_with_two_values_forbids_the_merge_and_names_them(
    pair: Pair, kept_values: dict[str, str], other_values: dict[str, str], difference: tuple[str, str, str]
) -> None:
    kept, other = pair
    give_draw(kept, JAN, kept_values)
    draw = give_draw(other, JAN, other_values).draw_id
    give_draw(other, FEB, {"CEA": "2.0"})
    before = everything()
    with pytest.raises(MergeRefused) as refusal:
        merge(kept, other)
    assert refusal.value.code == "merge_draws_differ"
    (found,) = refusal.value.differences
    assert (found.draw.pk, found.what, found.kept, found.other) == (draw, *difference)
    assert everything() == before


def test_a_fact_of_the_sample_that_differs_forbids_it_and_one_not_known_does_not(pair: Pair) -> None:
    kept, other = pair
    give_draw(kept, JAN, {"CEA": "2.0"}, fasting="yes")
    give_draw(other, JAN, {"CEA": "2.0"}, fasting="no")
    assert [(one.what, one.kept, one.other) for one in plan_merge(survivor=kept, retired=other).differences] == [
        ("fasting", "yes", "no")
    ]
    Draw.objects.filter(patient=other).update(fasting="unknown")
    assert plan_merge(survivor=kept, retired=other).refused == ""


def test_a_value_that_was_taken_back_contradicts_nothing(pair: Pair) -> None:
    kept, other = pair
    give_draw(kept, JAN, {"CEA": "2.0"})
    wrong = give_draw(other, JAN, {"CEA": "20"}).created[0]
    correct_result(actor=ACTOR, result_id=wrong, new=None, status="entered-in-error", reason="slip")
    assert plan_merge(survivor=kept, retired=other).refused == ""


def test_a_correction_makes_the_two_agree_and_the_merge_possible(pair: Pair) -> None:
    kept, other = pair
    give_draw(kept, JAN, {"CEA": "2.0"})
    wrong = give_draw(other, JAN, {"CEA": "20"}).created[0]
    assert plan_merge(survivor=kept, retired=other).refused == "merge_draws_differ"
    correct_result(
        actor=ACTOR,
        result_id=Result.objects.get(pk=wrong).pk,
        new=reading("CEA", "2.0"),
        status="corrected",
        reason="slip",
    )
    assert plan_merge(survivor=kept, retired=other).refused == ""


def test_planning_costs_as_many_queries_for_fifty_draws_as_for_one(
    pair: Pair, django_assert_max_num_queries: Any
) -> None:
    kept, other = pair
    for number in range(50):
        for patient in pair:
            give_draw(patient, JAN + dt.timedelta(days=number), {"CEA": "2.0"})
    with django_assert_max_num_queries(14):
        plan = plan_merge(survivor=kept, retired=other)
    assert len(plan.left["draw"]) == 50


# --- what is refused ------------------------------------------------------------------------------------------------
def test_a_merge_that_makes_no_sense_is_refused_and_changes_nothing(cast: Cast, pair: Pair) -> None:
    kept, other = pair
    synthetic = make_patient(cast.team)
    Patient.objects.filter(pk=synthetic.pk).update(is_synthetic=True)
    before = everything()
    refusals = {}
    for survivor, retired, reason in ((kept, kept, "x"), (kept, synthetic, "x"), (kept, other, "  ")):
        with pytest.raises(MergeRefused) as refusal:
            merge(survivor, retired, reason)
        refusals[refusal.value.code] = everything() == before
    assert refusals == {
        "merge_with_itself": True,
        "merge_real_with_synthetic": True,
        "merge_without_reason": True,
    }


def test_a_record_is_merged_once_and_undone_in_turn(cast: Cast, pair: Pair) -> None:
    kept, other = pair
    third = make_patient(cast.team, number="H-3")
    first = merge(kept, other)
    with pytest.raises(MergeRefused, match="merge_merged_meanwhile"):
        merge(third, other)
    second = merge(third, kept)
    with pytest.raises(MergeRefused, match="merge_kept_record_merged"):
        undo_merge(actor=ACTOR, merge_id=first.pk)
    undo_merge(actor=ACTOR, merge_id=second.pk)
    undo_merge(actor=ACTOR, merge_id=first.pk)
    with pytest.raises(MergeRefused, match="merge_undone_already"):
        undo_merge(actor=ACTOR, merge_id=first.pk)
    assert primary_numbers([kept.pk, other.pk, third.pk]) == {kept.pk: "H-1", other.pk: "H-2", third.pk: "H-3"}


# --- conclusions ----------------------------------------------------------------------------------------------------
def test_the_alert_of_the_merged_record_goes_and_the_kept_one_has_its_own(cast: Cast) -> None:
    kept, rising = patient_with(cast.team, CALM[:1], also={"NSE": "9"}), patient_with(cast.team)
    Draw.objects.filter(patient=kept).update(laboratory="elsewhere")
    run(kept, rising)
    answers = {pair.key: "twice" for pair in plan_merge(survivor=kept, retired=rising).pairs}
    assert len(answers) == 1  # the same day, and "elsewhere" is another laboratory
    merge_patients(actor=ACTOR, survivor_id=kept.pk, retired_id=rising.pk, reason="typed twice", answers=answers)
    run(kept, rising)
    assert the_alert(rising).state == AlertState.WITHDRAWN
    assert the_alert(kept).state == AlertState.OPEN


def test_an_alert_that_rests_on_draws_left_behind_goes_as_well(cast: Cast) -> None:
    kept, rising = patient_with(cast.team), patient_with(cast.team)
    run(kept, rising)
    merge(kept, rising)
    assert Draw.objects.filter(patient=rising, collected_at__date=day(5)).exists()
    run(kept, rising)
    assert (the_alert(kept).state, the_alert(rising).state) == (AlertState.OPEN, AlertState.WITHDRAWN)


def test_nothing_is_written_into_a_record_that_was_merged_meanwhile(pair: Pair) -> None:
    kept, other = pair
    merge(kept, other)
    before = everything()
    with pytest.raises(PatientMerged):
        give_draw(other, JAN, {"CEA": "2.0"})
    (plan,) = record_draws(
        actor=ACTOR,
        draws=[
            PatientDraw(patient_id=other.pk, draw=NewDraw(collected_at=JAN_MOMENT), results=(reading("CEA", "2.0"),)),
        ],
    )
    assert isinstance(plan.refused, PatientMerged)
    assert everything() == before

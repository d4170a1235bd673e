from __future__ import annotations

import datetime as dt

import pytest

from monitoring.models import Alert, AlertState
from patients.models import Draw, FollowUpCall, FollowUpPlan, Patient, PatientIdentifier
from patients.services import (
    MergeRefused,
    add_number,
    merge_patients,
    pause_plan,
    plan_merge,
    record_call,
    set_plan,
    stop_plan,
    undo_merge,
)
from tests.cast import ACTOR, Cast, give_draw, make_patient
from tests.monitoring.scenes import patient_with, run, the_alert
from tests.patients.services.test_merging import everything, merge

JAN, FEB = dt.date(2025, 1, 6), dt.date(2025, 2, 3)
Pair = tuple[Patient, Patient]


@pytest.fixture
def pair(cast: Cast) -> Pair:
    """(kept, given away): one person on record twice."""
    return make_patient(cast.team, number="H-1"), make_patient(cast.team, number="H-2")


def plan(patient: Patient, weeks: int) -> int:
    return set_plan(actor=ACTOR, patient_id=patient.pk, markers=["CEA"], every_weeks=weeks, starts_on=JAN).pk


def in_force(patient: Patient) -> list[int]:
    """Every how many weeks, by the plans in force."""
    plans = FollowUpPlan.objects.filter(patient=patient, is_active=True)
    return list(plans.values_list("every_weeks", flat=True))


def undo(merge_id: int) -> None:
    undo_merge(actor=ACTOR, merge_id=merge_id)


# --- plans ----------------------------------------------------------------------------------------------------------
def test_a_plan_that_came_along_and_was_replaced_since_is_in_force_again_and_so_is_what_replaced_it(pair: Pair) -> None:
    plan(pair[1], 6)
    done = merge(*pair)
    plan(pair[0], 3)
    undo(done.pk)
    assert (in_force(pair[0]), in_force(pair[1])) == ([3], [6])


def test_a_plan_that_came_along_and_was_stopped_since_is_in_force_again_and_listed(pair: Pair) -> None:
    came_along = plan(pair[1], 6)
    done = merge(*pair)
    stop_plan(actor=ACTOR, patient_id=pair[0].pk, reason="moved away")
    undo(done.pk)
    assert (in_force(pair[0]), in_force(pair[1])) == ([], [6])
    done.refresh_from_db()
    assert done.came_since == {"plan": [came_along]}


def test_a_plan_that_was_paused_since_goes_back_paused(pair: Pair) -> None:
    plan(pair[1], 6)
    done = merge(*pair)
    today = dt.date(2025, 3, 3)
    pause_plan(actor=ACTOR, patient_id=pair[0].pk, until=dt.date(2025, 4, 1), reason="abroad", today=today)
    undo(done.pk)
    assert FollowUpPlan.objects.get(patient=pair[1], is_active=True).paused_until == dt.date(2025, 4, 1)


def test_both_plans_are_in_force_as_before_where_both_records_had_one(pair: Pair) -> None:
    plan(pair[0], 3)
    plan(pair[1], 6)
    done = merge(*pair)
    assert in_force(pair[0]) == [3]
    plan(pair[0], 4)
    undo(done.pk)
    assert (in_force(pair[0]), in_force(pair[1])) == ([4], [6])


def test_a_plan_that_was_out_of_force_before_the_merge_stays_so(pair: Pair) -> None:
    plan(pair[1], 6)
    stop_plan(actor=ACTOR, patient_id=pair[1].pk, reason="moved away")
    done = merge(*pair)
    undo(done.pk)
    assert in_force(pair[1]) == []
    assert FollowUpPlan.objects.get().stop_reason == "moved away"


def test_a_record_has_one_plan_in_force_even_where_one_was_set_while_it_was_away(pair: Pair) -> None:
    plan(pair[1], 6)
    done = merge(*pair)
    FollowUpPlan.objects.create(patient=pair[1], every_weeks=8, starts_on=JAN)
    FollowUpPlan.objects.filter(patient=pair[0]).update(is_active=False)
    undo(done.pk)
    assert in_force(pair[1]) == [8]


# --- calls and numbers ----------------------------------------------------------------------------------------------
def test_a_call_of_since_goes_back_with_the_plan_it_was_about(pair: Pair) -> None:
    plan(pair[1], 6)
    before = record_call(actor=ACTOR, patient_id=pair[1].pk, outcome="no_answer")
    done = merge(*pair)
    about_it = record_call(actor=ACTOR, patient_id=pair[0].pk, outcome="declined")
    plan(pair[0], 3)
    about_another = record_call(actor=ACTOR, patient_id=pair[0].pk, outcome="no_answer")
    undo(done.pk)
    calls = {patient: list(FollowUpCall.objects.filter(patient=patient).order_by("pk")) for patient in pair}
    assert calls == {pair[0]: [about_another], pair[1]: [before, about_it]}
    done.refresh_from_db()
    assert done.came_since["call"] == [about_it.pk, about_another.pk]


def test_a_number_of_since_stays_and_each_record_is_found_by_its_own(pair: Pair) -> None:
    done = merge(*pair)
    add_number(actor=ACTOR, patient_id=pair[0].pk, value="H-3", reason="new card")
    undo(done.pk)
    rows = [(one.value, one.patient_id, one.retired_on is None) for one in PatientIdentifier.objects.order_by("value")]
    assert rows == [("H-1", pair[0].pk, False), ("H-2", pair[1].pk, True), ("H-3", pair[0].pk, True)]


# --- what cannot be undone now --------------------------------------------------------------------------------------
def test_a_merge_is_undone_only_after_the_later_one_into_the_same_record(cast: Cast, pair: Pair) -> None:
    third = make_patient(cast.team, number="H-3")
    for patient in (pair[1], third):
        give_draw(patient, JAN, {"CEA": "2.0"})
    first, second = merge(*pair), merge(pair[0], third)
    before = everything()
    with pytest.raises(MergeRefused, match="merge_later_stands"):
        undo(first.pk)
    assert everything() == before
    undo(second.pk)
    undo(first.pk)
    assert [Draw.objects.filter(patient=one).count() for one in (*pair, third)] == [0, 1, 1]


def test_a_draw_that_was_entered_where_another_stood_before_holds_up_the_undoing(pair: Pair) -> None:
    give_draw(pair[0], JAN, {"CEA": "2.0"})
    give_draw(pair[1], JAN, {"CEA": "2.0"}, laboratory="Central")
    answers = {one.key: "one" for one in plan_merge(survivor=pair[0], retired=pair[1]).pairs}
    done = merge_patients(
        actor=ACTOR, survivor_id=pair[0].pk, retired_id=pair[1].pk, reason="typed twice", answers=answers
    )
    give_draw(pair[0], JAN, {"NSE": "9"})
    before = everything()
    with pytest.raises(MergeRefused) as refusal:
        undo(done.pk)
    assert refusal.value.code == "merge_undo_place_taken"
    assert refusal.value.params == {"moment": "2025-01-06 08:00+00:00", "laboratory": "", "accession": ""}
    assert everything() == before


# --- conclusions ----------------------------------------------------------------------------------------------------
def test_after_undoing_each_record_has_the_alert_it_had(cast: Cast) -> None:
    kept, rising = make_patient(cast.team), patient_with(cast.team)
    run(kept, rising)
    done = merge(kept, rising)
    run(kept, rising)
    assert [the_alert(one).state for one in (kept, rising)] == [AlertState.OPEN, AlertState.WITHDRAWN]
    undo(done.pk)
    run(kept, rising)
    assert the_alert(kept).state == AlertState.WITHDRAWN
    (stands,) = Alert.objects.filter(patient=rising).exclude(state=AlertState.WITHDRAWN)
    assert stands.state == AlertState.OPEN

"""Taking a merge back: each record gets what it had, with what became of it since."""

from __future__ import annotations

from collections import Counter
from copy import copy

from django.db import models, transaction
from django.utils import timezone

from accounts.models import User
from patients.models import Draw, FollowUpCall, FollowUpPlan, Patient, PatientIdentifier, PatientMerge, Result
from patients.services.draws import announce
from patients.services.merge_draws import Blood, facts_that_go_back, part_pairs, place_of
from patients.services.merging import (
    MOVES,
    Ids,
    MergeRefused,
    give,
    ids_of,
    locked_pair,
    tell_merge,
    without_empty,
)


@transaction.atomic
def undo_merge(*, actor: str, merge_id: int, by: User | None = None) -> PatientMerge:
    """Give back what was moved and is still there; what the kept record got since stays with it and is listed.

    What came since to something that goes back (a value to a draw, a call about a plan) goes back with it.

    Raises
    ------
    MergeRefused
        it was undone already, another merge rests on it, or two draws would stand in one place; nothing is written.
    """
    merge = PatientMerge.objects.get(pk=merge_id)
    survivor, retired = locked_pair(merge.survivor_id, merge.retired_id)
    merge = PatientMerge.objects.select_for_update().get(pk=merge_id)
    _refuse_what_cannot_be_undone(merge, survivor)
    merge.came_since = _came_since(merge)
    calls = ids_of(_calls_that_go_back(merge))
    # In this order: a draw that came along may stand where a joined draw goes back to.
    give(merge.moved, owner=survivor, to=retired)
    part_pairs(merge.bloods, by=by)
    FollowUpCall.objects.filter(pk__in=calls).update(patient=retired)
    for number in PatientIdentifier.objects.filter(pk__in=merge.numbers_retired, patient=retired):
        number.retired_on = None
        number.save()
    _put_in_force_again(merge, retired)
    retired.merged_into = None
    retired.save()
    merge.undone_at, merge.undone_by = timezone.now(), by
    merge.save()
    tell_merge(actor, "patient.merge_undone", merge)
    announce([survivor.pk, retired.pk], reason="merge_undone")
    return merge


# --- whether it can be undone -------------------------------------------------------------------------------------
def _refuse_what_cannot_be_undone(merge: PatientMerge, survivor: Patient) -> None:
    if merge.undone_at is not None:
        raise MergeRefused("merge_undone_already")
    if survivor.merged_into_id is not None:
        raise MergeRefused("merge_kept_record_merged")
    # What a later merge left behind because the kept record held it may be what this one moved there.
    if PatientMerge.objects.filter(survivor=survivor, undone_at__isnull=True, pk__gt=merge.pk).exists():
        raise MergeRefused("merge_later_stands")
    if taken := _place_taken_twice(merge):
        moment = timezone.localtime(taken.collected_at).isoformat(sep=" ", timespec="minutes")
        raise MergeRefused(
            "merge_undo_place_taken", moment=moment, laboratory=taken.laboratory, accession=taken.accession
        )


def _place_taken_twice(merge: PatientMerge) -> Draw | None:
    """A draw that would stand where another of its record stands: one of the two was entered or corrected since."""
    going = set(merge.moved.get("draw", ()))
    joined = {told["kept"]: told for told in merge.bloods if told["answer"] == Blood.ONE}
    places: Counter[tuple[object, ...]] = Counter()
    for draw in Draw.objects.filter(patient__in=[merge.survivor_id, merge.retired_id]).order_by("pk"):
        after = copy(draw)
        for name, value in facts_that_go_back(draw, joined[draw.pk]).items() if draw.pk in joined else ():
            setattr(after, name, value)
        owner = merge.retired_id if draw.pk in going else draw.patient_id
        place = (owner, *place_of(after))
        places[place] += 1
        if places[place] > 1:
            return after
    return None


# --- plans, and what came since -----------------------------------------------------------------------------------
def _put_in_force_again(merge: PatientMerge, retired: Patient) -> None:
    """The plan that was in force with this record, whatever replaced or stopped it with the kept one meanwhile."""
    if FollowUpPlan.objects.filter(patient=retired, is_active=True).exists():
        return
    for plan in FollowUpPlan.objects.filter(pk__in=_plans_in_force(merge), patient=retired):
        plan.is_active, plan.stopped_on, plan.stop_reason = True, None, ""
        plan.save()


def _plans_in_force(merge: PatientMerge) -> list[int]:
    """Merges of before this was written down know only of plans they stopped themselves."""
    return list(merge.plans_in_force or merge.plans_stopped)


def _calls_that_go_back(merge: PatientMerge) -> models.QuerySet[FollowUpCall]:
    """Calls of since about a plan that goes back: they were about the draw it waits for."""
    return FollowUpCall.objects.filter(
        patient=merge.survivor_id, plan__in=merge.moved.get("plan", ()), pk__gt=merge.newest.get("call", 0)
    )


def _came_since(merge: PatientMerge) -> Ids:
    since = {
        kind: ids_of(model._default_manager.filter(patient=merge.survivor_id, pk__gt=merge.newest.get(kind, 0)))
        for kind, model in MOVES.items()
    }
    stopped = FollowUpPlan.objects.filter(pk__in=_plans_in_force(merge), stopped_on__isnull=False)
    since["plan"] = sorted({*since["plan"], *ids_of(stopped)})
    since["result"] = _results_since(merge)
    return without_empty(since)


def _results_since(merge: PatientMerge) -> list[int]:
    """Values added or corrected in a draw that goes back, or in one that was made of two: to be looked at."""
    joined = [told["kept"] for told in merge.bloods if told["answer"] == Blood.ONE]
    touched = [*merge.moved.get("draw", ()), *joined]
    return ids_of(Result.objects.filter(draw_id__in=touched, pk__gt=merge.newest.get("result", 0)))

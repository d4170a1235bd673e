"""Making one record of two that are the same person; `merge_undo` takes it back.

Rows are given to the record that is kept; values are never changed and nothing is deleted. What both records hold
stays where it is, so that undoing finds it there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from django.db import models, transaction
from django.db.models import Max
from django.utils import timezone

from accounts.models import User
from audit.services import record
from patients.models import (
    Condition,
    Draw,
    FollowUpCall,
    FollowUpPlan,
    ImagingStudy,
    Patient,
    PatientIdentifier,
    PatientMerge,
    Result,
    SkeletalEvent,
    Treatment,
)
from patients.services.draws import announce
from patients.services.errors import RecordError
from patients.services.merge_draws import Answers, Difference, Pair, join_pairs, plan_draws

# What goes with the patient. A new kind of row that belongs to a patient is named here or in STAYS (a test asks);
# one of a room that the record does not know is named by that room when it starts (`goes_along`).
MOVES: Final[dict[str, type[models.Model]]] = {
    "number": PatientIdentifier,
    "draw": Draw,
    "treatment": Treatment,
    "imaging": ImagingStudy,
    "skeletal_event": SkeletalEvent,
    "condition": Condition,
    "plan": FollowUpPlan,
    "call": FollowUpCall,
}
ALONG: Final[set[str]] = set()
EVENTS: Final = ("treatment", "imaging", "skeletal_event", "condition")
# Fields by which an event on both records is the same event.
SAME_EVENT: Final[dict[str, tuple[str, ...]]] = {
    "treatment": ("kind", "name", "line", "started_on", "ended_on"),
    "imaging": ("performed_on", "modality", "finding", "lesion_type", "sites"),
    "skeletal_event": ("kind", "occurred_on", "site"),
    "condition": ("kind", "occurred_on", "ended_on", "note"),
}
NO_ANSWERS: Final[Answers] = MappingProxyType({})

Ids = dict[str, list[int]]


def goes_along(kind: str, model: type[models.Model]) -> None:
    """Rows of `model` have a `patient` and go with the patient. No merge depends on them, and no page lists them."""
    MOVES[kind] = model
    ALONG.add(kind)


class MergeRefused(RecordError):
    """`code` says why; `differences` names the values where two draws of one sample contradict each other."""

    def __init__(self, code: str, *, differences: tuple[Difference, ...] = (), **params: str) -> None:
        self.code = code
        super().__init__(**params)
        self.differences = differences


@dataclass(frozen=True, slots=True)
class MergePlan:
    """What a merge would do: nothing is decided later than here."""

    moved: Ids = field(default_factory=dict)
    left: Ids = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()
    pairs: tuple[Pair, ...] = ()
    refused: str = ""
    unsettled: str = ""


def plan_merge(*, survivor: Patient, retired: Patient, answers: Answers = NO_ANSWERS) -> MergePlan:
    """What `merge_patients` would do; the page shows it and the service does it. A fixed number of queries.

    `refused` cannot be helped on the page of the merge; `unsettled` can, by answering otherwise about `pairs`.
    """
    if code := _not_mergeable(survivor, retired):
        return MergePlan(refused=code)
    moved: Ids = {}
    left: Ids = {}
    for kind in ("number", "plan", "call"):
        moved[kind] = ids_of(MOVES[kind]._default_manager.filter(patient=retired))
    for kind in EVENTS:
        moved[kind], left[kind] = _plan_events(kind, survivor, retired)
    draws = plan_draws(survivor, retired, answers)
    moved["draw"], left["draw"] = draws.moved, draws.left
    refused = "merge_draws_differ" if draws.differences else ""
    return MergePlan(moved, left, draws.differences, draws.pairs, refused, draws.unsettled)


@transaction.atomic
def merge_patients(
    *,
    actor: str,
    survivor_id: int,
    retired_id: int,
    reason: str,
    answers: Answers = NO_ANSWERS,
    by: User | None = None,
) -> PatientMerge:
    """Give everything of `retired_id` to `survivor_id` and hide the emptied record; its numbers go out of use.

    `answers` says of each pair of draws that may be one blood whether it is.

    Raises
    ------
    MergeRefused
        nothing is written.
    """
    survivor, retired = locked_pair(survivor_id, retired_id)
    if not reason.strip():
        raise MergeRefused("merge_without_reason")
    plan = plan_merge(survivor=survivor, retired=retired, answers=answers)
    if refused := plan.refused or plan.unsettled:
        apart = tuple(one for pair in plan.pairs if pair.contradicts for one in pair.differences)
        raise MergeRefused(refused, differences=plan.differences or apart)
    merge = PatientMerge(
        survivor=survivor, retired=retired, reason=reason.strip(), at=timezone.now(), by=by, newest=_newest()
    )
    along = {kind: ids_of(MOVES[kind]._default_manager.filter(patient=retired)) for kind in sorted(ALONG)}
    merge.moved, merge.left = without_empty(plan.moved | along), without_empty(plan.left)
    merge.bloods = join_pairs(plan.pairs, reason=merge.reason, by=by)
    merge.plans_in_force = ids_of(FollowUpPlan.objects.filter(patient=retired, is_active=True))
    merge.plans_stopped = _stop_plans(survivor, retired)
    merge.numbers_retired = _retire_numbers(plan.moved["number"])
    give(merge.moved, owner=retired, to=survivor)
    retired.merged_into = survivor
    retired.save()
    merge.save()
    tell_merge(actor, "patient.merged", merge)
    announce([survivor.pk, retired.pk], reason="patients_merged")
    return merge


# --- what may be merged -------------------------------------------------------------------------------------------
def locked_pair(survivor_id: int, retired_id: int) -> tuple[Patient, Patient]:
    """Both rows under lock, in one order for everybody."""
    ids = sorted({survivor_id, retired_id})
    rows = {one.pk: one for one in Patient.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
    return rows[survivor_id], rows[retired_id]


def _not_mergeable(survivor: Patient, retired: Patient) -> str:
    if survivor.pk == retired.pk:
        return "merge_with_itself"
    if survivor.merged_into_id is not None or retired.merged_into_id is not None:
        return "merge_merged_meanwhile"
    if survivor.is_synthetic != retired.is_synthetic:
        return "merge_real_with_synthetic"
    return ""


# --- what moves ---------------------------------------------------------------------------------------------------
def _plan_events(kind: str, survivor: Patient, retired: Patient) -> tuple[list[int], list[int]]:
    """(to be moved, on both records already)."""
    rows = MOVES[kind]._default_manager
    held = set(rows.filter(patient=survivor).values_list(*SAME_EVENT[kind]))
    moved: list[int] = []
    left: list[int] = []
    for pk, *facts in rows.filter(patient=retired).order_by("pk").values_list("pk", *SAME_EVENT[kind]):
        (left if tuple(facts) in held else moved).append(pk)
    return moved, left


# --- moving -------------------------------------------------------------------------------------------------------
def give(ids: Mapping[str, Collection[int]], *, owner: Patient, to: Patient) -> None:
    """One row at a time where the row keeps a history, so that the history tells of it."""
    for kind, pks in ids.items():
        rows: Any = MOVES[kind]._default_manager.filter(pk__in=pks, patient=owner)
        if not hasattr(MOVES[kind], "history"):
            rows.update(patient=to)
            continue
        for row in rows:
            row.patient = to
            row.save()


def _stop_plans(survivor: Patient, retired: Patient) -> list[int]:
    """A patient has one plan in force: that of the kept record, where it has one."""
    if not FollowUpPlan.objects.filter(patient=survivor, is_active=True).exists():
        return []
    stopped = []
    for plan in FollowUpPlan.objects.filter(patient=retired, is_active=True):
        plan.is_active = False
        plan.save()
        stopped.append(plan.pk)
    return stopped


def _retire_numbers(ids: Collection[int]) -> list[int]:
    retired = []
    for number in PatientIdentifier.objects.filter(pk__in=ids, retired_on=None):
        number.retired_on = timezone.localdate()
        number.save()
        retired.append(number.pk)
    return retired


def _newest() -> dict[str, int]:
    """The last id of each kind: ids only grow, so whatever is above came later."""
    kinds: dict[str, type[models.Model]] = {**MOVES, "result": Result}
    return {kind: model._default_manager.aggregate(last=Max("pk"))["last"] or 0 for kind, model in kinds.items()}


def ids_of(rows: Any) -> list[int]:
    return list(rows.order_by("pk").values_list("pk", flat=True))


def without_empty(ids: Ids) -> Ids:
    return {kind: pks for kind, pks in ids.items() if pks}


def tell_merge(actor: str, action: str, merge: PatientMerge) -> None:
    """In the log of both patients."""
    counts = {kind: len(pks) for kind, pks in merge.moved.items()}
    said = ("kept", "other", "answer")
    bloods = [{name: told[name] for name in said} for told in merge.bloods]
    details = {"survivor": merge.survivor_id, "retired": merge.retired_id, "moved": counts, "bloods": bloods}
    for patient_id in (merge.survivor_id, merge.retired_id):
        record(
            actor=actor,
            action=action,
            object_type="merge",
            object_id=merge.pk,
            patient_id=patient_id,
            details=details,
        )

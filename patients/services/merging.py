"""Making one record of two that are the same person, and taking that back.

Rows are given to the record that is kept; values are never changed and nothing is deleted. What both records hold
stays where it is, so that undoing finds it there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import models, transaction
from django.db.models import Max
from django.utils import timezone

from accounts.models import User
from audit.services import record
from patients.models import (
    TAKEN_BACK,
    TREND_STATUSES,
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

# What goes with the patient. A new kind of row that belongs to a patient is named here or in STAYS (a test asks).
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
EVENTS: Final = ("treatment", "imaging", "skeletal_event", "condition")
# Fields by which an event on both records is the same event.
SAME_EVENT: Final[dict[str, tuple[str, ...]]] = {
    "treatment": ("kind", "name", "line", "started_on", "ended_on"),
    "imaging": ("performed_on", "modality", "finding", "lesion_type", "sites"),
    "skeletal_event": ("kind", "occurred_on", "site"),
    "condition": ("kind", "occurred_on", "ended_on", "note"),
}
DRAW_STATE: Final = ("fasting", "haemolysis", "biotin", "g_csf", "steroid")

Ids = dict[str, list[int]]


class MergeRefused(RecordError):
    """`code` says why; `differences` names the values where two draws of one sample contradict each other."""

    def __init__(self, code: str, *, differences: tuple[Difference, ...] = (), **params: str) -> None:
        self.code = code
        super().__init__(**params)
        self.differences = differences


@dataclass(frozen=True, slots=True)
class Difference:
    """One marker (or a fact of the sample) on which the two records' rows of one draw do not agree. '' for nothing."""

    draw: Draw
    what: str
    kept: str
    other: str


@dataclass(frozen=True, slots=True)
class MergePlan:
    """What a merge would do: nothing is decided later than here."""

    moved: Ids = field(default_factory=dict)
    left: Ids = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()
    refused: str = ""


def plan_merge(*, survivor: Patient, retired: Patient) -> MergePlan:
    """What `merge_patients` would do; the page shows it and the service does it. A fixed number of queries."""
    if code := _not_mergeable(survivor, retired):
        return MergePlan(refused=code)
    moved: Ids = {}
    left: Ids = {}
    for kind in ("number", "plan", "call"):
        moved[kind] = _ids(MOVES[kind]._default_manager.filter(patient=retired))
    for kind in EVENTS:
        moved[kind], left[kind] = _plan_events(kind, survivor, retired)
    moved["draw"], left["draw"], differences = _plan_draws(survivor, retired)
    return MergePlan(moved, left, differences, "merge_draws_differ" if differences else "")


@transaction.atomic
def merge_patients(
    *, actor: str, survivor_id: int, retired_id: int, reason: str, by: User | None = None
) -> PatientMerge:
    """Give everything of `retired_id` to `survivor_id` and hide the emptied record; its numbers go out of use.

    Raises
    ------
    MergeRefused
        nothing is written.
    """
    survivor, retired = _locked(survivor_id, retired_id)
    if not reason.strip():
        raise MergeRefused("merge_without_reason")
    plan = plan_merge(survivor=survivor, retired=retired)
    if plan.refused:
        raise MergeRefused(plan.refused, differences=plan.differences)
    merge = PatientMerge(
        survivor=survivor, retired=retired, reason=reason.strip(), at=timezone.now(), by=by, newest=_newest()
    )
    merge.moved, merge.left = _without_empty(plan.moved), _without_empty(plan.left)
    merge.plans_stopped = _stop_plans(survivor, retired)
    merge.numbers_retired = _retire_numbers(plan.moved["number"])
    _give(merge.moved, owner=retired, to=survivor)
    retired.merged_into = survivor
    retired.save()
    merge.save()
    _tell(actor, "patient.merged", merge)
    announce([survivor.pk, retired.pk], reason="patients_merged")
    return merge


@transaction.atomic
def undo_merge(*, actor: str, merge_id: int, by: User | None = None) -> PatientMerge:
    """Give back what was moved and is still there; what the kept record got since stays with it and is listed.

    Raises
    ------
    MergeRefused
        it was undone already, or the kept record was itself merged since: that merge must be undone first.
    """
    merge = PatientMerge.objects.get(pk=merge_id)
    survivor, retired = _locked(merge.survivor_id, merge.retired_id)
    merge = PatientMerge.objects.select_for_update().get(pk=merge_id)
    if merge.undone_at is not None:
        raise MergeRefused("merge_undone_already")
    if survivor.merged_into_id is not None:
        raise MergeRefused("merge_kept_record_merged")
    merge.came_since = _came_since(merge)
    _give(merge.moved, owner=survivor, to=retired)
    for number in PatientIdentifier.objects.filter(pk__in=merge.numbers_retired, patient=retired):
        number.retired_on = None
        number.save()
    for plan in FollowUpPlan.objects.filter(pk__in=merge.plans_stopped, patient=retired):
        plan.is_active = True
        plan.save()
    retired.merged_into = None
    retired.save()
    merge.undone_at, merge.undone_by = timezone.now(), by
    merge.save()
    _tell(actor, "patient.merge_undone", merge)
    announce([survivor.pk, retired.pk], reason="merge_undone")
    return merge


# --- what may be merged -------------------------------------------------------------------------------------------
def _locked(survivor_id: int, retired_id: int) -> tuple[Patient, Patient]:
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


def _plan_draws(survivor: Patient, retired: Patient) -> tuple[list[int], list[int], tuple[Difference, ...]]:
    """Draws of one sample on both records stay behind where they say the same, and forbid the merge where not."""
    held = {_draw_key(draw): draw for draw in Draw.objects.filter(patient=survivor)}
    pairs = {draw: held.get(_draw_key(draw)) for draw in Draw.objects.filter(patient=retired).order_by("collected_at")}
    values = _values_of([draw.pk for pair in pairs.items() if pair[1] for draw in pair if draw])
    moved: list[int] = []
    left: list[int] = []
    differences: list[Difference] = []
    for draw, kept in pairs.items():
        if kept is None:
            moved.append(draw.pk)
            continue
        found = list(_compare(draw, kept, values))
        differences += found
        if not found:
            left.append(draw.pk)
    return moved, left, tuple(differences)


def _draw_key(draw: Draw) -> tuple[str, object]:
    """As the record recognises a draw of one patient."""
    return draw.laboratory, draw.accession or draw.collected_at


def _values_of(draw_ids: Collection[int]) -> dict[int, dict[str, Result]]:
    values: dict[int, dict[str, Result]] = {pk: {} for pk in draw_ids}
    rows = Result.objects.current().exclude(status__in=TAKEN_BACK).filter(draw_id__in=draw_ids)
    for row in rows.select_related("assay"):
        values[row.draw_id][row.marker_id] = row
    return values


def _compare(draw: Draw, kept: Draw, values: Mapping[int, Mapping[str, Result]]) -> Iterable[Difference]:
    if draw.collected_at != kept.collected_at:
        yield Difference(draw, "collected_at", kept.collected_at.isoformat(), draw.collected_at.isoformat())
    for name in DRAW_STATE:
        mine, theirs = getattr(kept, name), getattr(draw, name)
        if theirs not in {mine, "unknown"}:
            yield Difference(draw, name, mine, theirs)
    standing = values[kept.pk]
    for marker, other in sorted(values[draw.pk].items()):
        if marker not in standing or not _same_value(standing[marker], other):
            here = _reported(standing[marker]) if marker in standing else ""
            yield Difference(draw, marker, here, _reported(other))


def _same_value(kept: Result, other: Result) -> bool:
    """To the sign: '5.0' and '5.00' are two reports, and which is right is nobody's guess here."""
    facts = ("comparator", "value", "unit", "absent")
    assays = [one.assay.name if one.assay else "" for one in (kept, other)]
    # A value that was corrected into agreement agrees.
    settled = kept.status == other.status or {kept.status, other.status} <= set(TREND_STATUSES)
    return settled and assays[0] == assays[1] and all(getattr(kept, name) == getattr(other, name) for name in facts)


def _reported(result: Result) -> str:
    return f"{result.reported} {result.unit}"


# --- moving -------------------------------------------------------------------------------------------------------
def _give(ids: Mapping[str, Collection[int]], *, owner: Patient, to: Patient) -> None:
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


# --- what came since ----------------------------------------------------------------------------------------------
def _newest() -> dict[str, int]:
    """The last id of each kind: ids only grow, so whatever is above came later."""
    kinds: dict[str, type[models.Model]] = {**MOVES, "result": Result}
    return {kind: model._default_manager.aggregate(last=Max("pk"))["last"] or 0 for kind, model in kinds.items()}


def _came_since(merge: PatientMerge) -> Ids:
    since = {
        kind: _ids(model._default_manager.filter(patient=merge.survivor_id, pk__gt=merge.newest.get(kind, 0)))
        for kind, model in MOVES.items()
    }
    # A value that was added to, or corrected in, a draw that goes back goes back with it: to be looked at as well.
    in_moved = Result.objects.filter(draw_id__in=merge.moved.get("draw", ()), pk__gt=merge.newest.get("result", 0))
    since["result"] = _ids(in_moved)
    return _without_empty(since)


def _ids(rows: Any) -> list[int]:
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _without_empty(ids: Ids) -> Ids:
    return {kind: pks for kind, pks in ids.items() if pks}


def _tell(actor: str, action: str, merge: PatientMerge) -> None:
    """In the log of both patients."""
    counts = {kind: len(pks) for kind, pks in merge.moved.items()}
    details = {"survivor": merge.survivor_id, "retired": merge.retired_id, "moved": counts}
    for patient_id in (merge.survivor_id, merge.retired_id):
        record(
            actor=actor,
            action=action,
            object_type="merge",
            object_id=merge.pk,
            patient_id=patient_id,
            details=details,
        )

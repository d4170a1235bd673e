"""Recording the draws of many patients at once: what `record_draw` does, in a number of queries that does not grow.

A file of a hundred thousand lines goes through here in pieces. What would be written can be asked for without writing
it (`plan_draws`), so that a dry run and the run itself cannot disagree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from audit.services import NewEvent, record_many
from patients.catalogue import catalogue
from patients.laboratory_profile import key_of
from patients.models import Assay, Draw, DrawChange, ImportBatch, Patient, Result
from patients.services.draw_facts import (
    KNOWN_BY,
    MOMENT,
    SAID_LATER,
    Amendment,
    Changes,
    amend_draws,
    at_another_time,
    facts_of,
    facts_to_fill,
    filled_in,
    former_names,
    on_record,
    same_moment,
)
from patients.services.draws import CHANGED_AT_SOURCE, NewDraw, NewResult, is_repeat, result_row
from patients.services.errors import DerivedMarker, DrawFactsDiffer, EmptyDraw, PatientMerged, RecordError
from patients.signals import results_changed

DrawKey = tuple[int, str, object]
Standing = dict[int, dict[str, list[Result]]]  # draw -> marker -> versions, the last one current
SaidBefore = dict[int, dict[str, set[str]]]  # draw -> fact -> what stood there until it was corrected


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientDraw:
    """One draw of one patient as it arrives, each marker once."""

    patient_id: int
    draw: NewDraw
    results: tuple[NewResult, ...]

    @property
    def key(self) -> DrawKey:
        return draw_key(self.patient_id, self.draw)


@dataclass(frozen=True, slots=True)
class DrawPlan:
    """What recording a draw does, or why it does nothing at all."""

    item: PatientDraw
    row: Draw | None = None
    new: tuple[NewResult, ...] = ()
    repeated: int = 0
    corrections: tuple[tuple[Result, NewResult], ...] = ()
    refused: RecordError | None = None
    filled: Changes = field(default_factory=dict)

    @property
    def writes_results(self) -> bool:
        return bool(self.new or self.corrections)

    @property
    def changes(self) -> bool:
        return self.writes_results or bool(self.filled)


@dataclass(slots=True)
class _Written:
    """The rows of one draw, for its audit event."""

    draw: Draw
    created: list[Result] = field(default_factory=list)
    corrected: list[Result] = field(default_factory=list)

    def event(self, batch: ImportBatch | None) -> NewEvent:
        return NewEvent(
            action="draw.recorded",
            object_type="draw",
            object_id=str(self.draw.pk),
            patient_id=self.draw.patient_id,
            details={
                "created": [row.pk for row in self.created],
                "corrected": [row.pk for row in self.corrected],
                "batch": batch.pk if batch else None,
            },
        )


def draw_key(patient_id: int, draw: NewDraw | Draw) -> DrawKey:
    """How a draw is recognised: by accession number, or by time where there is none."""
    return patient_id, key_of(draw.laboratory), draw.accession or draw.collected_at


def plan_draws(draws: Sequence[PatientDraw]) -> tuple[DrawPlan, ...]:
    """What `record_draws` would do. At most six queries, nothing written.

    Raises
    ------
    EmptyDraw, DerivedMarker, ValueError
        the same draw, or the same marker in one draw, comes twice: which value is meant is the caller's to say.
    """
    _check(draws)
    rows = _standing_draws(draws)
    standing: Standing = {row.pk: {} for row in rows.values()}
    for result in Result.objects.filter(draw_id__in=standing).select_related("assay").order_by("version"):
        standing[result.draw_id].setdefault(result.marker_id, []).append(result)
    said_before = _said_before(list(standing))
    claimed = Counter(rows[item.key].pk for item in draws if item.key in rows)
    return tuple(
        DrawPlan(item, row, refused=on_record(row))
        if row and claimed[row.pk] > 1 and draw_key(item.patient_id, row) != item.key  # by both its names at once
        else _plan(item, row, standing, said_before)
        for item, row in ((item, rows.get(item.key)) for item in draws)
    )


@transaction.atomic
def record_draws(
    *,
    actor: str,
    draws: Sequence[PatientDraw],
    recorded_by: User | None = None,
    batch: ImportBatch | None = None,
    reason: str = "",
) -> tuple[DrawPlan, ...]:
    """Record draws as `record_draw(on_difference="correct")` would one by one; gives what was done to each.

    A draw that is refused (`DrawPlan.refused`) is left out, the others are written.
    """
    patient_ids = sorted({item.patient_id for item in draws})
    # In the order of their keys, so that two imports cannot wait for each other.
    held = Patient.objects.select_for_update().filter(pk__in=patient_ids).order_by("pk")
    merged = {pk for pk, into in held.values_list("pk", "merged_into") if into is not None}
    plans = tuple(
        DrawPlan(plan.item, refused=PatientMerged()) if plan.item.patient_id in merged else plan
        for plan in plan_draws(draws)
    )
    changing = [plan for plan in plans if plan.changes]
    if not changing:
        return plans
    _fill_in(changing, actor=actor, by=recorded_by)
    with_results = [plan for plan in changing if plan.writes_results]
    written = _write_draws(with_results, recorded_by=recorded_by, batch=batch)
    _write_results(with_results, written, recorded_by=recorded_by, batch=batch, reason=reason or CHANGED_AT_SOURCE)
    record_many(actor=actor, events=[rows.event(batch) for rows in written])
    changed = tuple(sorted({plan.item.patient_id for plan in changing}))
    results_changed.send(sender=Draw, patient_ids=changed, reason="draw_recorded")
    return plans


def _check(draws: Sequence[PatientDraw]) -> None:
    keys = [item.key for item in draws]
    if len(set(keys)) < len(keys):
        raise ValueError("the same draw comes twice")
    for item in draws:
        if not item.results:
            raise EmptyDraw()
        markers = [result.marker for result in item.results]
        if len(set(markers)) < len(markers):
            raise ValueError("the same marker comes twice in one draw")
        for marker in markers:
            if catalogue().marker(marker).derived:
                raise DerivedMarker(marker=marker)


def _standing_draws(draws: Sequence[PatientDraw]) -> dict[DrawKey, Draw]:
    times = {item.draw.collected_at for item in draws if not item.draw.accession}
    accessions = {item.draw.accession for item in draws if item.draw.accession}
    known = Q(accession="", collected_at__in=times) | Q(accession__in=accessions)
    rows = Draw.objects.filter(known, patient_id__in={item.patient_id for item in draws}).order_by("-pk")
    found = {draw_key(row.patient_id, row): row for row in rows}
    unknown = {item.patient_id for item in draws if item.key not in found}
    return _once_known(unknown) | found if unknown else found


def _once_known(patient_ids: Collection[int]) -> dict[DrawKey, Draw]:
    """Draws by what they were known by before a person or a later paper said otherwise.

    A file that is read again finds its draw, and not a second blood that would confirm the first.
    """
    amended = Draw.objects.filter(patient_id__in=patient_ids, changes__field__in=KNOWN_BY).distinct()
    return {
        (row.patient_id, key_of(laboratory), accession or moment): row
        for row in amended.order_by("-pk").prefetch_related("changes")
        for moment, laboratory, accession in former_names(row)
    }


def _said_before(draw_ids: Sequence[int]) -> SaidBefore:
    said: SaidBefore = {}
    changes = DrawChange.objects.filter(draw_id__in=draw_ids).values_list("draw_id", "field", "old")
    for draw_id, fact, old in changes:
        said.setdefault(draw_id, {}).setdefault(fact, set()).add(old)
    return said


def _plan(item: PatientDraw, row: Draw | None, standing: Standing, said_before: SaidBefore) -> DrawPlan:
    if row is None:
        return DrawPlan(item, None, item.results)
    said = said_before.get(row.pk, {})
    if not same_moment(row, item.draw) and facts_of(item.draw)[MOMENT] not in said.get(MOMENT, ()):
        return DrawPlan(item, row, refused=at_another_time(row))
    try:
        filled = facts_to_fill(row, item.draw, said_before=said)
    except DrawFactsDiffer as refusal:
        return DrawPlan(item, row, refused=refusal)
    new: list[NewResult] = []
    corrections: list[tuple[Result, NewResult]] = []
    repeated = 0
    for result in item.results:
        versions = standing[row.pk].get(result.marker, [])
        if not versions:
            new.append(result)
        elif _says_nothing_new(versions, result):
            repeated += 1
        else:
            corrections.append((versions[-1], result))
    return DrawPlan(item, row, tuple(new), repeated, tuple(corrections), filled=filled)


def _says_nothing_new(versions: Sequence[Result], new: NewResult) -> bool:
    """A repeat of what stands, or of what a person has corrected since: an old file read again undoes no correction."""
    current = versions[-1]
    if is_repeat(current, new):
        return True
    by_a_person = current.batch_id is None
    return by_a_person and any(is_repeat(earlier, new) for earlier in versions[:-1])


def _fill_in(plans: Sequence[DrawPlan], *, actor: str, by: User | None) -> None:
    """A file knows a draw by laboratory and number or time, so what it fills in takes no other draw's place."""
    amendments = [
        Amendment(plan.row, filled_in(plan.row, plan.item.draw, plan.filled), plan.filled)
        for plan in plans
        if plan.row is not None and plan.filled
    ]
    amend_draws(amendments, actor=actor, reason=SAID_LATER, by=by)


def _write_draws(plans: Sequence[DrawPlan], *, recorded_by: User | None, batch: ImportBatch | None) -> list[_Written]:
    rows = [plan.row or _draw_row(plan.item, recorded_by=recorded_by, batch=batch) for plan in plans]
    Draw.objects.bulk_create([row for row in rows if row._state.adding])
    return [_Written(row) for row in rows]


def _draw_row(item: PatientDraw, *, recorded_by: User | None, batch: ImportBatch | None) -> Draw:
    return Draw(
        patient_id=item.patient_id,
        collected_at=item.draw.collected_at,
        time_known=item.draw.time_known,
        laboratory=item.draw.laboratory,
        accession=item.draw.accession,
        fasting=item.draw.fasting,
        haemolysis=item.draw.haemolysis,
        biotin=item.draw.biotin,
        g_csf=item.draw.g_csf,
        steroid=item.draw.steroid,
        note=item.draw.note,
        recorded_by=recorded_by,
        batch=batch,
    )


def _write_results(
    plans: Sequence[DrawPlan],
    written: Sequence[_Written],
    *,
    recorded_by: User | None,
    batch: ImportBatch | None,
    reason: str,
) -> None:
    assays: dict[tuple[str, str, str], Assay] = {}
    for plan, rows in zip(plans, written, strict=True):
        for new in plan.new:
            assay = _assay(assays, new, rows.draw.laboratory)
            rows.created.append(result_row(rows.draw, new, assay=assay, recorded_by=recorded_by, batch=batch))
        for old, new in plan.corrections:
            assay = _assay(assays, new, rows.draw.laboratory)
            rows.corrected.append(
                result_row(rows.draw, new, assay=assay, recorded_by=recorded_by, batch=batch, old=old, reason=reason)
            )
    Result.objects.bulk_create([result for rows in written for result in (*rows.created, *rows.corrected)])


def _assay(known: dict[tuple[str, str, str], Assay], new: NewResult, laboratory: str) -> Assay | None:
    if not new.assay:
        return None
    key = (new.marker, laboratory, new.assay)
    if key not in known:
        known[key] = Assay.objects.get_or_create(marker_id=new.marker, laboratory=laboratory, name=new.assay)[0]
    return known[key]

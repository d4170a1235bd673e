"""From marks to stored conclusions. One patient is a batch of length one; the same code serves every caller."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError, transaction

from monitoring.detection import detection_parameters, engine_version
from monitoring.errors import frames_of
from monitoring.evaluation import Material, clinic_zone, date_of, load_material
from monitoring.findings import MOVED, marker_to_json, nothing_found, patient_to_json
from monitoring.models import Evaluation, Trend
from monitoring.parameters import marker_parameters
from monitoring.services.alerts import AlertCounts, Conclusion, settle_alerts
from monitoring.services.marks import MarkRead, clear_marks, due_patients, hold_marks, postpone, read_marks
from monitoring.services.places import restate_conclusions
from monitoring.trends import engine
from monitoring.trends.types import MarkerFinding, PatientFinding
from patients.catalogue import catalogue

log = logging.getLogger(__name__)

CHUNK: Final = 100  # patients in one transaction: long enough to be fast, short enough that nobody waits for it
SWEEP_BATCH: Final = 500
TREND_FIELDS: Final = ("evaluation", "state", "since", "last_value", "change_percent", "finding")
# Not the patient's doing: the whole run stops, and the sweep finds the marks where they were.
OUTAGE: Final = (OperationalError, InterfaceError, SoftTimeLimitExceeded, MemoryError)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationSummary:
    """What one run did. `left` were marked and are left for another turn: changed meanwhile, or held by a rival."""

    evaluated: int = 0
    left: int = 0
    postponed: int = 0
    raised: int = 0
    reopened: int = 0
    withdrawn: int = 0
    notifications: int = 0

    def __add__(self, other: EvaluationSummary) -> EvaluationSummary:
        return EvaluationSummary(
            evaluated=self.evaluated + other.evaluated,
            left=self.left + other.left,
            postponed=self.postponed + other.postponed,
            raised=self.raised + other.raised,
            reopened=self.reopened + other.reopened,
            withdrawn=self.withdrawn + other.withdrawn,
            notifications=self.notifications + other.notifications,
        )


NOTHING_DONE: Final = EvaluationSummary()


def evaluate(*, patient_ids: Collection[int], now: dt.datetime, actor: str = "task:evaluate") -> EvaluationSummary:
    """Evaluate those of `patient_ids` that are marked and due; nobody else has changed since the last time.

    A run repeated, doubled or killed halfway has the effect of one: conclusions are written and the marks cleared in
    one transaction, under a lock, and only where the mark is still at the version that was read before the results.
    A patient whose data or reading fails is postponed alone; an outage of the database is raised.
    """
    ids = sorted(set(patient_ids))
    done = NOTHING_DONE
    for start in range(0, len(ids), CHUNK):
        done += _evaluate_chunk(ids[start : start + CHUNK], now=now, actor=actor)
    return done


def sweep(*, now: dt.datetime, actor: str = "task:sweep") -> EvaluationSummary:
    """Evaluate everybody whose turn it is, longest waiting first: what a lost nudge forgot, this finds."""
    ids = due_patients(now=now)
    done = NOTHING_DONE
    for start in range(0, len(ids), SWEEP_BATCH):
        done += evaluate(patient_ids=ids[start : start + SWEEP_BATCH], now=now, actor=actor)
    return done


def _evaluate_chunk(ids: Sequence[int], *, now: dt.datetime, actor: str) -> EvaluationSummary:
    marks = read_marks(ids, now=now)  # before the results: what comes in after this line is seen as a newer version
    if not marks:
        return NOTHING_DONE
    try:
        return _conclude(marks, now=now, actor=actor)
    except OUTAGE:
        raise
    except Exception as problem:
        if len(marks) == 1:
            return _postpone_the_one(marks, problem, now=now)
    # Somebody in here cannot be evaluated. Halving finds them while the others are still evaluated together.
    marked = list(marks)
    middle = len(marked) // 2
    return _evaluate_chunk(marked[:middle], now=now, actor=actor) + _evaluate_chunk(
        marked[middle:], now=now, actor=actor
    )


def _postpone_the_one(marks: Mapping[int, MarkRead], problem: Exception, *, now: dt.datetime) -> EvaluationSummary:
    ((patient_id, read),) = marks.items()
    postpone(patient_id, read, failure=type(problem).__name__, now=now)
    log.error("evaluation of patient %s failed: %s\n%s", patient_id, type(problem).__name__, frames_of(problem))
    return EvaluationSummary(postponed=1)


def _conclude(marks: Mapping[int, MarkRead], *, now: dt.datetime, actor: str) -> EvaluationSummary:
    material = load_material(marks)
    concluded = engine.evaluate(material.series, marker_parameters(), detection_parameters())
    findings = {one.patient: one for one in concluded}
    with transaction.atomic():
        held = hold_marks(marks)
        conclusions = [
            Conclusion(
                pk,
                findings.get(pk) or nothing_found(pk),
                _evaluation(pk, findings, material, _moment(marks[pk], now)),
            )
            for pk in sorted(held)
        ]
        _store(conclusions)
        counts = settle_alerts(conclusions, series=material.series, now=now, actor=actor) if held else AlertCounts()
        clear_marks(held)
        restate_conclusions(held)
    return EvaluationSummary(
        evaluated=len(held),
        left=len(marks) - len(held),
        raised=counts.raised,
        reopened=counts.reopened,
        withdrawn=counts.withdrawn,
        notifications=counts.notifications,
    )


def _moment(read: MarkRead, now: dt.datetime) -> dt.datetime:
    """Of what is written now, never before what was written last.

    `now` is when a run began. A long sweep reaches a patient whom a nudge evaluated since: its own reading is the newer
    of the two and must say so, or the level of before would stand as the latest.
    """
    return max(now, read.evaluated_at or now)


def _evaluation(
    patient_id: int, findings: Mapping[int, PatientFinding], material: Material, at: dt.datetime
) -> Evaluation:
    finding, tz = findings.get(patient_id) or nothing_found(patient_id), clinic_zone()
    return Evaluation(
        patient_id=patient_id,
        at=at,
        engine_version=engine_version(),
        catalogue_version=catalogue().version,
        level=finding.level,
        pattern=finding.pattern,
        since=None if finding.since_day is None else date_of(finding.since_day, tz=tz),
        input_results=list(material.result_ids.get(patient_id, ())),
        reason=patient_to_json(finding, tz=tz),
    )


def _since(finding: MarkerFinding, of_patient: PatientFinding, *, tz: dt.tzinfo) -> dt.date | None:
    """The first draw that speaks for a rise, of a marker that rose or is a reason of the level; else None."""
    speaks = finding.state in MOVED or any(reason.marker == finding.marker for reason in of_patient.reasons)
    return date_of(finding.since_day, tz=tz) if speaks and finding.since_day is not None else None


def _store(conclusions: Sequence[Conclusion]) -> None:
    """One evaluation a patient; the trends of the last one replaced, those of series that are gone removed."""
    tz = clinic_zone()
    Evaluation.objects.bulk_create([one.evaluation for one in conclusions])
    trends = [
        Trend(
            patient_id=one.patient_id,
            marker_id=finding.marker,
            evaluation=one.evaluation,
            state=finding.state,
            since=_since(finding, one.finding, tz=tz),
            last_value=finding.last_value,
            change_percent=finding.change_percent,
            finding=marker_to_json(finding, tz=tz),
        )
        for one in conclusions
        for finding in one.finding.markers
    ]
    Trend.objects.bulk_create(
        trends, update_conflicts=True, unique_fields=["patient", "marker"], update_fields=TREND_FIELDS
    )
    of_before = Trend.objects.filter(patient_id__in=[one.patient_id for one in conclusions])
    of_before.exclude(evaluation__in=[one.evaluation for one in conclusions]).delete()

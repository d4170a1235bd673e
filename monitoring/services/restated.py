"""An alert that stands although a value it rested on was corrected: its history says so, and who was told is told."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Max

from audit.services import NewEvent, record_many
from monitoring.models import RESTATED, Alert, AlertEvent, Evaluation
from monitoring.notifications.outbox import tell_of_a_correction
from patients.derived import INPUTS_OF
from patients.models import Result

# An accession number is read into no trend.
READ_INTO_TRENDS = ("collected", "laboratory", "fasting", "haemolysis", "biotin", "g_csf", "steroid")


@dataclass(frozen=True, slots=True)
class _Correction:
    """A result that reads otherwise since; `at` is when its draw was amended, None where its value was replaced."""

    result_id: int
    marker: str
    at: dt.datetime | None = None


def restate(
    alerts: Sequence[Alert],
    *,
    evaluations: Mapping[int, Evaluation],
    stood: Mapping[int, str],
    now: dt.datetime,
    actor: str,
) -> int:
    """Write it on each alert that rested on what was corrected, and tell its people; returns how many are told.

    `alerts` stay as they are, open, answered or closed. `evaluations` are the new ones, by patient: what was corrected
    by then is said once. `stood` is where an alert stood before this evaluation moved it, which is told after this.
    """
    corrected = _corrections({alert.patient_id for alert in alerts})
    asked = [alert for alert in alerts if corrected[alert.patient_id]]
    rested = _rested_on([alert.pk for alert in asked])
    events = [
        AlertEvent(
            alert=alert,
            at=now,
            actor=actor,
            old_state=stood.get(alert.pk, alert.state),
            new_state=stood.get(alert.pk, alert.state),
            code=RESTATED,
            evaluation=evaluations[alert.patient_id],
        )
        for alert in asked
        if alert.pk in rested and _shaken(alert, rested[alert.pk], corrected[alert.patient_id])
    ]
    if not events:
        return 0
    written = AlertEvent.objects.bulk_create(events)
    record_many(actor=actor, events=[_audit(event) for event in written])
    return tell_of_a_correction(written, now=now)


def _corrections(patient_ids: Collection[int]) -> dict[int, list[_Correction]]:
    """What was ever corrected of these patients. Two queries, few rows."""
    found: dict[int, list[_Correction]] = defaultdict(list)
    if not patient_ids:
        return found
    replaced = Result.objects.filter(draw__patient_id__in=patient_ids, replaced_by__isnull=False)
    for patient_id, result_id, marker in replaced.values_list("draw__patient_id", "pk", "marker_id"):
        found[patient_id].append(_Correction(result_id, marker))
    amended = Result.objects.filter(
        draw__patient_id__in=patient_ids, draw__changes__field__in=READ_INTO_TRENDS
    ).annotate(last=Max("draw__changes__at"))
    for patient_id, result_id, marker, at in amended.values_list("draw__patient_id", "pk", "marker_id", "last"):
        found[patient_id].append(_Correction(result_id, marker, at))
    return found


def _rested_on(alert_ids: Collection[int]) -> dict[int, tuple[dt.datetime, frozenset[int]]]:
    """alert -> when something was last said of it, and the results that was read from."""
    said = AlertEvent.objects.filter(alert_id__in=alert_ids, evaluation__isnull=False).order_by("pk")
    rows = said.values_list("alert_id", "at", "evaluation__input_results")
    return {alert_id: (at, frozenset(results)) for alert_id, at, results in rows}


def _shaken(alert: Alert, rested: tuple[dt.datetime, frozenset[int]], corrected: Sequence[_Correction]) -> bool:
    """Whether a value of the alert's own markers, or one that a computed marker is made of, reads otherwise since."""
    said_at, results = rested
    own = {one for code in alert.markers for one in INPUTS_OF.get(code, (code,))}
    return any(
        one.marker in own and one.result_id in results and (one.at is None or one.at > said_at) for one in corrected
    )


def _audit(event: AlertEvent) -> NewEvent:
    return NewEvent(
        action="alert.restated",
        object_type="alert",
        object_id=str(event.alert_id),
        patient_id=event.alert.patient_id,
        details={"evaluation": event.evaluation_id},
    )

"""What was known of an alert when it was put to rest: the evidence that a snooze sleeps over."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db.models import OuterRef, Subquery

from monitoring.findings import patient_from_json
from monitoring.models import SNOOZED, Alert, AlertEvent, Evaluation
from monitoring.services.decision import support_of


def support_when_snoozed(alerts: Sequence[Alert], *, but: Collection[Evaluation] = ()) -> dict[int, frozenset[int]]:
    """alert -> the draws that spoke for its markers in the reading that stood when it was snoozed last.

    `but` are the readings that are being written now: one that began before the snooze and waited for it bears the
    earlier moment, and nobody had seen it.

    Two queries at most, none where nothing sleeps. Not asked by the time of the draw: blood that was taken before the
    snooze and reported after it is news too.
    """
    if not alerts:
        return {}
    last = AlertEvent.objects.filter(alert=OuterRef("pk"), code=SNOOZED).order_by("-pk")
    read = (
        Evaluation.objects.filter(patient=OuterRef("patient"), at__lte=OuterRef("snoozed_at"))
        .exclude(pk__in=[one.pk for one in but])
        .order_by("-at", "-pk")
    )
    rows = (
        Alert.objects.filter(pk__in=[alert.pk for alert in alerts])
        .annotate(snoozed_at=Subquery(last.values("at")[:1]))
        .annotate(read=Subquery(read.values("pk")[:1]))
    )
    reading = dict(rows.values_list("pk", "read"))
    reasons = dict(Evaluation.objects.filter(pk__in=reading.values()).values_list("pk", "reason"))
    return {alert.pk: _support(reasons.get(reading[alert.pk])) for alert in alerts}


def _support(reason: dict[str, object] | None) -> frozenset[int]:
    if not reason:
        return frozenset()
    return frozenset().union(*support_of(patient_from_json(reason).reasons).values())

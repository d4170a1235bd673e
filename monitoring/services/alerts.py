"""Writing what the decision says: alerts, their history, and the messages, for a whole batch at once."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from django.db.models import Max

from audit.services import NewEvent, record_many
from monitoring.detection import detection_parameters
from monitoring.evaluation import clinic_zone, date_of, moment_of
from monitoring.models import OPEN_STATES, WOKEN, Alert, AlertEvent, AlertState, Evaluation
from monitoring.notifications.outbox import tell_the_team, tell_the_told
from monitoring.parameters import marker_parameters
from monitoring.services.decision import Closed, Move, Rise, Standing, decide, rise_of
from monitoring.services.restated import restate
from monitoring.services.sleeping import support_when_snoozed
from monitoring.trends import engine
from monitoring.trends.types import LevelHistory, PatientFinding, Series

RULE: Final = "sustained_rise"
# A rise whose last draw is older is raised and stands on the worklist; nobody is written to about it.
NEWS_FOR: Final = dt.timedelta(days=365)
STATE_AFTER: Final = {
    Move.REOPEN: AlertState.OPEN,
    Move.CONFIRM: AlertState.CONFIRMED,
    Move.REFUTE: AlertState.NOT_CONFIRMED,
    Move.WITHDRAW: AlertState.WITHDRAWN,
}
# The evidence grew: what was put to rest wakes.
GROWN: Final = frozenset({Move.JOIN, Move.REOPEN, Move.CONFIRM, Move.WAKE})
ACTIONS: Final = {
    Move.RAISE: "alert.raised",
    Move.JOIN: "alert.joined",
    Move.REOPEN: "alert.reopened",
    Move.CONFIRM: "alert.confirmed",
    Move.REFUTE: "alert.not_confirmed",
    Move.WITHDRAW: "alert.withdrawn",
}


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What one run concluded of one patient, and the row that says so."""

    patient_id: int
    finding: PatientFinding
    evaluation: Evaluation


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertCounts:
    raised: int = 0
    reopened: int = 0
    withdrawn: int = 0
    notifications: int = 0


@dataclass(frozen=True, slots=True)
class _Change:
    """One move to be written: the alert as it was (or is to be), and the conclusion that moves it."""

    move: Move
    alert: Alert
    old_state: str
    conclusion: Conclusion
    wakes: bool = False  # it was snoozed, and what happened ends that early

    def is_recent(self, now: dt.datetime) -> bool:
        """Whether the last draw is news: the past of a whole clinic, taken in one night, is no night of mails."""
        days = [one.last_day for one in self.conclusion.finding.markers if one.last_day is not None]
        return bool(days) and now - moment_of(max(days)) <= NEWS_FOR


def settle_alerts(
    conclusions: Sequence[Conclusion], *, series: Sequence[Series], now: dt.datetime, actor: str
) -> AlertCounts:
    """Raise, keep, open again or withdraw, in the caller's transaction, which holds the patients' locks."""
    ids = [one.patient_id for one in conclusions]
    standing = _standing(ids)
    answered = _answered([alert.pk for alert in standing.values() if alert.state != AlertState.OPEN])
    asleep = support_when_snoozed(
        [alert for alert in standing.values() if alert.sleeps(now)], but=[one.evaluation for one in conclusions]
    )
    closed = _closed(ids)
    histories = _histories([one for one in conclusions if one.patient_id in standing], series)
    changes: list[_Change] = []
    for one in conclusions:
        alert, rise = standing.get(one.patient_id), rise_of(one.finding)
        move = decide(
            rise,
            standing=None
            if alert is None
            else _standing_as(alert, answered_at=answered.get(alert.pk), slept_over=asleep.get(alert.pk)),
            closed=_closed_as(closed.get(one.patient_id)),
            still_holds=_holds(alert, histories.get(one.patient_id)),
            now=now,
        )
        if move is not Move.NOTHING:
            changes.append(_change(move, alert, one, rise, now=now))
    moved = {change.alert.pk for change in changes if change.move in {Move.REOPEN, Move.WITHDRAW}}
    told_again = restate(
        [*(alert for alert in standing.values() if alert.pk not in moved), *(event.alert for event in closed.values())],
        evaluations={one.patient_id: one.evaluation for one in conclusions},
        stood={change.alert.pk: change.old_state for change in changes if not change.alert._state.adding},
        now=now,
        actor=actor,
    )
    counts = _write(changes, now=now, actor=actor)
    return replace(counts, notifications=counts.notifications + told_again)


def _standing(patient_ids: Sequence[int]) -> dict[int, Alert]:
    """patient id -> the alert that stands. Locked, so that an answer given at this moment comes before or after."""
    rows = Alert.objects.select_for_update().filter(patient_id__in=patient_ids, rule=RULE, state__in=OPEN_STATES)
    return {alert.patient_id: alert for alert in rows.order_by("pk")}


def _answered(alert_ids: Sequence[int]) -> dict[int, dt.datetime]:
    """alert -> the last time a person said what they think or asked for something. A snooze or a hand-over is neither;
    what an evaluation wrote names it.
    """
    answers = AlertEvent.objects.filter(alert_id__in=alert_ids, evaluation__isnull=True, code="")
    return dict(answers.values_list("alert_id").annotate(last=Max("at")).values_list("alert_id", "last"))


def _standing_as(alert: Alert, *, answered_at: dt.datetime | None, slept_over: frozenset[int] | None) -> Standing:
    return Standing(
        markers=frozenset(alert.markers),
        answered_at=answered_at,
        repeat_asked_at=alert.asked_at if alert.state == AlertState.REPEAT_REQUESTED else None,
        refuted=alert.state == AlertState.NOT_CONFIRMED,
        slept_over=slept_over,
    )


def _closed(patient_ids: Sequence[int]) -> dict[int, AlertEvent]:
    """patient id -> the closing of the alert that was closed last."""
    rows = AlertEvent.objects.filter(
        new_state=AlertState.CLOSED, alert__state=AlertState.CLOSED, alert__patient_id__in=patient_ids, alert__rule=RULE
    ).exclude(old_state=AlertState.CLOSED)  # that a value of it was corrected later closed nothing
    return {event.alert.patient_id: event for event in rows.select_related("alert").order_by("at", "pk")}


def _closed_as(event: AlertEvent | None) -> Closed | None:
    return None if event is None else Closed(markers=frozenset(event.alert.markers), closed_at=event.at)


def _histories(conclusions: Sequence[Conclusion], series: Sequence[Series]) -> dict[int, LevelHistory]:
    """The level after each draw, where an alert stands and the level of now does not bear it."""
    asked = {one.patient_id for one in conclusions if one.finding.level != "alert"}
    of_them = [one for one in series if one.patient in asked]
    histories = engine.level_history(of_them, marker_parameters(), detection_parameters())
    return {history.patient: history for history in histories}


def _holds(alert: Alert | None, history: LevelHistory | None) -> Callable[[], bool]:
    return partial(_was_alert_since, alert.since if alert else None, history)


def _was_alert_since(since: dt.date | None, history: LevelHistory | None) -> bool:
    tz = clinic_zone()
    return any(
        draw.level == "alert" and (since is None or date_of(draw.day, tz=tz) >= since)
        for draw in (history.draws if history else ())
    )


def _change(move: Move, alert: Alert | None, one: Conclusion, rise: Rise, *, now: dt.datetime) -> _Change:
    if alert is None:
        alert = Alert(
            patient_id=one.patient_id,
            rule=RULE,
            evaluation=one.evaluation,
            pattern=one.finding.pattern,
            markers=sorted(rise.markers),
            since=one.evaluation.since,
            raised_at=now,
        )
        return _Change(move, alert, "", one)
    old_state = alert.state
    alert.state = STATE_AFTER.get(move, AlertState(old_state))
    wakes = move in GROWN and alert.sleeps(now)
    if wakes or move is Move.WITHDRAW:
        alert.snoozed_until = None
    if move in GROWN:
        alert.pattern = one.finding.pattern
        alert.markers = sorted({*alert.markers, *rise.markers})
    if move is Move.REOPEN:
        alert.since = one.evaluation.since  # the rise that is asked about now, which may be a later one
    return _Change(move, alert, old_state, one, wakes)


def _write(changes: Sequence[_Change], *, now: dt.datetime, actor: str) -> AlertCounts:
    if not changes:
        return AlertCounts()
    steps = [change for change in changes if change.move is not Move.WAKE]  # which says all there is to say itself
    Alert.objects.bulk_create([change.alert for change in changes if change.move is Move.RAISE])
    Alert.objects.bulk_update(
        [change.alert for change in changes if change.move is not Move.RAISE],
        ["state", "pattern", "markers", "since", "snoozed_until"],
    )
    events = AlertEvent.objects.bulk_create(
        [
            AlertEvent(
                alert=change.alert,
                at=now,
                actor=actor,
                old_state=change.old_state,
                new_state=change.alert.state,
                evaluation=change.conclusion.evaluation,
            )
            for change in steps
        ]
    )
    record_many(actor=actor, events=[_audit(change) for change in steps])
    woken = _wake([change for change in changes if change.wakes], now=now, actor=actor)
    moves = Counter(change.move for change in changes)
    speaking = [
        event
        for change, event in zip(steps, events, strict=True)
        if change.move in {Move.RAISE, Move.REOPEN} and change.is_recent(now)
    ]
    # An open alert that was put to rest needs its answer again; of one that is opened again its people are told anyway.
    speaking += [event for change, event in woken if change.old_state == AlertState.OPEN and change.is_recent(now)]
    taken_back = [event for change, event in zip(steps, events, strict=True) if change.move is Move.WITHDRAW]
    return AlertCounts(
        raised=moves[Move.RAISE],
        reopened=moves[Move.REOPEN],
        withdrawn=moves[Move.WITHDRAW],
        notifications=tell_the_team(speaking, now=now) + tell_the_told(taken_back, now=now),
    )


def _wake(changes: Sequence[_Change], *, now: dt.datetime, actor: str) -> list[tuple[_Change, AlertEvent]]:
    """A snooze that the evidence ended is said in the history by itself."""
    events = [
        AlertEvent(
            alert=change.alert,
            at=now,
            actor=actor,
            old_state=change.alert.state,
            new_state=change.alert.state,
            code=WOKEN,
            evaluation=change.conclusion.evaluation,
        )
        for change in changes
    ]
    record_many(actor=actor, events=[_audit(change, "alert.woken") for change in changes])
    return list(zip(changes, AlertEvent.objects.bulk_create(events), strict=True))


def _audit(change: _Change, action: str = "") -> NewEvent:
    details: Mapping[str, object] = {"evaluation": change.conclusion.evaluation.pk, "markers": change.alert.markers}
    return NewEvent(
        action=action or ACTIONS[change.move],
        object_type="alert",
        object_id=str(change.alert.pk),
        patient_id=change.alert.patient_id,
        details=details,
    )

"""From the record to what `monitoring.scorecard` counts: a fixed number of queries, whatever the number of patients."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Window
from django.db.models.functions import Lag

from accounts.models import User
from monitoring.lead_time import lead_time_days
from monitoring.models import Alert, AlertEvent, AlertState, Evaluation, Outcome
from monitoring.scorecard import AlertFacts, Repeat, Stage, Watched
from monitoring.scorecard_choice import Choice
from monitoring.scorecard_merges import Merges, drawn_before, load_merges, trails
from patients.access import visible_patients
from patients.due import draws_with_values
from patients.models import Patient
from patients.silence import silent_patients

SECONDS_AN_HOUR: Final = 3600.0
YEAR: Final = dt.timedelta(days=365.25)
STAGES: Final[Mapping[str, Stage]] = {AlertState.CLOSED: "closed", AlertState.WITHDRAWN: "withdrawn"}
VERDICTS: Final[Mapping[str, Repeat]] = {
    AlertState.CONFIRMED: "confirmed",
    AlertState.NOT_CONFIRMED: "not_confirmed",
}


@dataclass(frozen=True, slots=True)
class Turn:
    """From this moment on the patient was read by this version, until the next one of theirs."""

    at: dt.datetime
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    alerts: tuple[AlertFacts, ...]
    watched: Mapping[str, Watched]
    visible: int
    unread: int  # never evaluated, so of no version
    unread_silent: int
    synthetic: bool


def load_scorecard(user: User, choice: Choice, *, now: dt.datetime, tz: dt.tzinfo) -> Material:
    """The alerts of the viewer's patients in the period, and of nobody else's."""
    mine = visible_patients(user)
    if choice.team:
        mine = mine.filter(care_team=choice.team)
    since = choice.starts_at(now, tz)
    people = _people(mine)
    merges = load_merges(mine)
    read = _turns(_records(mine, merges), now)
    turns = _of_persons(read, merges.kept)
    silent = silent_patients(mine, today=now.astimezone(tz).date(), tz=tz)
    first_read = {record: own[0].at for record, own in read.items()}
    return Material(
        alerts=tuple(_alerts(mine, merges, first_read, since=since, now=now, tz=tz)),
        watched=_watched(turns, {pk: last for pk, (last, _) in people.items()}, silent, since=since, now=now),
        visible=len(people),
        unread=len(people.keys() - turns.keys()),
        unread_silent=len(silent - turns.keys()),
        synthetic=any(synthetic for _, synthetic in people.values()),
    )


def _records(mine: QuerySet[Patient], merges: Merges) -> Q:
    """Theirs, and those that were merged into one of theirs."""
    return Q(patient__in=mine.values("pk")) | Q(patient__in=list(merges.kept))


def _people(mine: QuerySet[Patient]) -> dict[int, tuple[dt.datetime | None, bool]]:
    """patient -> the last draw something came of, and whether the patient is made up."""
    last = draws_with_values().filter(patient=OuterRef("pk")).order_by("-collected_at").values("collected_at")[:1]
    rows = mine.annotate(last_at=Subquery(last)).values_list("pk", "last_at", "is_synthetic")
    return {pk: (last_at, synthetic) for pk, last_at, synthetic in rows}


# --- who was watched, by which version, for how long ---------------------------------------------------------------
def _turns(whose: Q, now: dt.datetime) -> dict[int, list[Turn]]:
    """The first evaluation of each record, and each at which the version changed."""
    before = Window(Lag("engine_version"), partition_by="patient_id", order_by=["at", "pk"])
    rows = (
        Evaluation.objects.filter(whose, at__lte=now)
        .annotate(version_before=before)
        .filter(Q(version_before__isnull=True) | ~Q(version_before=F("engine_version")))
        .order_by("at", "pk")
        .values_list("patient_id", "at", "engine_version")
    )
    turns: dict[int, list[Turn]] = defaultdict(list)
    for patient_id, at, version in rows:
        turns[patient_id].append(Turn(at, version))
    return dict(turns)


def _of_persons(turns: Mapping[int, Sequence[Turn]], kept: Mapping[int, int]) -> dict[int, list[Turn]]:
    """Who was on record twice was watched once: from the first reading of either record."""
    persons: dict[int, list[Turn]] = defaultdict(list)
    for record, own in turns.items():
        persons[kept.get(record, record)] += own
    return {person: sorted(own, key=lambda turn: turn.at) for person, own in persons.items()}


def _watched(
    turns: Mapping[int, Sequence[Turn]],
    last_draws: Mapping[int, dt.datetime | None],
    silent: set[int],
    *,
    since: dt.datetime | None,
    now: dt.datetime,
) -> dict[str, Watched]:
    """The newest version first. Time is counted from the first evaluation to the last draw, within the period."""
    time: dict[str, dt.timedelta] = defaultdict(dt.timedelta)
    newest: dict[str, dt.datetime] = {}
    patients: dict[str, int] = defaultdict(int)
    quiet: dict[str, int] = defaultdict(int)
    for pk, own in turns.items():
        end = min(last_draws.get(pk) or own[0].at, now)
        for turn, following in pairwise([*own, Turn(end, "")]):
            start = max(turn.at, since) if since else turn.at
            time[turn.version] += max(min(following.at, end) - start, dt.timedelta(0))
            newest[turn.version] = max(turn.at, newest.get(turn.version, turn.at))
        patients[own[-1].version] += 1
        quiet[own[-1].version] += pk in silent
    ordered = sorted(newest, key=lambda version: (newest[version], version), reverse=True)
    return {
        version: Watched(years=time[version] / YEAR, patients=patients[version], silent=quiet[version])
        for version in ordered
        if patients[version] or time[version]
    }


# --- alerts -------------------------------------------------------------------------------------------------------
def _alerts(
    mine: QuerySet[Patient],
    merges: Merges,
    first_read: Mapping[int, dt.datetime],
    *,
    since: dt.datetime | None,
    now: dt.datetime,
    tz: dt.tzinfo,
) -> Iterable[AlertFacts]:
    newest = draws_with_values().filter(patient=OuterRef("patient"), collected_at__lte=OuterRef("raised_at"))
    raised = Alert.objects.filter(_records(mine, merges), raised_at__lte=now)
    if since:
        # Where records were merged, an alert may go on from one that was raised before.
        raised = raised.filter(Q(raised_at__gte=since) | Q(patient__in=list(merges.records)))
    rows = {
        alert.pk: alert
        for alert in raised.annotate(drawn_at=Subquery(newest.order_by("-collected_at").values("collected_at")[:1]))
        .select_related("evaluation", "imaging")
        .defer("evaluation__reason", "evaluation__input_results")
        .order_by("raised_at", "pk")
    }
    events = _events(raised, now=now)
    moved = drawn_before(rows.values(), merges)
    found = trails(rows.values(), events, merges)
    for pk, alert in rows.items():
        before = [rows[one] for one in found.before.get(pk, ())]
        first = before[0] if before else alert
        if pk in found.gone or (since and first.raised_at < since):
            continue
        drawn_at = max((day for day in (first.drawn_at, moved.get(first.pk)) if day), default=None)
        yield _facts(
            alert,
            first,
            [step for one in (*before, alert) for step in events.get(one.pk, ())],
            fresh=drawn_at is not None and drawn_at > first_read.get(first.patient_id, drawn_at),
            now=now,
            tz=tz,
        )


def _facts(
    alert: Alert, first: Alert, steps: Sequence[AlertEvent], *, fresh: bool, now: dt.datetime, tz: dt.tzinfo
) -> AlertFacts:
    """`first` is the alert itself, unless it goes on from one of a merged record; `steps` are of all of them."""
    answered_at = next((step.at for step in steps if _answers(step)), None)
    withdrawn_at = next(
        (step.at for step in steps if step.alert_id == alert.pk and step.new_state == AlertState.WITHDRAWN), None
    )
    until = answered_at or withdrawn_at or now
    return AlertFacts(
        alert=alert.pk,
        patient=alert.patient_id,
        version=first.evaluation.engine_version,
        day=first.raised_at.astimezone(tz).date(),
        fresh=fresh,
        waited_hours=(until - first.raised_at).total_seconds() / SECONDS_AN_HOUR,
        answered=answered_at is not None,
        repeat=_repeat(steps),
        stage=STAGES.get(alert.state, "standing"),
        outcome=alert.outcome,
        imaged=alert.imaging_id is not None,
        lead_days=_lead(alert, first.raised_at, tz),
    )


def _lead(alert: Alert, raised_at: dt.datetime, tz: dt.tzinfo) -> int | None:
    if alert.outcome != Outcome.BONE_METASTASIS or alert.imaging is None:
        return None
    return lead_time_days(raised_at, alert.imaging.performed_on, tz=tz)


def _events(raised: QuerySet[Alert], *, now: dt.datetime) -> dict[int, list[AlertEvent]]:
    """Only what moved an alert: neither a snooze nor a correction that it outlived."""
    moves = AlertEvent.objects.filter(alert__in=raised.values("pk"), at__lte=now, code="").exclude(old_state="")
    found: dict[int, list[AlertEvent]] = defaultdict(list)
    for event in moves.only("alert_id", "at", "old_state", "new_state", "evaluation_id").order_by("pk"):
        found[event.alert_id].append(event)
    return found


def _answers(step: AlertEvent) -> bool:
    """A person moved it from where it needed an answer; what an evaluation wrote names the evaluation."""
    return step.old_state == AlertState.OPEN and step.evaluation_id is None


def _repeat(steps: Iterable[AlertEvent]) -> Repeat:
    """What the first repeat that came said; a later one, or a new alert, does not change it."""
    asked: Repeat = ""
    for step in steps:
        if step.old_state == AlertState.REPEAT_REQUESTED and step.new_state in VERDICTS:
            return VERDICTS[step.new_state]
        if step.new_state == AlertState.REPEAT_REQUESTED:
            asked = "asked"
    return asked

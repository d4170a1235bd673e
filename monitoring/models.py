"""Conclusions: what is to be evaluated, what the engine read, what somebody must look at, and who was told."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from monitoring.alert_states import STANDING, State
from patients.models import ImagingStudy, Marker, Modality, Patient
from patients.models.constraints import one_of


class Level(models.TextChoices):
    NONE = "none", _("calm")
    WATCH = "watch", _("watch")
    ALERT = "alert", _("alert")


class EvaluationMark(models.Model):
    """This patient is to be evaluated. The table is the truth; a Celery message is only a nudge.

    `version` grows with each change; whoever evaluated removes the mark only at the version it had read
    (compare-and-set), so that a result that came in meanwhile is evaluated too.
    """

    patient = models.OneToOneField(Patient, on_delete=models.CASCADE, related_name="evaluation_mark")
    version = models.PositiveBigIntegerField(default=1)
    reason = models.CharField(max_length=40)
    marked_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(null=True, blank=True, help_text="pushed forward after a failure")
    failure = models.CharField(max_length=120, blank=True, help_text="name of the error, never its text")

    class Meta:
        indexes = [models.Index(fields=["not_before", "marked_at"], name="mark_by_turn")]

    def __str__(self) -> str:
        return f"mark of patient {self.patient_id}"


class Evaluation(models.Model):
    """One run of the engine over one patient at one moment."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="evaluations")
    at = models.DateTimeField()
    engine_version = models.CharField(max_length=40)
    catalogue_version = models.CharField(max_length=40)
    level = models.CharField(max_length=10, choices=Level.choices)
    pattern = models.CharField(max_length=30, blank=True)
    since = models.DateField(null=True, blank=True, help_text="first draw of the rise")
    input_results = models.JSONField(default=list, help_text="ids of the results it was read from")
    reason = models.JSONField(default=dict, help_text="the patient finding as data")

    class Meta:
        indexes = [models.Index(fields=["patient", "-at"], name="evaluation_by_patient")]
        constraints = [one_of("level", Level, name="evaluation_level_known")]

    def __str__(self) -> str:
        return f"evaluation {self.pk}"


class Trend(models.Model):
    """The stored reading of one series: the marker finding as data, replaced by each evaluation."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="trends")
    marker = models.ForeignKey(Marker, on_delete=models.PROTECT, related_name="trends")
    evaluation = models.ForeignKey(Evaluation, on_delete=models.CASCADE, related_name="trends")
    state = models.CharField(max_length=20)
    since = models.DateField(null=True, blank=True)
    last_value = models.FloatField(null=True, blank=True, help_text="canonical unit")
    change_percent = models.FloatField(null=True, blank=True, help_text="last value against the baseline")
    finding = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["patient", "marker"], name="trend_once_a_series")]

    def __str__(self) -> str:
        return f"trend {self.pk}"


# Instead of nothing, so that an index holds the order of both databases: one puts NULL first, the other last.
NEVER = dt.date(9999, 1, 1)


class Reading(models.IntegerChoices):
    """What the last reading says where no alert stands, most concern first; what is being evaluated is not calm."""

    TO_WATCH = 3
    NOT_CURRENT = 4
    CALM = 5


class WorklistPlace(models.Model):
    """What decides where a patient stands on the worklist, so that a page of it is read from an index.

    Written by `services.places` alone, in the transaction of each write that changes it; every column is a fact that
    holds at any time. What the clock changes (a snooze ends, a draw is overdue) is asked by comparing with now.
    """

    patient = models.OneToOneField(Patient, on_delete=models.CASCADE, primary_key=True, related_name="worklist_place")
    care_team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=200)
    open_from = models.DateTimeField(null=True, help_text="when an open alert is awake from; none stands: null")
    awake_from = models.DateTimeField(null=True, help_text="when any standing alert is awake from; none stands: null")
    waiting_since = models.DateTimeField(null=True, help_text="the oldest standing alert was raised")
    reading = models.PositiveSmallIntegerField(choices=Reading.choices)
    rising_since = models.DateField(default=NEVER)
    due_on = models.DateField(null=True, help_text="by the active plan")
    expected_on = models.DateField(null=True, help_text="the same, or a later day that was promised")
    quiet_until = models.DateField(help_text="silent from the next day on")

    class Meta:
        indexes = [
            models.Index(
                fields=["care_team", "reading", "rising_since", "name", "patient"],
                condition=Q(awake_from__isnull=True),
                name="place_in_order",
            ),
            models.Index(
                fields=["reading", "rising_since", "name", "patient"],
                condition=Q(awake_from__isnull=True),
                name="place_in_order_all_teams",
            ),
            models.Index(
                fields=["care_team", "open_from"], condition=Q(awake_from__isnull=False), name="place_with_an_alert"
            ),
            models.Index(fields=["care_team", "expected_on"], name="place_by_day"),
            models.Index(fields=["care_team", "quiet_until"], name="place_by_silence"),
        ]

    def __str__(self) -> str:
        return f"place of patient {self.patient_id}"


class AlertState(models.TextChoices):
    """`monitoring.alert_states` says which may follow which."""

    OPEN = State.OPEN.value, _("needs an answer")
    ACKNOWLEDGED = State.ACKNOWLEDGED.value, _("acknowledged")
    REPEAT_REQUESTED = State.REPEAT_REQUESTED.value, _("repeat draw asked for")
    CONFIRMED = State.CONFIRMED.value, _("confirmed by a repeat draw")
    NOT_CONFIRMED = State.NOT_CONFIRMED.value, _("not confirmed by the repeat draw")
    IMAGING_REQUESTED = State.IMAGING_REQUESTED.value, _("imaging asked for")
    CLOSED = State.CLOSED.value, _("closed")
    WITHDRAWN = State.WITHDRAWN.value, _("withdrawn: the rise no longer holds")


OPEN_STATES = tuple(AlertState(state.value) for state in STANDING)


class Outcome(models.TextChoices):
    BONE_METASTASIS = "bone_metastasis", _("bone metastasis")
    OTHER_PROGRESSION = "other_progression", _("other progression")
    BENIGN = "benign", _("benign cause")
    NOTHING_FOUND = "nothing_found", _("nothing found")


class Alert(models.Model):
    """A sustained rise that somebody must look at, followed to what came of it. At most one stands a patient and rule.

    Where it stands now is here; who said what when, and why, is in its events.
    """

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="alerts")
    rule = models.CharField(max_length=40, default="sustained_rise")
    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="alerts")
    state = models.CharField(max_length=20, choices=AlertState.choices, default=AlertState.OPEN)
    pattern = models.CharField(max_length=30, blank=True)
    markers = models.JSONField(default=list, help_text="codes of the markers with a sustained rise")
    since = models.DateField(null=True, blank=True)
    raised_at = models.DateTimeField()
    owner = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="alerts")
    asked_at = models.DateTimeField(
        null=True, blank=True, help_text="when the repeat or the imaging was asked for first"
    )
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    due_on = models.DateField(null=True, blank=True, help_text="the repeat draw or the imaging is expected by that day")
    modality = models.CharField(
        max_length=20, choices=Modality.choices, blank=True, help_text="of the imaging asked for"
    )
    snoozed_until = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=20, choices=Outcome.choices, blank=True)
    imaging = models.ForeignKey(
        ImagingStudy, on_delete=models.PROTECT, null=True, blank=True, related_name="alerts", help_text="its result"
    )

    class Meta:
        indexes = [models.Index(fields=["state", "raised_at"], name="alert_by_state")]
        constraints = [
            one_of("state", AlertState, name="alert_state_known"),
            one_of("modality", Modality, name="alert_modality_known", blank=True),
            one_of("outcome", Outcome, name="alert_outcome_known", blank=True),
            models.UniqueConstraint(
                fields=["patient", "rule"], condition=Q(state__in=OPEN_STATES), name="alert_one_open_a_rule"
            ),
            models.CheckConstraint(
                condition=(Q(state=AlertState.CLOSED) & ~Q(outcome="")) | (~Q(state=AlertState.CLOSED) & Q(outcome="")),
                name="alert_closed_with_an_outcome",
            ),
            models.CheckConstraint(
                condition=~Q(outcome=Outcome.BONE_METASTASIS) | Q(imaging__isnull=False),
                name="alert_metastasis_was_shown",
            ),
            models.CheckConstraint(
                condition=~Q(state=AlertState.REPEAT_REQUESTED) | Q(due_on__isnull=False, asked_at__isnull=False),
                name="alert_repeat_has_a_day",
            ),
            models.CheckConstraint(
                condition=~Q(state=AlertState.IMAGING_REQUESTED) | (~Q(modality="") & Q(asked_at__isnull=False)),
                name="alert_imaging_has_a_modality",
            ),
            models.CheckConstraint(
                condition=Q(state__in=OPEN_STATES) | Q(snoozed_until__isnull=True), name="alert_sleeps_while_it_stands"
            ),
        ]

    def __str__(self) -> str:
        return f"alert {self.pk}"

    def sleeps(self, now: dt.datetime) -> bool:
        """Whether it is snoozed: from its end on it is not."""
        return self.snoozed_until is not None and now < self.snoozed_until


# An AlertEvent's `code`: what happened, where the states do not say it.
RESTATED = "restated"  # a value behind an alert was corrected, and the alert stands
SNOOZED = "snoozed"
WOKEN = "woken"  # the evidence grew, which ended a snooze early
UNSNOOZED = "unsnoozed"  # somebody ended it early
HANDED_OVER = "handed_over"


class AlertEvent(models.Model):
    """One step of an alert: its history, append-only."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    actor = models.CharField(max_length=80)
    old_state = models.CharField(max_length=20, blank=True)
    new_state = models.CharField(max_length=20, choices=AlertState.choices)
    comment = models.TextField(blank=True)
    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    code = models.CharField(max_length=20, blank=True, help_text="what happened, where the states do not say it")
    until = models.DateField(null=True, blank=True, help_text="the day named: a repeat is due, a snooze ends")
    owner = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    detail = models.CharField(max_length=20, blank=True, help_text="modality asked for, or outcome")
    imaging = models.ForeignKey(ImagingStudy, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["pk"]
        constraints = [one_of("new_state", AlertState, name="alert_event_state_known")]

    def __str__(self) -> str:
        return f"event {self.pk} of alert {self.alert_id}"


class DeliveryState(models.TextChoices):
    WAITING = "waiting", _("waiting")
    SENDING = "sending", _("being sent")
    SENT = "sent", _("sent")
    FAILED = "failed", _("failed")


class Notification(models.Model):
    """One message to one person about one change of an alert, with its delivery state. The row is the outbox."""

    alert_event = models.ForeignKey(AlertEvent, on_delete=models.CASCADE, related_name="notifications")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="notifications")
    channel = models.CharField(max_length=20, default="email")
    language = models.CharField(max_length=10, default="en")
    message_id = models.CharField(
        max_length=120, unique=True, help_text="stable: a repeat is one message to the reader"
    )
    state = models.CharField(max_length=10, choices=DeliveryState.choices, default=DeliveryState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    failure = models.CharField(max_length=120, blank=True, help_text="name of the error, never its text")
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["state", "not_before"], name="notification_by_turn")]
        constraints = [
            one_of("state", DeliveryState, name="notification_state_known"),
            models.UniqueConstraint(fields=["alert_event", "person", "channel"], name="notification_once"),
        ]

    def __str__(self) -> str:
        return f"notification {self.pk}"


class Note(models.Model):
    """Free words about a patient or about one alert, for those of the care team who keep notes.

    Who wrote it and when never change. What it says is its newest version; no version is changed or erased.
    """

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="notes")
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, null=True, blank=True, related_name="notes")
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="notes")
    written_at = models.DateTimeField()
    newest = models.PositiveSmallIntegerField(default=1, help_text="number of its newest version")
    sent_key = models.UUIDField(help_text="of the form it came from: sent twice, it is one note")

    class Meta:
        indexes = [models.Index(fields=["patient", "-written_at", "-id"], name="note_by_patient")]
        constraints = [models.UniqueConstraint(fields=["author", "sent_key"], name="note_sent_once")]

    def __str__(self) -> str:
        return f"note {self.pk}"


class NoteVersion(models.Model):
    """What a note said from a moment on, append-only; a note that was taken back says nothing and why."""

    note = models.ForeignKey(Note, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    text = models.TextField(blank=True)
    reason = models.CharField(max_length=200, blank=True, help_text="why it was amended or taken back")
    taken_back = models.BooleanField(default=False)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["note", "number"], name="note_version_once"),
            models.CheckConstraint(
                condition=(Q(taken_back=True) & Q(text="")) | (Q(taken_back=False) & ~Q(text="")),
                name="note_says_something_or_was_taken_back",
            ),
            models.CheckConstraint(condition=Q(number=1) | ~Q(reason=""), name="note_changed_with_a_reason"),
        ]

    def __str__(self) -> str:
        return f"version {self.number} of note {self.note_id}"


class Mention(models.Model):
    """One person told of one version of a note: an entry of their list, and what a channel would carry to them.

    Like a `Notification` it is one row a person and never written twice, so that a channel can refer to it; it holds
    no text, and whoever carries it asks again whether the person may still read the note. The entry of an older
    version is replaced by that of the newest.
    """

    version = models.ForeignKey(NoteVersion, on_delete=models.CASCADE, related_name="mentions")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="mentions")
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["person", "read_at"], name="mention_by_person")]
        constraints = [models.UniqueConstraint(fields=["version", "person"], name="mention_once")]

    def __str__(self) -> str:
        return f"mention {self.pk}"

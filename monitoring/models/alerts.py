"""What somebody must look at, followed to what came of it."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from monitoring.alert_states import STANDING, State
from monitoring.models.conclusions import Evaluation
from patients.models import ImagingStudy, Modality, Patient
from patients.models.constraints import one_of


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

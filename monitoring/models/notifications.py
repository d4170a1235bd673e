"""The outbox: one message to one person on one channel, of whatever kind, with its delivery state."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from monitoring.models.alerts import AlertEvent
from monitoring.models.incidents import Incident
from patients.models.constraints import one_of


class NotificationKind(models.TextChoices):
    ALERT = "alert", _("alert")
    WITHDRAWN = "withdrawn", _("alert withdrawn")
    RESTATED = "restated", _("value corrected")
    SUMMARY = "summary", _("summary")
    INCIDENT = "incident", _("something stands still")
    MENDED = "mended", _("it goes again")
    HEARTBEAT = "heartbeat", _("daily sign of life")


ALERT_KINDS = (NotificationKind.ALERT, NotificationKind.WITHDRAWN, NotificationKind.RESTATED)
INCIDENT_KINDS = (NotificationKind.INCIDENT, NotificationKind.MENDED)
ONCE_KINDS = (NotificationKind.SUMMARY, NotificationKind.HEARTBEAT)


class DeliveryState(models.TextChoices):
    WAITING = "waiting", _("waiting")
    SENDING = "sending", _("being sent")
    SENT = "sent", _("sent")
    FAILED = "failed", _("failed")
    HELD = "held", _("in a summary")


class Notification(models.Model):
    """One message to one person on one channel, with its delivery state. The row is the outbox.

    Of an alert it speaks of one event; of an incident, of its beginning or its end; a summary and the sign of life
    speak of a day and hold numbers only.
    """

    kind = models.CharField(max_length=10, choices=NotificationKind.choices, default=NotificationKind.ALERT)
    alert_event = models.ForeignKey(
        AlertEvent, on_delete=models.CASCADE, null=True, blank=True, related_name="notifications"
    )
    incident = models.ForeignKey(
        Incident, on_delete=models.CASCADE, null=True, blank=True, related_name="notifications"
    )
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="notifications")
    deputy_for = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="in whose place it is told"
    )
    rung = models.PositiveSmallIntegerField(default=0, help_text="0: told first; n: told at step n of the ladder")
    channel = models.CharField(max_length=20, default="email")
    language = models.CharField(max_length=10, default="en")
    message_id = models.CharField(
        max_length=160, unique=True, help_text="stable: a repeat is one message to the reader"
    )
    once_key = models.CharField(max_length=80, unique=True, null=True, blank=True, help_text="of what is said once")
    state = models.CharField(max_length=10, choices=DeliveryState.choices, default=DeliveryState.WAITING)
    bundled_in = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="bundled",
        help_text="the summary that spoke",
    )
    counts = models.JSONField(default=dict, blank=True, help_text="numbers only, of a summary or a sign of life")
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True, help_text="seen by its person in Leadtime")
    failure = models.CharField(max_length=120, blank=True, help_text="name of the error, never its text")
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["state", "not_before"], name="notification_by_turn"),
            models.Index(fields=["person", "channel", "-created_at"], name="notification_by_person"),
        ]
        constraints = [
            one_of("state", DeliveryState, name="notification_state_known"),
            one_of("kind", NotificationKind, name="notification_kind_known"),
            models.CheckConstraint(
                condition=(
                    Q(kind__in=ALERT_KINDS, alert_event__isnull=False, incident__isnull=True, once_key__isnull=True)
                    | Q(kind__in=INCIDENT_KINDS, alert_event__isnull=True, incident__isnull=False)
                    | Q(
                        kind__in=ONCE_KINDS,
                        alert_event__isnull=True,
                        incident__isnull=True,
                        once_key__isnull=False,
                    )
                ),
                name="notification_speaks_of_one_thing",
            ),
            models.UniqueConstraint(fields=["alert_event", "person", "channel", "rung"], name="notification_once"),
            models.UniqueConstraint(
                fields=["incident", "kind", "person", "channel"], name="notification_once_an_incident"
            ),
        ]

    def __str__(self) -> str:
        return f"notification {self.pk}"


class Bounce(models.Model):
    """A message that was handed over and came back: its reader was not reached."""

    notification = models.OneToOneField(Notification, on_delete=models.CASCADE, related_name="bounce")
    at = models.DateTimeField()
    status = models.CharField(max_length=20, help_text="enhanced status code (RFC 3463), such as 5.1.1")

    def __str__(self) -> str:
        return f"bounce of notification {self.notification_id}"

"""What stands still and since when, and the last sign of life of each part."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class Incident(models.Model):
    """Something that stood still from `first_seen` until `cleared_at`. One stands a code and subject.

    `subject` holds no patient: a queue, a team's id, a feed's code.
    """

    code = models.CharField(max_length=40)
    subject = models.CharField(max_length=60, blank=True)
    count = models.PositiveIntegerField(default=1, help_text="how many rows stand still")
    oldest = models.DateTimeField(null=True, blank=True, help_text="since when the oldest of them does")
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["cleared_at", "-first_seen"], name="incident_by_day")]
        constraints = [
            models.UniqueConstraint(
                fields=["code", "subject"], condition=Q(cleared_at__isnull=True), name="incident_stands_once"
            ),
            models.CheckConstraint(condition=Q(last_seen__gte=F("first_seen")), name="incident_seen_in_order"),
        ]

    def __str__(self) -> str:
        return f"incident {self.pk}"


class Pulse(models.Model):
    """The last sign of life of one part: beat, a worker of a queue, a sweep, a feed by its own time."""

    name = models.CharField(max_length=60, unique=True)
    at = models.DateTimeField()
    succeeded_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=120, blank=True, help_text="name of an error, never its text")

    def __str__(self) -> str:
        return f"pulse {self.name}"

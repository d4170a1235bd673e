"""The append-only log of who did and saw what. Knows no other package: people and things are plain ids.

An event is written inside the transaction of what it tells. Chaining is a job of its own (`services.seal`), because a
chain made at write time would put every writer of the house in one queue.
"""

from __future__ import annotations

from django.db import models


class AuditEvent(models.Model):
    """One thing that somebody did. Never updated, never deleted: triggers in the database refuse both."""

    at = models.DateTimeField()
    actor = models.CharField(max_length=80, help_text="'user:12', or the part of the system that acted: 'task:sweep'")
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=40)
    patient_id = models.BigIntegerField(null=True, blank=True)
    details = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["patient_id", "at"], name="audit_by_patient"),
            models.Index(fields=["actor", "at"], name="audit_by_actor"),
            models.Index(fields=["object_type", "object_id"], name="audit_by_object"),
        ]
        constraints = [
            models.CheckConstraint(condition=~models.Q(actor=""), name="audit_actor_named"),
            models.CheckConstraint(condition=~models.Q(action=""), name="audit_action_named"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_type}:{self.object_id}"


class AuditLink(models.Model):
    """One link of the hash chain: SHA-256 over the previous link and the event it seals."""

    event = models.OneToOneField(AuditEvent, on_delete=models.PROTECT, related_name="link")
    position = models.PositiveBigIntegerField(unique=True)
    hash = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"link {self.position}"

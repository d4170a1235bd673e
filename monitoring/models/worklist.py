"""Where each patient stands on the worklist, and why."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import Q

from accounts.models import Team
from patients.models import Patient

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

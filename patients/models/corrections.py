"""What a draw said of itself before it was corrected. Append-only, as its results are."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from accounts.models import User
from patients.models.draw import Draw


class DrawChange(models.Model):
    """One fact of a draw that was corrected: what stood there, what stands there since, who, when and why.

    `version` is the version of the draw that the change made. A moment is ISO text; one without a clock is a day only.
    """

    draw = models.ForeignKey(Draw, on_delete=models.PROTECT, related_name="changes")
    version = models.PositiveIntegerField()
    field = models.CharField(max_length=20)
    old = models.CharField(max_length=80, blank=True)
    new = models.CharField(max_length=80, blank=True)
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["draw", "version", "field"], name="draw_change_once_a_version"),
            models.CheckConstraint(condition=~Q(reason=""), name="draw_change_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"change of draw {self.draw_id}"

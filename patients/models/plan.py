"""What is due how often."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from patients.models.marker import Marker
from patients.models.patient import Patient

MOST_WEEKS = 104
LONGEST_REASON = 200


class FollowUpPlan(models.Model):
    """A panel of markers every so many weeks; gives *due* and *overdue*.

    A pause has a last day, so that nobody is forgotten in it. A plan that was stopped stays, inactive, with its reason;
    one that another plan replaced is inactive without.
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="plans")
    panel = models.ManyToManyField(Marker, related_name="plans", verbose_name=_("panel"))
    every_weeks = models.PositiveSmallIntegerField(
        _("every (weeks)"), validators=[MinValueValidator(1), MaxValueValidator(MOST_WEEKS)]
    )
    starts_on = models.DateField(_("from"))
    is_active = models.BooleanField(_("active"), default=True)
    paused_until = models.DateField(_("paused until"), null=True, blank=True, help_text="due again from this day on")
    pause_reason = models.CharField(_("reason of the pause"), max_length=LONGEST_REASON, blank=True)
    stopped_on = models.DateField(_("stopped on"), null=True, blank=True)
    stop_reason = models.CharField(_("reason of the stop"), max_length=LONGEST_REASON, blank=True)
    history = HistoricalRecords(m2m_fields=[panel])

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["patient"], condition=Q(is_active=True), name="plan_one_active_a_patient"),
            models.CheckConstraint(
                condition=Q(every_weeks__gte=1, every_weeks__lte=MOST_WEEKS), name="plan_interval_sane"
            ),
            models.CheckConstraint(
                condition=Q(paused_until__isnull=True, pause_reason="")
                | (Q(paused_until__isnull=False) & ~Q(pause_reason="")),
                name="plan_pause_has_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(stopped_on__isnull=True, stop_reason="")
                | (Q(stopped_on__isnull=False, is_active=False) & ~Q(stop_reason="")),
                name="plan_stop_has_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"plan {self.pk}"

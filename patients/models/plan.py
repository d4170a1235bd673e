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


class FollowUpPlan(models.Model):
    """A panel of markers every so many weeks; gives *due* and *overdue*."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="plans")
    panel = models.ManyToManyField(Marker, related_name="plans", verbose_name=_("panel"))
    every_weeks = models.PositiveSmallIntegerField(
        _("every (weeks)"), validators=[MinValueValidator(1), MaxValueValidator(MOST_WEEKS)]
    )
    starts_on = models.DateField(_("from"))
    is_active = models.BooleanField(_("active"), default=True)
    history = HistoricalRecords(m2m_fields=[panel])

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["patient"], condition=Q(is_active=True), name="plan_one_active_a_patient"),
            models.CheckConstraint(
                condition=Q(every_weeks__gte=1, every_weeks__lte=MOST_WEEKS), name="plan_interval_sane"
            ),
        ]

    def __str__(self) -> str:
        return f"plan {self.pk}"

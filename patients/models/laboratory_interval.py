"""The limits a laboratory prints on its own paper: whose they are, in which unit, and from which day on."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from patients.models.constraints import one_of
from patients.models.laboratory import Laboratory
from patients.models.marker import Marker

OLDEST_AGE = 130
LONGEST_LIMIT = 40  # as the limits that are reported with a value
LONGEST_SOURCE = 200
LONGEST_REASON = 300
NO_AGE = -1


class IntervalSex(models.TextChoices):
    """Whom it holds for; '' is everybody."""

    FEMALE = "female", _("women")
    MALE = "male", _("men")


class LaboratoryInterval(models.Model):
    """One line of a laboratory's table of reference intervals.

    `low` and `high` are as printed ("3.5", "<0.41", ">59"); the numbers beside them are what was read of them then, in
    the same unit. A line holds from its first day until a newer line of the same assay, sex and age begins, or through
    `valid_to`. It is never written over: one that was wrong is withdrawn, with a reason, and typed anew.
    """

    laboratory = models.ForeignKey(Laboratory, on_delete=models.PROTECT, related_name="intervals")
    marker = models.ForeignKey(Marker, on_delete=models.PROTECT, related_name="+")
    assay = models.CharField(_("assay"), max_length=80, blank=True, help_text="empty: of every assay")
    assay_key = models.CharField(max_length=80, blank=True, editable=False)
    sex = models.CharField(_("sex"), max_length=10, choices=IntervalSex.choices, blank=True)
    age_from = models.PositiveSmallIntegerField(_("from the age of"), null=True, blank=True)
    age_to = models.PositiveSmallIntegerField(_("to the age of"), null=True, blank=True, help_text="inclusive")
    low = models.CharField(_("lower limit as printed"), max_length=LONGEST_LIMIT, blank=True)
    high = models.CharField(_("upper limit as printed"), max_length=LONGEST_LIMIT, blank=True)
    low_value = models.DecimalField(max_digits=30, decimal_places=12, null=True, blank=True)
    high_value = models.DecimalField(max_digits=30, decimal_places=12, null=True, blank=True)
    unit = models.CharField(_("unit"), max_length=40)
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(_("valid through"), null=True, blank=True, help_text="the last day, where one was said")
    source = models.CharField(_("source"), max_length=LONGEST_SOURCE, blank=True)
    recorded_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_reason = models.CharField(_("why it was withdrawn"), max_length=LONGEST_REASON, blank=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ["marker__order", "valid_from", "pk"]
        constraints = [
            one_of("sex", IntervalSex, name="interval_sex_known", blank=True),
            models.CheckConstraint(condition=~Q(low="") | ~Q(high=""), name="interval_has_a_limit"),
            models.CheckConstraint(
                condition=Q(low="", low_value__isnull=True)
                | (~Q(low="") & Q(low_value__isnull=False) & Q(low_value__gte=0)),
                name="interval_lower_limit_was_read",
            ),
            models.CheckConstraint(
                condition=Q(high="", high_value__isnull=True)
                | (~Q(high="") & Q(high_value__isnull=False) & Q(high_value__gte=0)),
                name="interval_upper_limit_was_read",
            ),
            models.CheckConstraint(
                condition=Q(low_value__isnull=True) | Q(high_value__isnull=True) | Q(low_value__lt=F("high_value")),
                name="interval_low_below_high",
            ),
            models.CheckConstraint(
                condition=Q(age_from__isnull=True) | Q(age_to__isnull=True) | Q(age_from__lte=F("age_to")),
                name="interval_ages_in_order",
            ),
            models.CheckConstraint(
                condition=(Q(age_from__isnull=True) | Q(age_from__lte=OLDEST_AGE))
                & (Q(age_to__isnull=True) | Q(age_to__lte=OLDEST_AGE)),
                name="interval_ages_of_people",
            ),
            models.CheckConstraint(condition=~Q(unit=""), name="interval_has_a_unit"),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="interval_ends_after_it_began",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True, withdrawn_reason="")
                | (Q(withdrawn_at__isnull=False) & ~Q(withdrawn_reason="")),
                name="interval_withdrawn_with_a_reason",
            ),
            models.UniqueConstraint(
                "laboratory",
                "marker",
                "assay_key",
                "sex",
                Coalesce("age_from", Value(NO_AGE)),
                Coalesce("age_to", Value(NO_AGE)),
                "valid_from",
                condition=Q(withdrawn_at__isnull=True),
                name="interval_once_a_day",
            ),
        ]

    def __str__(self) -> str:
        return f"interval {self.pk}"

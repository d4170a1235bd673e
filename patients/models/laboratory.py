"""How a laboratory reports: which markers in which order, in which unit, by which assay."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from patients.models.constraints import one_of
from patients.models.marker import Marker
from patients.models.second_check import SecondCheck

LONGEST_NAME = 80  # as of `Draw.laboratory`, which holds the name in words


class Laboratory(models.Model):
    """The profile of one laboratory. A draw is found to be of it by its name (`patients.laboratory_profile.key_of`)."""

    key = models.CharField(max_length=LONGEST_NAME, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=LONGEST_NAME)
    decimal_comma = models.BooleanField(_("writes 4,7 for four point seven"), default=False)
    second_check = models.CharField(
        _("second check"), max_length=10, choices=SecondCheck.choices, default=SecondCheck.NONE
    )
    is_active = models.BooleanField(_("in use"), default=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ["key"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(key=""), name="laboratory_has_a_name"),
            one_of("second_check", SecondCheck, name="laboratory_second_check_known"),
        ]

    def __str__(self) -> str:
        return f"laboratory {self.pk}"


class LaboratoryMarker(models.Model):
    """One line of the laboratory's report form."""

    laboratory = models.ForeignKey(Laboratory, on_delete=models.CASCADE, related_name="markers")
    marker = models.ForeignKey(Marker, on_delete=models.PROTECT, related_name="+")
    order = models.PositiveSmallIntegerField()
    unit = models.CharField(_("unit"), max_length=40, blank=True)
    assay = models.CharField(_("assay"), max_length=80, blank=True)

    class Meta:
        ordering = ["order"]
        constraints = [
            models.UniqueConstraint(fields=["laboratory", "marker"], name="laboratory_marker_once"),
            models.UniqueConstraint(fields=["laboratory", "order"], name="laboratory_order_once"),
        ]

    def __str__(self) -> str:
        return f"{self.laboratory_id} {self.marker_id}"

"""The rows results point at. What a marker *is* (units, limits, variation, sources) stands in `patients.catalogue`."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Marker(models.Model):
    """One entry of the catalogue, by its code; filled from the data files after each migrate."""

    code = models.CharField(_("code"), max_length=20, primary_key=True)
    unit = models.CharField(_("unit"), max_length=20, help_text="canonical UCUM unit")
    order = models.PositiveSmallIntegerField()
    derived = models.BooleanField(default=False)

    class Meta:
        ordering = ["order"]

    def __str__(self) -> str:
        return self.code


class Assay(models.Model):
    """The method, analyser and laboratory that produced a value; a change of assay breaks a series."""

    marker = models.ForeignKey(Marker, on_delete=models.PROTECT, related_name="assays")
    laboratory = models.CharField(_("laboratory"), max_length=80, blank=True)
    name = models.CharField(_("assay"), max_length=80)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["marker", "laboratory", "name"], name="assay_once_in_a_laboratory"),
            models.CheckConstraint(condition=~models.Q(name=""), name="assay_has_a_name"),
        ]

    def __str__(self) -> str:
        return f"{self.marker_id} {self.name}"

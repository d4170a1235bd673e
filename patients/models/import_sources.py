"""What a person said of one kind of file, and what became, or was shown to become, of the lines of one."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from patients.models.constraints import one_of
from patients.models.intake import ImportBatch


class ImportSource(models.Model):
    """How files under one line of column names are to be read, as a person of the team said once."""

    care_team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="import_sources")
    fingerprint = models.CharField(max_length=64, help_text="of the line of column names")
    name = models.CharField(_("file"), max_length=255, help_text="of the file at which it was said")
    mapping = models.JSONField()
    said_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="import_sources")
    said_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["care_team", "fingerprint"], name="import_source_said_once"),
            models.CheckConstraint(condition=~Q(fingerprint=""), name="import_source_has_a_fingerprint"),
        ]

    def __str__(self) -> str:
        return f"import source {self.pk}"


class Fate(models.TextChoices):
    NEW = "new", _("new")
    REPEATED = "repeated", _("repeated")
    CORRECTED = "corrected", _("correction")


class LineOutcome(models.Model):
    """What a line does to the record, or, before it is confirmed, would do.

    Of corrections and of values to be checked every line is kept; of the others as many as a person would look at.
    """

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="outcomes")
    line_number = models.PositiveIntegerField(_("line"))
    fate = models.CharField(max_length=10, choices=Fate.choices)
    patient_number = models.CharField(max_length=64)
    marker = models.CharField(max_length=20)
    collected_at = models.DateTimeField()
    old = models.CharField(max_length=80, blank=True)
    new = models.CharField(max_length=80)
    to_check = models.BooleanField(default=False)
    concerns = models.JSONField(default=list, help_text="code and params of what somebody should look at")

    class Meta:
        ordering = ["line_number", "pk"]
        constraints = [one_of("fate", Fate, name="line_outcome_fate_known")]

    def __str__(self) -> str:
        return f"line {self.line_number} of import {self.batch_id}"


class ShownPiece(models.Model):
    """The digest of what a preview showed of one piece of a file: what is confirmed is written so or not at all."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="shown_pieces")
    lines_done = models.PositiveIntegerField(help_text="of the file, at the end of the piece")
    digest = models.CharField(max_length=64)

    class Meta:
        ordering = ["lines_done"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "lines_done"], name="shown_piece_once"),
            models.CheckConstraint(condition=~Q(digest=""), name="shown_piece_has_a_digest"),
        ]

    def __str__(self) -> str:
        return f"lines up to {self.lines_done} of import {self.batch_id}"

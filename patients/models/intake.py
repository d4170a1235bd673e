"""One file taken in, and what of it could not be taken and why."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from patients.models.constraints import one_of


class BatchState(models.TextChoices):
    WAITING = "waiting", _("waiting")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")
    NEEDS_MAPPING = "needs_mapping", _("columns to be said")
    PREVIEWED = "previewed", _("to be confirmed")
    DISCARDED = "discarded", _("discarded")


class ImportBatch(models.Model):
    """One file or message taken in; its counts are its progress bar."""

    source = models.CharField(_("source"), max_length=20, default="csv")
    file_name = models.CharField(_("file"), max_length=255)
    sha256 = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=255, blank=True, help_text="where an uploaded file waits, below MEDIA_ROOT")
    care_team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="import_batches")
    create_patients = models.BooleanField(default=False)
    dry_run = models.BooleanField(default=False)
    state = models.CharField(_("state"), max_length=20, choices=BatchState.choices, default=BatchState.WAITING)
    failure = models.CharField(max_length=300, blank=True)
    lines_total = models.PositiveIntegerField(default=0)
    lines_done = models.PositiveIntegerField(default=0)
    results_new = models.PositiveIntegerField(default=0)
    results_repeated = models.PositiveIntegerField(default=0)
    results_corrected = models.PositiveIntegerField(default=0)
    lines_rejected = models.PositiveIntegerField(default=0)
    patients_created = models.PositiveIntegerField(default=0)
    draws_created = models.PositiveIntegerField(default=0)
    to_check = models.PositiveIntegerField(default=0)
    idle_runs = models.PositiveSmallIntegerField(default=0, help_text="runs since the last piece that was done")
    import_source = models.ForeignKey(
        "patients.ImportSource", on_delete=models.SET_NULL, null=True, blank=True, related_name="batches"
    )
    mapping = models.JSONField(null=True, blank=True, help_text="how the columns are to be read, where it was said")
    shape = models.JSONField(
        default=dict, blank=True, help_text="what the file turned out to be: columns, separator ..."
    )
    preview = models.JSONField(default=dict, blank=True, help_text="what was shown to who confirmed")
    confirmed_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="confirmed_batches"
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)
    started_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="import_batches")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            one_of("state", BatchState, name="batch_state_known"),
            models.CheckConstraint(condition=Q(lines_done__lte=F("lines_total")), name="batch_progress_within_total"),
        ]

    def __str__(self) -> str:
        return f"import {self.pk}"


class RejectedLine(models.Model):
    """One line that was refused: what stood there, and why."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="rejected_lines")
    line_number = models.PositiveIntegerField(_("line"))
    code = models.CharField(max_length=60)
    params = models.JSONField(default=dict)
    raw = models.TextField(_("as it stood"), blank=True)
    cells = models.JSONField(default=list, blank=True)
    column = models.CharField(max_length=200, blank=True, help_text="of a file with several results a line")

    class Meta:
        ordering = ["line_number", "pk"]
        constraints = [models.CheckConstraint(condition=~Q(code=""), name="rejected_line_has_a_reason")]

    def __str__(self) -> str:
        return f"line {self.line_number} of import {self.batch_id}"

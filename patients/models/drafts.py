"""What was typed and is not saved yet. A draft is a person's own and no part of the record."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from patients.models.patient import Patient

LONGEST_KEY = 80
# Values that nobody came back for are not kept for ever.
DRAFT_KEPT = dt.timedelta(days=7)


class EntryScope(models.TextChoices):
    """Which page a draft belongs to."""

    DRAW = "draw", _("one draw")
    CLINIC = "clinic", _("many patients")
    DATES = "dates", _("several dates")
    CORRECTION = "correction", _("a correction")
    CHECK = "check", _("a second entry")


class EntryDraft(models.Model):
    """The cells of one page of one person. `revision` counts its changes: two windows cannot overwrite each other."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="entry_drafts")
    scope = models.CharField(_("scope"), max_length=20, choices=EntryScope.choices)
    key = models.CharField(_("key"), max_length=LONGEST_KEY)
    patient = models.ForeignKey(Patient, null=True, on_delete=models.CASCADE, related_name="entry_drafts")
    cells = models.JSONField(_("cells"), default=dict)
    context = models.JSONField(_("facts of the draw"), default=dict)
    revision = models.PositiveIntegerField(_("revision"), default=0)
    created_at = models.DateTimeField(_("begun"), auto_now_add=True)
    updated_at = models.DateTimeField(_("kept"), default=timezone.now, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "scope", "key"], name="draft_one_a_page_and_person"),
        ]

    def __str__(self) -> str:
        return f"draft {self.pk}"

    @property
    def typed(self) -> int:
        """How many cells hold a value."""
        return sum(1 for cell in self.cells.values() if cell.get("value", "").strip())

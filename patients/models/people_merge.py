"""What makes one person of two records, and how a person is found."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from patients.models.patient import Patient

LONGEST_KEY = 80
LONGEST_REASON = 300


class PatientSearchKey(models.Model):
    """A beginning by which a name is found: pinyin, initials, a romanised word. Made from the name, never typed."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="search_keys")
    key = models.CharField(max_length=LONGEST_KEY, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["patient", "key"], name="search_key_once"),
            models.CheckConstraint(condition=~Q(key=""), name="search_key_not_empty"),
        ]

    def __str__(self) -> str:
        return f"search key {self.pk}"


class PatientNamePart(models.Model):
    """The rest of a name from one of its signs on, so that what stands in a name is found by an index. Never typed."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="name_parts")
    part = models.CharField(max_length=LONGEST_KEY, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["patient", "part"], name="name_part_once"),
            models.CheckConstraint(condition=~Q(part=""), name="name_part_not_empty"),
        ]

    def __str__(self) -> str:
        return f"name part {self.pk}"


class PatientMerge(models.Model):
    """Two records made one: what was moved, what stayed behind, and what is needed to undo it.

    The columns of JSON hold ids by kind of row: {"draw": [1, 2], "treatment": [7]}.
    """

    survivor = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="merges")
    retired = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="merges_away")
    reason = models.CharField(_("reason"), max_length=LONGEST_REASON)
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    moved = models.JSONField(default=dict, help_text="rows that were given to the record that was kept")
    left = models.JSONField(default=dict, help_text="rows that the kept record held already; they stayed")
    bloods = models.JSONField(default=list, help_text="draws that may be one blood, what was said, what was joined")
    numbers_retired = models.JSONField(default=list, help_text="numbers the merge put out of use")
    plans_stopped = models.JSONField(default=list, help_text="plans the merge put out of force")
    plans_in_force = models.JSONField(default=list, help_text="plans that were in force with the record given away")
    newest = models.JSONField(default=dict, help_text="the last id of each kind at the merge: what is newer came since")
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    came_since = models.JSONField(default=dict, help_text="rows the kept record got between merge and undoing")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["retired"], condition=Q(undone_at__isnull=True), name="merge_one_standing_a_record"
            ),
            models.CheckConstraint(condition=~Q(survivor=F("retired")), name="merge_of_two"),
            models.CheckConstraint(condition=~Q(reason=""), name="merge_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"merge {self.pk}"

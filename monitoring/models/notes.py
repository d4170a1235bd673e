"""Free words of the care team, as versions, and who was named in them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from accounts.models import User
from monitoring.models.alerts import Alert
from patients.models import Patient


class Note(models.Model):
    """Free words about a patient or about one alert, for those of the care team who keep notes.

    Who wrote it and when never change. What it says is its newest version; no version is changed or erased.
    """

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="notes")
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, null=True, blank=True, related_name="notes")
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="notes")
    written_at = models.DateTimeField()
    newest = models.PositiveSmallIntegerField(default=1, help_text="number of its newest version")
    sent_key = models.UUIDField(help_text="of the form it came from: sent twice, it is one note")

    class Meta:
        indexes = [models.Index(fields=["patient", "-written_at", "-id"], name="note_by_patient")]
        constraints = [models.UniqueConstraint(fields=["author", "sent_key"], name="note_sent_once")]

    def __str__(self) -> str:
        return f"note {self.pk}"


class NoteVersion(models.Model):
    """What a note said from a moment on, append-only; a note that was taken back says nothing and why."""

    note = models.ForeignKey(Note, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    text = models.TextField(blank=True)
    reason = models.CharField(max_length=200, blank=True, help_text="why it was amended or taken back")
    taken_back = models.BooleanField(default=False)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["note", "number"], name="note_version_once"),
            models.CheckConstraint(
                condition=(Q(taken_back=True) & Q(text="")) | (Q(taken_back=False) & ~Q(text="")),
                name="note_says_something_or_was_taken_back",
            ),
            models.CheckConstraint(condition=Q(number=1) | ~Q(reason=""), name="note_changed_with_a_reason"),
        ]

    def __str__(self) -> str:
        return f"version {self.number} of note {self.note_id}"


class Mention(models.Model):
    """One person told of one version of a note: an entry of their list, and what a channel would carry to them.

    Like a `Notification` it is one row a person and never written twice, so that a channel can refer to it; it holds
    no text, and whoever carries it asks again whether the person may still read the note. The entry of an older
    version is replaced by that of the newest.
    """

    version = models.ForeignKey(NoteVersion, on_delete=models.CASCADE, related_name="mentions")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="mentions")
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["person", "read_at"], name="mention_by_person")]
        constraints = [models.UniqueConstraint(fields=["version", "person"], name="mention_once")]

    def __str__(self) -> str:
        return f"mention {self.pk}"

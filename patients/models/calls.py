"""What became of a call about a draw."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from patients.models.constraints import one_of
from patients.models.patient import Patient
from patients.models.plan import FollowUpPlan

LONGEST_NOTE = 300


class CallOutcome(models.TextChoices):
    WILL_COME = "will_come", _("will come on a date")
    NO_ANSWER = "no_answer", _("no answer")
    DECLINED = "declined", _("declined the draw")
    DRAWN_ELSEWHERE = "drawn_elsewhere", _("blood was drawn elsewhere")
    MOVED = "moved", _("moved away")
    DIED = "died", _("has died")
    OTHER = "other", _("other")


class FollowUpCall(models.Model):
    """One call, never changed afterwards: what was told wrongly is told again by the next, and the last one counts."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="calls")
    plan = models.ForeignKey(FollowUpPlan, on_delete=models.PROTECT, null=True, blank=True, related_name="calls")
    at = models.DateTimeField()
    outcome = models.CharField(_("outcome"), max_length=20, choices=CallOutcome.choices)
    comes_on = models.DateField(_("comes on"), null=True, blank=True)
    call_again_on = models.DateField(_("call again on"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=LONGEST_NOTE, blank=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["patient", "-at"], name="call_by_patient")]
        constraints = [
            one_of("outcome", CallOutcome, name="call_outcome_known"),
            models.CheckConstraint(
                condition=Q(outcome="will_come", comes_on__isnull=False)
                | (~Q(outcome="will_come") & Q(comes_on__isnull=True)),
                name="call_promise_has_its_day",
            ),
            models.CheckConstraint(condition=~Q(outcome="other", note=""), name="call_other_is_explained"),
        ]

    def __str__(self) -> str:
        return f"call {self.pk}"

"""What a second person said of a result. Append-only: each row is one person's look at one version."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from patients.models.constraints import one_of
from patients.models.draw import Result


class CheckKind(models.TextChoices):
    """How it was looked at. Who entered a value can only decide, and only after a second entry differed from it."""

    VERIFIED = "verified", _("compared with the paper")
    TYPED = "typed", _("typed a second time")
    DECIDED = "decided", _("typed again by who entered it, after the second entry differed")


class CheckOutcome(models.TextChoices):
    AGREED = "agreed", _("the same")
    DIFFERS = "differs", _("not the same")


class ResultCheck(models.Model):
    """`entered_by` is who entered the version that was checked, kept here so that the database can hold them apart.

    `as_typed` and `unit` are what the second person typed; empty where the value was only compared.
    """

    result = models.ForeignKey(Result, on_delete=models.PROTECT, related_name="checks")
    kind = models.CharField(max_length=10, choices=CheckKind.choices)
    outcome = models.CharField(max_length=10, choices=CheckOutcome.choices)
    as_typed = models.CharField(max_length=64, blank=True)
    unit = models.CharField(max_length=40, blank=True)
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            one_of("kind", CheckKind, name="check_kind_known"),
            one_of("outcome", CheckOutcome, name="check_outcome_known"),
            models.UniqueConstraint(fields=["result", "by"], name="check_once_a_person"),
            models.UniqueConstraint(fields=["result"], condition=Q(outcome="agreed"), name="check_agreed_once"),
            models.CheckConstraint(
                condition=(Q(kind="decided") & Q(by=F("entered_by"))) | (~Q(kind="decided") & ~Q(by=F("entered_by"))),
                name="check_by_another_person",
            ),
            models.CheckConstraint(
                condition=Q(kind="verified", outcome="agreed", as_typed="")
                | (Q(kind__in=["typed", "decided"]) & ~Q(as_typed="")),
                name="check_says_what_was_typed",
            ),
        ]

    def __str__(self) -> str:
        return f"check {self.pk}"

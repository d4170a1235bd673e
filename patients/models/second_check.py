"""Whether what was typed is looked at by a second person before a trend reads it. A laboratory's profile says so."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class SecondCheck(models.TextChoices):
    """What a laboratory's profile asks for. A result on hold keeps the kind it was put on hold for."""

    NONE = "none", _("none: a value counts as soon as it is saved")
    VERIFY = "verify", _("verified: another person compares it with the paper")
    BLIND = "blind", _("typed twice: another person types it without seeing the first")


# The kinds that put a result on hold.
HOLDS = (SecondCheck.VERIFY, SecondCheck.BLIND)

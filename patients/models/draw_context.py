"""What is asked at a draw beside fasting and haemolysis: what the patient took that moves a result."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Taken(models.TextChoices):
    """Of a substance, in the days before the draw. Never guessed: what nobody asked is not known."""

    YES = "yes", _("taken")
    NO = "no", _("not taken")
    UNKNOWN = "unknown", _("not known")

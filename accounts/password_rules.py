"""A rule for passwords whose refusal has words in every language of the pages."""

from __future__ import annotations

from django.contrib.auth.password_validation import MinimumLengthValidator
from django.utils.translation import ngettext


class LongEnoughValidator(MinimumLengthValidator):
    """Django reworded its own sentence and has no Chinese for the new one."""

    def get_error_message(self) -> str:
        return ngettext(
            "This password is too short: it needs at least %(least)d character.",
            "This password is too short: it needs at least %(least)d characters.",
            self.min_length,
        ) % {"least": self.min_length}

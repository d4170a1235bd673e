"""Why a note was not taken, in the reader's language, and at which field it is said."""

from __future__ import annotations

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from monitoring.errors import NoteProblem

# The author was there before, in another window: what was typed is right, and what it was typed for has changed.
MEANWHILE: Final = frozenset({"note_amended", "note_taken_back", "record_merged"})
ABSENT: Final = frozenset({"alert_unknown", "note_unknown"})
FIELDS: Final = {
    "text_missing": "text",
    "text_too_long": "text",
    "reason_missing": "reason",
    "reason_too_long": "reason",
    "person_not_of_team": "tell",
}
TEXTS: Final[dict[str, str | Promise]] = {
    "text_missing": _("The note is empty. Write what colleagues should know."),
    "text_too_long": _("The note has %(length)s characters, at most %(most)s fit. Nothing was cut off: shorten it."),
    "reason_missing": _("Say why: the reason stands beside the note from then on."),
    "reason_too_long": _("The reason has %(length)s characters, at most %(most)s fit."),
    "person_not_of_team": _("Somebody you chose is not of the patient's care team any more. Nothing was saved yet."),
    "nothing_changed": _("Nothing was changed, and nobody new would be told."),
    "note_amended": _(
        "You amended this note in another window meanwhile. Nothing was saved yet: look at what differs, then send."
    ),
    "note_taken_back": _("You took this note back in another window meanwhile. It cannot be amended any more."),
    "record_merged": _(
        "This record was merged into another one meanwhile. Nothing was saved yet: what you typed is kept."
    ),
}


def problem_text(problem: NoteProblem) -> str:
    return str(TEXTS[problem.code]) % problem.params

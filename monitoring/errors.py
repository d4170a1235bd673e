"""What monitoring refuses, drawn as a tree.

MonitoringError
├── AlertProblem   an answer to an alert that cannot be taken; nothing was written
├── NoteProblem    a note that cannot be written, amended or taken back; nothing was written
├── RuleProblem    a rule file that does not say what a rule must say
└── DeliveryProblem  a message that a channel could not hand over
"""

from __future__ import annotations

import traceback


class MonitoringError(Exception):
    """Refused. `code` is stable and `params` let a page say it in the reader's language."""

    def __init__(self, code: str, **params: str) -> None:
        self.code = code
        self.params = params
        super().__init__(f"{code}: {params}" if params else code)


class AlertProblem(MonitoringError):
    """An answer that cannot be taken. Codes:

    not_allowed, alert_unknown, comment_missing, comment_too_long (most);
    alert_not_open (state), step_not_legal (state), alert_moved (state): somebody or an evaluation was there before;
    day_missing, day_past (earliest), day_too_far (latest); modality_unknown;
    outcome_unknown, study_missing, study_unknown, study_says_otherwise (finding);
    not_snoozed, owner_not_of_team, owner_already.
    """


class NoteProblem(MonitoringError):
    """A note that cannot be written so. Codes:

    not_allowed, note_unknown, alert_unknown, mention_unknown, not_the_author;
    text_missing, text_too_long (most, length), reason_missing, reason_too_long (most, length);
    person_not_of_team, nothing_changed;
    note_amended, note_taken_back: the author was there before, in another window; record_merged.
    """


class RuleProblem(MonitoringError):
    """Codes: rule_key_unknown, rule_key_missing, rule_value_invalid; params name the file, the entry and the key."""


class DeliveryProblem(MonitoringError):
    """`code` names the error (never its text, which quotes addresses). `permanent`: trying again is no use."""

    def __init__(self, code: str, *, permanent: bool) -> None:
        super().__init__(code)
        self.permanent = permanent


def frames_of(problem: BaseException, *, last: int = 5) -> str:
    """Where an unexpected error came from, for the log. Frames hold code only; the error's text may quote a value."""
    return "".join(traceback.format_tb(problem.__traceback__)[-last:]).rstrip()

"""Why a step with an alert was not taken, in the reader's language, and at which field it is said."""

from __future__ import annotations

import datetime as dt
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from monitoring.errors import AlertProblem
from monitoring.models import AlertState
from monitoring.wording import date_text
from patients.models import Finding

# Somebody or an evaluation was there before: what was typed is right, and what it was typed for has changed.
MEANWHILE: Final = frozenset({"alert_not_open", "step_not_legal", "alert_moved", "not_snoozed"})
FIELDS: Final = {
    "comment_missing": "comment",
    "comment_too_long": "comment",
    "modality_unknown": "modality",
    "outcome_unknown": "outcome",
    "study_missing": "study",
    "study_unknown": "study",
    "study_says_otherwise": "study",
    "owner_not_of_team": "owner",
    "owner_already": "owner",
}
DAY_CODES: Final = frozenset({"day_missing", "day_past", "day_too_far"})
TEXTS: Final[dict[str, str | Promise]] = {
    "day_missing": _("Name the day."),
    "modality_unknown": _("Choose what kind of imaging is asked for."),
    "outcome_unknown": _("Choose what came of the alert."),
    "study_missing": _(
        "Choose the imaging that showed the bone metastasis. If it is not in the list, record it first: the days from "
        "the alert to that imaging are counted."
    ),
    "study_unknown": _("This imaging is not on the record of this patient. Choose one from the list."),
    "not_snoozed": _("This alert is not snoozed any more."),
    "owner_not_of_team": _("Choose a nurse or clinician of the patient's care team."),
    "owner_already": _("This person has the alert already. Choose somebody else."),
}
MISSING: Final[dict[str, str | Promise]] = {
    "acknowledge": _("The comment is empty. Write what you think of the rise or what you will do, then acknowledge."),
    "close": _("Write why: the reason stands beside the outcome."),
    "snooze": _("Write why the alert can rest until then."),
    "hand_over": _("Write what the person who takes over should know."),
}


def field_of(problem: AlertProblem, fields: frozenset[str]) -> str | None:
    """The field of the step at which the problem is said; None where it is about the step as a whole."""
    if problem.code in DAY_CODES:
        return next(iter(fields & {"due_on", "until"}), None)
    return FIELDS.get(problem.code)


def problem_text(problem: AlertProblem, *, step: str) -> str:
    code, params = problem.code, problem.params
    if code == "comment_missing":
        return str(MISSING.get(step, MISSING["acknowledge"]))
    if code == "comment_too_long":
        return gettext("The comment is too long: at most %(most)s characters fit.") % params
    if code in {"alert_not_open", "step_not_legal", "alert_moved"}:
        return _meanwhile(code, state=str(AlertState(params["state"]).label))
    if code == "day_past":
        return gettext("That day is too early. The first day possible is %(day)s.") % {"day": _day(params["earliest"])}
    if code == "day_too_far":
        return gettext(
            "That day is too far off. The last day possible is %(day)s: an answer to an alert holds no longer."
        ) % {"day": _day(params["latest"])}
    if code == "study_says_otherwise":
        finding = Finding(params["finding"]).label
        return gettext("The record of this imaging says “%(finding)s”. Outcome and imaging must agree.") % {
            "finding": finding
        }
    return str(TEXTS[code]) if code in TEXTS else gettext("This step cannot be taken.")


def _meanwhile(code: str, *, state: str) -> str:
    if code == "alert_moved":
        text = gettext(
            "Something was done with this alert while you were writing (now: %(state)s). Its history says what. "
            "Nothing was saved; what you typed is still here."
        )
    elif code == "alert_not_open":
        text = gettext("This alert was answered meanwhile (now: %(state)s). Your comment was not saved.")
    else:
        text = gettext("This step is not possible any more (now: %(state)s). Nothing was saved.")
    return text % {"state": state}


def _day(text: str) -> str:
    return date_text(dt.date.fromisoformat(text))

"""What is said of an alert: what happened to it, whose move it is and until when, what came of it."""

from __future__ import annotations

import datetime as dt
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from monitoring.models import HANDED_OVER, RESTATED, SNOOZED, UNSNOOZED, WOKEN, Alert, AlertEvent, AlertState, Outcome
from monitoring.wording import date_text
from patients.models import ImagingStudy, Modality

DEED_LABELS: Final[dict[str, str | Promise]] = {
    RESTATED: _("a value behind it was corrected"),
    WOKEN: _("snooze ended early: more evidence of a rise"),
    UNSNOOZED: _("snooze ended early"),
}
NEXT: Final[dict[str, str | Promise]] = {
    AlertState.OPEN: _("a clinician answers"),
    AlertState.ACKNOWLEDGED: _("decide: repeat, imaging or close"),
    AlertState.CONFIRMED: _("decide: imaging or close"),
    AlertState.NOT_CONFIRMED: _("decide: repeat, imaging or close"),
}


def what_happened(event: AlertEvent) -> str:
    """One line of the history, with the day, person or kind that belongs to it."""
    if event.code == SNOOZED and event.until:
        return gettext("snoozed until %(day)s") % {"day": date_text(event.until)}
    if event.code == HANDED_OVER:
        return gettext("handed over to %(person)s") % {"person": str(event.owner)}
    if event.code:
        return str(DEED_LABELS[event.code])
    if event.evaluation_id and event.new_state == event.old_state:
        return gettext("a further marker rises")
    if event.new_state == AlertState.REPEAT_REQUESTED and event.until:
        return gettext("repeat draw asked for, due %(day)s") % {"day": date_text(event.until)}
    if event.new_state == AlertState.IMAGING_REQUESTED and event.detail:
        return imaging_asked_text(event.detail, event.until)
    if event.new_state == AlertState.CLOSED and event.detail:
        return gettext("closed: %(outcome)s") % {"outcome": Outcome(event.detail).label}
    return str(event.get_new_state_display())


def imaging_asked_text(modality: str, until: dt.date | None) -> str:
    said = {"modality": Modality(modality).label}
    if until is None:
        return gettext("imaging asked for: %(modality)s") % said
    return gettext("imaging asked for: %(modality)s, by %(day)s") % {**said, "day": date_text(until)}


def next_step_text(alert: Alert, *, today: dt.date, result: ImagingStudy | None) -> str:
    """What is awaited of whom, and until when. `result` is the newest study since imaging was asked for."""
    if alert.state == AlertState.REPEAT_REQUESTED and alert.due_on:
        return _waited_for(
            gettext("repeat draw due %(day)s"), gettext("repeat draw was due %(day)s"), alert.due_on, today
        )
    if alert.state == AlertState.IMAGING_REQUESTED:
        if result is not None:
            return gettext("imaging of %(day)s is on record: close with what it showed") % {
                "day": date_text(result.performed_on)
            }
        if alert.due_on is None:
            return gettext("record the imaging")
        return _waited_for(gettext("imaging due %(day)s"), gettext("imaging was due %(day)s"), alert.due_on, today)
    return str(NEXT.get(alert.state, ""))


def _waited_for(coming: str, late: str, due_on: dt.date, today: dt.date) -> str:
    return (late if due_on < today else coming) % {"day": date_text(due_on)}


def study_text(study: ImagingStudy) -> str:
    return gettext("%(modality)s of %(day)s: %(finding)s") % {
        "modality": study.get_modality_display(),
        "day": date_text(study.performed_on),
        "finding": study.get_finding_display(),
    }


def lead_time_text(days: int) -> str:
    if days > 0:
        return ngettext(
            "The alert came %(days)s day before the imaging that showed it.",
            "The alert came %(days)s days before the imaging that showed it.",
            days,
        ) % {"days": days}
    if days < 0:
        return ngettext(
            "The alert came %(days)s day after the imaging that showed it.",
            "The alert came %(days)s days after the imaging that showed it.",
            -days,
        ) % {"days": -days}
    return gettext("The alert came on the day of the imaging that showed it.")

"""What each draw of a series said, and what was done with it, in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from monitoring.points import NO_FIGURE, PointView
from monitoring.rules.wording import DRAW_CODES, EVENT_CODES
from monitoring.trends.types import DrawReading
from monitoring.wording import date_text, figures, signed_text

SHOWN: Final = 8  # of the newest draws of a series

# What the engine itself says of a draw; the rest is said by the rules about events and samples.
ENGINE_CODES: Final[dict[str, str | Promise]] = {
    "limit_below_band": gettext_lazy("the reporting limit lies below what was expected, so it says nothing"),
    "first_in_segment": gettext_lazy("first value, nothing of this person to compare it with"),
    "no_variation_estimate": gettext_lazy("how much this marker varies in a person is not known"),
    "value_not_positive": gettext_lazy("a value of 0 has no relative change"),
    "value_not_a_number": gettext_lazy("no number was reported"),
}
STANCES: Final[dict[str, str | Promise]] = {
    "supports": gettext_lazy("supports"),
    "neutral": gettext_lazy("neutral"),
    "against": gettext_lazy("against"),
    "not_used": gettext_lazy("not used"),
}


@dataclass(frozen=True, slots=True)
class DrawNote:
    """One thing that was done with the evidence of one draw, and why."""

    at: dt.datetime
    day: str
    value: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawRow:
    """One line of the table of the last draws, in the marker's canonical unit; '' where there is no number."""

    day: str
    value: str
    expected: str
    z: str
    stance: str
    says: str
    notes: tuple[str, ...]


def reason_text(code: str) -> str:
    """A code in words; one that nobody has put into words is shown as it is, never dropped."""
    return str(ENGINE_CODES.get(code) or DRAW_CODES.get(code) or EVENT_CODES.get(code) or code)


def left_out_text(view: PointView) -> str:
    """Why a draw that is shown was no evidence; empty where it was never read."""
    if view.reading is None:
        return ""
    return gettext("not used: %(reason)s") % {"reason": reason_text(view.reading.reason)}


def care_texts(reading: DrawReading) -> list[str]:
    """How else the evidence of this draw was held back, one thought a line; there is none of a marker not judged."""
    texts: list[str] = []
    if reading.reason == NO_FIGURE:
        return texts
    if reading.rebased:
        texts.append(gettext("own level re-based: %(reason)s") % {"reason": reason_text(reading.rebased)})
    if reading.uncertain:
        texts.append(gettext("counts for less: %(reason)s") % {"reason": reason_text(reading.uncertain)})
    if reading.watch_only:
        texts.append(gettext("carries no alert: %(reason)s") % {"reason": reason_text(reading.watch_only)})
    return texts


def held_back_texts(view: PointView) -> list[str]:
    """Why a draw was left out, or counts for less than another; none where it counts in full."""
    if view.reading is None:
        return []
    return ([left_out_text(view)] if view.left_out else []) + care_texts(view.reading)


def draw_notes(views: Sequence[PointView]) -> tuple[DrawNote, ...]:
    """Newest first. What no draw of this marker can help is said once, by the state, not draw by draw."""
    return tuple(
        DrawNote(at=view.point.collected_at, day=_day(view), value=view.reported, text=text)
        for view in reversed(views)
        for text in held_back_texts(view)
    )


def last_draws(views: Sequence[PointView]) -> tuple[DrawRow, ...]:
    """The newest draws that were read, the newest first."""
    read = [(view, view.reading) for view in views if view.reading is not None]
    return tuple(_row(view, reading) for view, reading in reversed(read[-SHOWN:]))


def _row(view: PointView, reading: DrawReading) -> DrawRow:
    why = [reason_text(reading.reason)] if reading.reason else []
    return DrawRow(
        day=_day(view),
        value=view.canonical_text or view.reported,
        expected="" if reading.expected is None else figures(reading.expected, keep_zeros=True),
        z="" if reading.z is None else signed_text(reading.z),
        stance=reading.stance,
        says=str(STANCES[reading.stance]),
        notes=(*why, *care_texts(reading)),
    )


def _day(view: PointView) -> str:
    return date_text(dt.date.fromisoformat(view.x[:10]))

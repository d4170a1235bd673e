"""What the address of the worklist asks for: which patients, as values that can be combined, shown and taken off.

Several values of one filter widen it (watch or calm), several filters narrow it (watch, and overdue). An address holds
values out of closed lists and ids of teams only: never a name or a number of a patient.

A new filter is one more Filter in `filters_for` and one more rule in `worklist_order.RULES`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.http import QueryDict
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from monitoring.selectors import ANSWERED_ALERT, CALM, NOT_CURRENT, OPEN_ALERT, SNOOZED_ALERT, TO_WATCH
from patients.models import Histology, TreatmentKind

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from accounts.models import Team

LEVELS: Final = {
    "open": OPEN_ALERT,
    "answered": ANSWERED_ALERT,
    "snoozed": SNOOZED_ALERT,
    "watch": TO_WATCH,
    "unread": NOT_CURRENT,
    "calm": CALM,
}
LEVEL_LABELS: Final[Mapping[str, StrOrPromise]] = {
    "open": _("alert, needs an answer"),
    "answered": _("alert, answered"),
    "snoozed": _("alert, snoozed"),
    "watch": _("to watch"),
    "unread": _("not evaluated yet, or being evaluated"),
    "calm": _("calm"),
}
DRAW_LABELS: Final[Mapping[str, StrOrPromise]] = {"overdue": _("overdue"), "due": _("due within 7 days")}
# An operation is done on one day: it is never in force.
NO_TREATMENT: Final = "none"
TREATMENT_LABELS: Final[Mapping[str, StrOrPromise]] = {
    **{kind.value: kind.label for kind in TreatmentKind if kind is not TreatmentKind.SURGERY},
    NO_TREATMENT: _("none in force"),
}
SHORT_FORMS: Final = {
    "alerts": ("level", "open"),
    "watch": ("level", "watch"),
    "overdue": ("draw", "overdue"),
    "due": ("draw", "due"),
}
LONGEST_SAID: Final = 40
MOST_SAID: Final = 5


@dataclass(frozen=True, slots=True)
class Filter:
    """One question and the answers that can be chosen."""

    name: str
    label: StrOrPromise
    values: Mapping[str, StrOrPromise]


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on, and the address of the same list without it."""

    text: str
    without: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer as the form offers it."""

    value: str
    label: StrOrPromise
    chosen: bool


@dataclass(frozen=True, slots=True)
class Filters:
    """What is chosen, in the order of the filters, and what of the address was not understood."""

    offered: tuple[Filter, ...] = ()
    chosen: tuple[tuple[str, str], ...] = ()
    ignored: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.chosen)

    def of(self, name: str) -> tuple[str, ...]:
        return tuple(value for asked, value in self.chosen if asked == name)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for name, _value in self.chosen))

    @property
    def address(self) -> str:
        """The same list always has the same address, whatever the order it was asked in."""
        return urlencode(self.chosen)

    @property
    def only(self) -> str:
        """`draw=overdue` where that is all that is asked; the headline and the empty page name these."""
        return self.address if len(self.chosen) == 1 else ""

    @property
    def chips(self) -> tuple[Chip, ...]:
        asked = {one.name: one for one in self.offered}
        return tuple(
            Chip(
                text=chip_text(asked[name], value),
                without=urlencode([other for other in self.chosen if other != (name, value)]),
            )
            for name, value in self.chosen
        )

    @property
    def form(self) -> tuple[tuple[Filter, tuple[Choice, ...]], ...]:
        return tuple(
            (
                one,
                tuple(Choice(value, label, (one.name, value) in self.chosen) for value, label in one.values.items()),
            )
            for one in self.offered
        )


def chip_text(one: Filter, value: str) -> str:
    return gettext("%(what)s: %(value)s") % {"what": one.label, "value": one.values[value]}


def filters_for(teams: Iterable[Team]) -> tuple[Filter, ...]:
    """What can be asked by somebody of these teams. Who has one team only is not asked which."""
    named = {str(team.pk): team.name for team in teams}
    offered = (
        Filter("level", _("Level"), LEVEL_LABELS),
        Filter("mine", _("Mine"), {"yes": _("the alert is in my hands")}),
        Filter("draw", _("Next draw"), DRAW_LABELS),
        Filter("silent", _("Silent"), {"yes": _("nothing came for longer than the plan, or 6 months without one")}),
        Filter("treatment", _("Treatment in force"), TREATMENT_LABELS),
        Filter("histology", _("Histology"), dict(Histology.choices)),
    )
    return (*offered, Filter("team", _("Team"), named)) if len(named) > 1 else offered


def read_filters(asked: QueryDict, *, teams: Iterable[Team]) -> Filters:
    """What an address asks for. What it cannot mean is left out, and said: never an error, never a shorter list."""
    own = list(teams)
    offered = filters_for(own)
    wanted: list[tuple[str, str]] = []
    ignored: list[str] = []
    for short in asked.getlist("show"):
        if short in SHORT_FORMS:
            wanted.append(SHORT_FORMS[short])
        elif short:
            ignored.append(f"show={short}")
    for one in offered:
        for value in asked.getlist(one.name):
            if value in one.values:
                wanted.append((one.name, value))
            elif value:
                ignored.append(f"{one.name}={value}")
    if not any(one.name == "team" for one in offered):
        only = {str(team.pk) for team in own}  # who has one team has nobody else's patients on the list
        ignored += [f"team={value}" for value in asked.getlist("team") if value and value not in only]
    chosen = [(one.name, value) for one in offered for value in one.values if (one.name, value) in wanted]
    said = [text if len(text) <= LONGEST_SAID else f"{text[:LONGEST_SAID]}…" for text in dict.fromkeys(ignored)]
    return Filters(offered, tuple(chosen), tuple(said[:MOST_SAID]))

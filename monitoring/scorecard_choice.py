"""What the scorecard can be asked for, as it stands in its address: a period and a team. What is unknown is named."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from django.utils.text import Truncator
from django.utils.translation import gettext

from accounts.models import Team
from monitoring.cohort_choice import LONGEST_ECHO, Field, Ignored, Option
from patients.silence import months_later

MONTHS: Final[Mapping[str, int | None]] = {"1y": 12, "6m": 6, "2y": 24, "all": None}  # the first is shown unasked
IN_ORDER: Final = ("6m", "1y", "2y", "all")
ALL_TEAMS: Final = "all"


@dataclass(frozen=True, slots=True)
class Choice:
    period: str
    team: Team | None  # None: all teams of the viewer

    @property
    def team_word(self) -> str:
        return str(self.team.pk) if self.team else ALL_TEAMS

    @property
    def query(self) -> str:
        return urlencode({"period": self.period, "team": self.team_word})

    def starts_at(self, now: dt.datetime, tz: dt.tzinfo) -> dt.datetime | None:
        """The first moment of the same day so many months ago, by the clinic's calendar; None without a beginning."""
        months = MONTHS[self.period]
        if months is None:
            return None
        return dt.datetime.combine(months_later(now.astimezone(tz).date(), -months), dt.time(), tzinfo=tz)


def read_choice(asked: Mapping[str, str], teams: Sequence[Team]) -> tuple[Choice, list[Ignored]]:
    """The choice, and a sentence for each word that was not understood. `teams` are the viewer's."""
    own = {str(team.pk): team for team in teams}
    period, team = asked.get("period", ""), asked.get("team", "")
    choice = Choice(period if period in MONTHS else next(iter(MONTHS)), own.get(team))
    ignored = []
    if period and period not in MONTHS:
        ignored.append(_ignored(period, gettext("Period"), period_label(choice.period)))
    if team not in {"", ALL_TEAMS, *own}:
        ignored.append(_ignored(team, gettext("Team"), team_label(choice.team)))
    return choice, ignored


def _ignored(word: str, field: str, shown: str) -> Ignored:
    return Ignored(
        gettext("“%(word)s” is nothing that can be chosen for “%(field)s”: it was ignored. Shown: %(shown)s.")
        % {"word": Truncator(word).chars(LONGEST_ECHO), "field": field, "shown": shown}
    )


def period_label(period: str) -> str:
    return {
        "6m": gettext("last 6 months"),
        "1y": gettext("last year"),
        "2y": gettext("last 2 years"),
        "all": gettext("all time"),
    }[period]


def team_label(team: Team | None) -> str:
    return team.name if team else gettext("all my teams")


def fields(choice: Choice, teams: Sequence[Team]) -> list[Field]:
    periods = tuple(Option(word, period_label(word), word == choice.period) for word in IN_ORDER)
    found = [Field("period", gettext("Period"), (("", periods),))]
    if len(teams) > 1:
        named = [(ALL_TEAMS, None), *((str(team.pk), team) for team in teams)]
        options = tuple(Option(word, team_label(team), team == choice.team) for word, team in named)
        found.append(Field("team", gettext("Team"), (("", options),)))
    return found

"""The scorecard page: for each figure a chart, a table of the same numbers, and the counts that stand behind it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext, ngettext

from accounts.models import Team, User
from monitoring.cohort_choice import Field, Ignored
from monitoring.detection import threshold_file
from monitoring.evaluation import clinic_zone
from monitoring.scorecard import WITHIN_HOURS, AlertFacts, Card, scorecard
from monitoring.scorecard_chart import answer_chart, lead_chart, rate_chart, share_chart, share_label
from monitoring.scorecard_choice import Choice, fields, team_label
from monitoring.scorecard_material import Material, load_scorecard
from monitoring.scorecard_words import (
    alerts_text,
    answer_text,
    counts_text,
    days_text,
    median_text,
    per_hundred,
    quartiles_text,
    range_text,
    rate_text,
    share_text,
    version_text,
    within_text,
    years_text,
)
from monitoring.wording import date_text
from monitoring.wording import share_text as plain_share

SHARES: Final = ("confirmed", "bone", "progression")


@dataclass(frozen=True, slots=True)
class Read:
    """What both the page and the file are made of."""

    choice: Choice
    material: Material
    cards: tuple[Card, ...]
    since: dt.date | None
    until: dt.date

    @property
    def together(self) -> Card:
        return self.cards[0]

    @property
    def told(self) -> tuple[Card, ...]:
        """Where there is one version only, it is all of them, and stands once."""
        return self.cards[1:] if len(self.cards) == 2 else self.cards


@dataclass(frozen=True, slots=True)
class Promise:
    """The rate of false alerts that the thresholds in force were fitted to."""

    rate: float
    low: float  # what it came to in the material of the fit, the lowest and the highest
    high: float
    synthetic: bool


@dataclass(frozen=True, slots=True)
class Point:
    """One alert of the lead times, with the way to its patient."""

    day: str
    version: str
    days: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One figure: `code` names its chart, `head` and `rows` are its table."""

    code: str
    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    chart: dict[str, Any] | None = None
    drawn: bool = True  # False of a table that has no chart
    points: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorecardPage:
    choice: Choice
    ignored: tuple[Ignored, ...]
    fields: tuple[Field, ...]
    visible: int
    synthetic: bool
    alerts: int
    summary: tuple[str, ...]
    sections: tuple[Section, ...]

    @property
    def charts(self) -> dict[str, dict[str, Any]]:
        return {section.code: section.chart for section in self.sections if section.chart}


def read_scorecard(user: User, choice: Choice, *, now: dt.datetime) -> Read:
    tz = clinic_zone()
    material = load_scorecard(user, choice, now=now, tz=tz)
    starts = choice.starts_at(now, tz)
    return Read(
        choice=choice,
        material=material,
        cards=scorecard(material.alerts, material.watched),
        since=starts.date() if starts else None,
        until=now.astimezone(tz).date(),
    )


def scorecard_page(read: Read, *, teams: Sequence[Team], ignored: Iterable[Ignored] = ()) -> ScorecardPage:
    return ScorecardPage(
        choice=read.choice,
        ignored=tuple(ignored),
        fields=tuple(fields(read.choice, teams)),
        visible=read.material.visible,
        synthetic=read.material.synthetic,
        alerts=read.together.alerts,
        summary=tuple(_summary(read)),
        sections=(_rates(read), _shares(read), _leads(read), _answers(read), _silent(read)),
    )


def promise() -> Promise:
    file = threshold_file()
    seen = [one.alert.value for one in file.strata]
    return Promise(file.targets["alert"], min(seen), max(seen), file.method == "synthetic")


def _summary(read: Read) -> Iterable[str]:
    if read.since:
        yield gettext("%(since)s to %(until)s, %(team)s.") % {
            "since": date_text(read.since),
            "until": date_text(read.until),
            "team": team_label(read.choice.team),
        }
    else:
        yield gettext("All time up to %(until)s, %(team)s.") % {
            "until": date_text(read.until),
            "team": team_label(read.choice.team),
        }
    together = read.together
    yield ngettext(
        "%(count)d patient on record; %(alerts)s raised in the period, and what stands now:",
        "%(count)d patients on record; %(alerts)s raised in the period, and what stands now:",
        read.material.visible,
    ) % {"count": read.material.visible, "alerts": alerts_text(together.alerts - together.on_record_before)}
    yield gettext("%(closed)d closed, %(standing)d not closed yet, %(withdrawn)d withdrawn.") % {
        "closed": together.closed,
        "standing": together.standing,
        "withdrawn": together.withdrawn,
    }
    yield from _on_record_before(together)


# --- sections -----------------------------------------------------------------------------------------------------
def _rates(read: Read) -> Section:
    made = promise()
    together = read.together
    notes = [
        gettext(
            "Promised for false alerts: %(rate)s (%(low)s to %(high)s in the parts of the material it was fitted to)."
        )
        % {"rate": per_hundred(made.rate), "low": per_hundred(made.low), "high": per_hundred(made.high)},
        gettext("It was measured on synthetic patients: no patient was in it.")
        if made.synthetic
        else gettext("It was measured on patients of this site who stayed free of progression."),
    ]
    notes += _on_record_before(together)
    if together.standing:
        notes.append(
            ngettext(
                "%(n)d alert is not closed yet and may still turn out false.",
                "%(n)d alerts are not closed yet and may still turn out false.",
                together.standing,
            )
            % {"n": together.standing}
        )
    return Section(
        code="rate",
        title=gettext("Alerts per 100 patient-years"),
        heads=(
            gettext("Rule version"),
            gettext("Alerts"),
            gettext("Patient-years"),
            gettext("per 100 (95 %)"),
            gettext("closed without progression"),
            gettext("per 100 (95 %)"),
        ),
        rows=(
            *(
                (
                    version_text(card),
                    str(card.rate.count),
                    years_text(card.rate.years),
                    rate_text(card.rate),
                    str(card.false_rate.count),
                    rate_text(card.false_rate),
                )
                for card in read.told
            ),
            (_promised_head(made), "", "", "", "", per_hundred(made.rate)),
        ),
        notes=tuple(notes),
        chart=rate_chart(read.told, promised=made.rate, synthetic=made.synthetic),
    )


def _on_record_before(card: Card) -> list[str]:
    """How many are in no figure, and why."""
    if not card.on_record_before:
        return []
    said = ngettext(
        "%(n)d alert is not counted here: found at once in a record that was taken over, it is as late as the record.",
        "%(n)d alerts are not counted here: found at once in records that were taken over, they are as late as those.",
        card.on_record_before,
    )
    return [said % {"n": card.on_record_before}]


def _promised_head(made: Promise) -> str:
    return gettext("promised, synthetic") if made.synthetic else gettext("promised, own stable patients")


def _shares(read: Read) -> Section:
    together = read.together
    return Section(
        code="share",
        title=gettext("Confirmed, and shown by imaging"),
        heads=(gettext("Rule version"), gettext("Share"), gettext("Counted"), "% (95 %)"),
        rows=tuple(
            (version_text(card) if name == SHARES[0] else "", share_label(name), counts_text(share), share_text(share))
            for card in read.told
            for name, share in ((name, getattr(card, name)) for name in SHARES)
        ),
        notes=(
            gettext("Repeats asked for that have said nothing yet: %(n)d.") % {"n": together.repeats_waiting},
            gettext("Closed without imaging: %(closed)d. Not closed yet: %(standing)d. Neither is in the shares.")
            % {"closed": together.closed_without_imaging, "standing": together.standing},
            gettext(
                "Who is sent to imaging is chosen, mostly for looking worse: the share is that of the imaged, and "
                "likely higher than it would be of all alerts."
            ),
            *_on_record_before(together),
        ),
        chart=share_chart(read.told),
    )


def _leads(read: Read) -> Section:
    return Section(
        code="lead",
        title=gettext("Lead time before the scan"),
        heads=(
            gettext("Rule version"),
            gettext("Alerts"),
            gettext("Median, days (95 %)"),
            gettext("Middle half, days"),
            gettext("Shortest to longest"),
        ),
        rows=tuple(
            (
                version_text(card),
                str(len(card.leads.alerts)),
                median_text(card.leads),
                quartiles_text(card.leads),
                range_text(card.leads),
            )
            for card in read.told
        ),
        notes=(
            gettext("Only of alerts closed as bone metastasis by a scan: what was not scanned yet has no lead time."),
            gettext("An alert can bring the scan forward, so a lead time is no proof of time gained."),
            *_leads_left_out(read.together),
        ),
        chart=lead_chart(read.told),
        points=tuple(map(_point, read.together.leads.alerts)),
    )


def _leads_left_out(card: Card) -> list[str]:
    if not card.leads_left_out:
        return []
    said = ngettext(
        "Left out: %(n)d alert that was found at once in a record that was taken over.",
        "Left out: %(n)d alerts that were found at once in records that were taken over.",
        card.leads_left_out,
    )
    return [said % {"n": card.leads_left_out}]


def _point(alert: AlertFacts) -> Point:
    return Point(
        day=date_text(alert.day),
        version=alert.version,
        days=days_text(alert.lead_days or 0),
        url=reverse("patient", args=[alert.patient]),
    )


def _answers(read: Read) -> Section:
    together = read.together.answers
    return Section(
        code="answer",
        title=gettext("Time to the first answer"),
        heads=(
            gettext("Rule version"),
            gettext("Answered"),
            gettext("Median (95 %)"),
            *(gettext("within %(hours)d h, %% (95 %%)") % {"hours": hours} for hours in WITHIN_HOURS),
        ),
        rows=tuple(
            (
                version_text(card),
                counts_text(card.answers),
                answer_text(card.answers),
                *(within_text(card.answers, hours) for hours in WITHIN_HOURS),
            )
            for card in read.told
        ),
        notes=(
            gettext("Not answered yet: %(waiting)d. Withdrawn before an answer: %(withdrawn)d. Both count as waiting.")
            % {
                "waiting": together.alerts - together.answered - together.withdrawn,
                "withdrawn": together.withdrawn,
            },
            *_on_record_before(read.together),
        ),
        chart=answer_chart(together),
    )


def _silent(read: Read) -> Section:
    unread = read.material
    rows = [(version_text(card), card.silent, card.patients) for card in read.told]
    if unread.unread:
        rows.append((gettext("not evaluated yet"), unread.unread_silent, unread.unread))
    return Section(
        code="silent",
        title=gettext("Patients gone silent"),
        heads=(gettext("Version that read them last"), gettext("Silent"), gettext("Patients"), "%"),
        rows=tuple(
            (name, str(silent), str(of), plain_share(silent / of) if silent else "0\u00a0%" if of else "–")
            for name, silent, of in rows
        ),
        notes=(
            gettext(
                "Today, whatever the period: nothing came for longer than the plan, or for 6 months without one. "
                "All are counted, so there is no interval."
            ),
        ),
        drawn=False,
    )

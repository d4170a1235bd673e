"""How the figures of a scorecard are written: on its charts and in its tables the same."""

from __future__ import annotations

import math
from typing import Final

from django.utils.translation import gettext, ngettext

from monitoring.scorecard import ALL, Answers, Card, Leads, Rate, Share
from monitoring.uncertainty import Interval
from monitoring.wording import NO_BREAK
from patients.wording import MINUS

HOURS_A_DAY: Final = 24
TOLD_IN_HOURS: Final = 48  # up to here


def version_text(card: Card) -> str:
    return gettext("all versions") if card.version == ALL else card.version


def too_few_text() -> str:
    return gettext("too few to say")


def years_text(years: float) -> str:
    return f"{years:.1f}"


def per_hundred(number: float) -> str:
    return f"{number:.1f}"


def rate_text(rate: Rate) -> str:
    """`4.2 (1.1–9.8)`."""
    if rate.value is None or rate.interval is None:
        return too_few_text()
    return f"{per_hundred(rate.value)} ({per_hundred(rate.interval.low)}–{per_hundred(rate.interval.high)})"


def percent_text(share: float) -> str:
    return str(round(100 * share))


def share_text(share: Share) -> str:
    """`64 % (41–82)`."""
    if share.value is None or share.interval is None:
        return too_few_text()
    return part_text(share.value, share.interval)


def part_text(share: float, interval: Interval) -> str:
    low, high = percent_text(interval.low), percent_text(interval.high)
    return f"{percent_text(share)}{NO_BREAK}% ({low}–{high})"


def counts_text(part: Share | Answers) -> str:
    count, of = (part.count, part.of) if isinstance(part, Share) else (part.answered, part.alerts)
    return gettext("%(count)d of %(of)d") % {"count": count, "of": of}


def day_number(days: float) -> str:
    """`74`, `−3`, `41.5`: days, with the sign where the scan came first."""
    text = f"{abs(days):.1f}".removesuffix(".0")
    return f"{MINUS}{text}" if days < 0 else text


def days_text(days: int) -> str:
    return ngettext("%(days)s day", "%(days)s days", abs(days)) % {"days": day_number(days)}


def median_text(leads: Leads) -> str:
    """`74 (41 to 102)`, in days."""
    if leads.quartiles is None or leads.interval is None:
        return too_few_text()
    return gettext("%(median)s (%(low)s to %(high)s)") % {
        "median": day_number(leads.quartiles[1]),
        "low": day_number(leads.interval.low),
        "high": day_number(leads.interval.high),
    }


def quartiles_text(leads: Leads) -> str:
    if leads.quartiles is None:
        return too_few_text()
    return between_text(leads.quartiles[0], leads.quartiles[2])


def range_text(leads: Leads) -> str:
    return between_text(leads.days[0], leads.days[-1]) if leads.days else "–"


def between_text(low: float, high: float) -> str:
    return gettext("%(first)s to %(last)s") % {"first": day_number(low), "last": day_number(high)}


def wait_text(hours: float) -> str:
    """`0.5 h`, `31 h`, `4.2 days`."""
    if hours <= TOLD_IN_HOURS:
        text = f"{hours:.1f}" if hours < 10 else f"{hours:.0f}"
        return gettext("%(hours)s h") % {"hours": text}
    return gettext("%(days)s days") % {"days": f"{hours / HOURS_A_DAY:.1f}"}


def answer_text(answers: Answers) -> str:
    """`5.0 h (2.1 h to 31 h)`; of what is not bounded `over 31 h`."""
    median, interval = answers.median_hours, answers.interval
    if median is None or interval is None:
        return too_few_text()
    if math.isinf(median):
        return gettext("not reached: fewer than half are answered")
    if math.isinf(interval.high):
        return gettext("%(median)s (at least %(low)s)") % {
            "median": wait_text(median),
            "low": wait_text(interval.low),
        }
    return gettext("%(median)s (%(low)s to %(high)s)") % {
        "median": wait_text(median),
        "low": wait_text(interval.low),
        "high": wait_text(interval.high),
    }


def within_text(answers: Answers, hours: int) -> str:
    if answers.too_few:
        return too_few_text()
    found = answers.within(hours)
    return part_text(*found) if found else gettext("not yet known")


def alerts_text(count: int) -> str:
    return ngettext("%(count)d alert", "%(count)d alerts", count) % {"count": count}

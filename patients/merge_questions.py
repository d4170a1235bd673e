"""The two draws of a pair side by side, and where two records contradict each other, in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext

from patients.catalogue import catalogue
from patients.fact_wording import CHOICES, LABELS
from patients.models import Draw
from patients.services import Difference, Pair
from patients.wording import unit_text

FACTS = ("laboratory", "accession", "fasting", "haemolysis", "biotin", "g_csf", "steroid")


@dataclass(frozen=True, slots=True)
class ShownDifference:
    day: str
    what: str
    kept: str
    other: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of two draws side by side; '' where one says nothing of it."""

    label: str
    kept: str
    other: str
    differs: bool


@dataclass(frozen=True, slots=True)
class ShownPair:
    """Two draws that may be one blood. `field` is the name of the question in the form of the merge."""

    field: str
    day: str
    kept: Draw
    other: Draw
    facts: tuple[Fact, ...]
    contradiction: str


def field_of(pair: Pair) -> str:
    return f"blood_{pair.kept.pk}_{pair.other.pk}"


def day_of(pair: Pair) -> str:
    return _moment(pair.kept)


def shown_pair(pair: Pair) -> ShownPair:
    unequal = {one.what for one in pair.differences}
    facts = [Fact(str(LABELS["collected"]), _moment(pair.kept), _moment(pair.other), "collected_at" in unequal)]
    for name in FACTS:
        kept, other = getattr(pair.kept, name), getattr(pair.other, name)
        if {kept, other} - {"", "unknown"}:
            facts.append(Fact(str(LABELS[name]), _fact(name, kept), _fact(name, other), name in unequal))
    facts += [
        Fact(_name(one.marker), unit_text(one.kept), unit_text(one.other), one.marker in unequal) for one in pair.values
    ]
    return ShownPair(field_of(pair), day_of(pair), pair.kept, pair.other, tuple(facts), contradiction(pair.differences))


def contradiction(differences: Iterable[Difference]) -> str:
    """On one line, for the error at the answer "one blood"."""
    told = [shown_difference(one) for one in differences]
    pieces = [
        gettext("%(what)s: %(kept)s and %(other)s")
        % {"what": one.what, "kept": one.kept or gettext("taken back"), "other": one.other}
        for one in told
    ]
    return gettext("; ").join(pieces)


def shown_difference(one: Difference) -> ShownDifference:
    name = "collected" if one.what == "collected_at" else one.what
    what = str(LABELS[name]) if name in LABELS else _name(one.what)
    return ShownDifference(_moment(one.draw), what, _fact(one.what, one.kept), _fact(one.what, one.other))


def _name(marker: str) -> str:
    return catalogue().marker(marker).short_name


def _fact(name: str, text: str) -> str:
    if name == "collected_at" and (at := parse_datetime(text)):
        return date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT")
    if text in {"", "unknown"} and name in LABELS:
        return ""
    return str(CHOICES.get(name, {}).get(text, text)) if name in LABELS else unit_text(text)


def _moment(draw: Draw) -> str:
    at: dt.datetime = timezone.localtime(draw.collected_at)
    return date_format(at, "SHORT_DATETIME_FORMAT" if draw.time_known else "SHORT_DATE_FORMAT")

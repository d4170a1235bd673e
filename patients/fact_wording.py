"""What a draw says of itself, in the reader's language: the name of each fact and what stands there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from patients.models import Fasting, Haemolysis, Taken

LABELS: Final[dict[str, str | Promise]] = {
    "collected": gettext_lazy("Collected"),
    "laboratory": gettext_lazy("Laboratory"),
    "accession": gettext_lazy("Accession number"),
    "fasting": gettext_lazy("Fasting"),
    "haemolysis": gettext_lazy("Haemolysis"),
    "biotin": gettext_lazy("Biotin"),
    "g_csf": gettext_lazy("G-CSF"),
    "steroid": gettext_lazy("Steroid"),
}
CHOICES: Final[dict[str, dict[str, str | Promise]]] = {
    "fasting": dict(Fasting.choices),
    "haemolysis": dict(Haemolysis.choices),
    "biotin": dict(Taken.choices),
    "g_csf": dict(Taken.choices),
    "steroid": dict(Taken.choices),
}


def fact_label(name: str) -> str:
    return str(LABELS.get(name, name))


def fact_text(name: str, text: str) -> str:
    """A fact as people read it; text that is no moment or choice is shown as it is."""
    if name == "collected":
        return _moment_text(text)
    return str(CHOICES.get(name, {}).get(text, text))


def _moment_text(iso: str) -> str:
    try:
        moment = dt.datetime.fromisoformat(iso)
    except ValueError:
        return iso
    if "T" not in iso:
        return date_format(moment.date(), "SHORT_DATE_FORMAT")
    return date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT")


def differing_text(params: Mapping[str, str]) -> str:
    """`Fasting: fasting on record, not fasting on this paper; …` of `DrawFactsDiffer`'s params."""
    said = gettext("%(fact)s: %(stands)s on record, %(says)s on this paper")
    parts = [
        said
        % {
            "fact": fact_label(name),
            "stands": fact_text(name, params.get(f"stands_{name}", "")),
            "says": fact_text(name, params.get(f"says_{name}", "")),
        }
        for name in params.get("facts", "").split(",")
    ]
    return gettext("; ").join(parts)


def filled_text(params: Mapping[str, str]) -> str:
    """`Fasting: not fasting; …` of what a file says of a draw and the record did not know."""
    said = gettext("%(fact)s: %(says)s")
    names = params.get("facts", "").split(",")
    parts = [
        said % {"fact": fact_label(name), "says": fact_text(name, params.get(f"says_{name}", ""))} for name in names
    ]
    return gettext("; ").join(parts)

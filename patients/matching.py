"""Whether two records may be of one person. A question to whoever enters the second, never an answer."""

from __future__ import annotations

import datetime as dt
from difflib import SequenceMatcher
from itertools import product
from typing import Final

from django.db.models import QuerySet

from patients.models import Patient
from patients.name_keys import HAN, WORD, fold, readings
from patients.selectors import same_name

ALIKE: Final = 0.84  # of 1: "Wang Meili" and "Wang Meily", not "Wang Meili" and "Wang Wei"
WORDS_SHARED: Final = 2


def likely_duplicates(
    patients: QuerySet[Patient], *, name: str, birth_date: dt.date | None, but: int = 0
) -> list[Patient]:
    """Those of `patients` with the same birth date and a similar name, or, where a birth date is missing, the same."""
    others = patients.exclude(pk=but).select_related("care_team")
    # Where either birth date is missing there is nothing but the name to go by: it must be the same.
    namesakes = same_name(others, name)
    if birth_date is None:
        return list(namesakes.order_by("name", "pk"))
    born = [one for one in others.filter(birth_date=birth_date) if similar_names(one.name, name)]
    undated = list(namesakes.filter(birth_date__isnull=True))
    return sorted([*born, *undated], key=lambda one: (one.name, one.pk))


def similar_names(one: str, other: str) -> bool:
    """By sound and spelling: 李晓明 and 李小明, 'Li Xiaoming' and 'Xiaoming LI', one letter more or less."""
    return any(_alike(mine, theirs) for mine, theirs in product(_spellings(one), _spellings(other)))


def _spellings(name: str) -> set[tuple[str, ...]]:
    """The name in Latin words, each way it may be read: of '张三 (Zhang San)' both halves."""
    spelled = {reading for signs in HAN.findall(name) for reading in readings(signs)}
    if words := tuple(WORD.findall(fold(HAN.sub(" ", name)))):
        spelled.add(words)
    return spelled


def _alike(mine: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    if "".join(mine) in _turned(theirs) or "".join(theirs) in _turned(mine):
        return True
    shared = set(mine) & set(theirs)
    if len(shared) >= WORDS_SHARED and len(shared) == min(len(mine), len(theirs)):
        return True  # one has a word more: a second family name, a middle name
    pairs = (("".join(mine), "".join(theirs)), ("".join(sorted(mine)), "".join(sorted(theirs))))
    return any(SequenceMatcher(None, *pair).ratio() >= ALIKE for pair in pairs)


def _turned(words: tuple[str, ...]) -> set[str]:
    """The words run together, begun at each: family name first or last."""
    return {"".join(words[at:] + words[:at]) for at in range(len(words))}

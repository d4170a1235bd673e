"""The draws of two records that become one: which are the same blood, and making one draw of two.

Where the record itself takes two draws for one (the same laboratory and accession number, or moment), they are one.
Where they only may be, a person says which: one blood or blood that was taken twice. Nobody guesses, because two draws
confirm a rise and one blood does not.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from patients.models import TAKEN_BACK, TREND_STATUSES, Draw, DrawChange, Patient, Result
from patients.services.draw_facts import FACTS, facts_of

DRAW_STATE: Final = ("fasting", "haemolysis", "biotin", "g_csf", "steroid")
# A reason nobody typed, as those of `draws`: kept in English, read in the reader's language.
MERGE_UNDONE: Final = "the merge of two records was undone"


class Blood(models.TextChoices):
    """What two draws are, one of each record, that may be the same blood."""

    ONE = "one", _("One blood: make one draw of the two")
    TWICE = "twice", _("Blood was taken twice: both draws stay")


Answers = Mapping[tuple[int, int], str]  # (draw of the kept record, draw of the other) -> Blood


@dataclass(frozen=True, slots=True)
class Difference:
    """One marker (or a fact of the sample) on which the two records' rows of one draw do not agree. '' for nothing."""

    draw: Draw
    what: str
    kept: str
    other: str


@dataclass(frozen=True, slots=True)
class SharedValue:
    """One marker of two draws side by side. '' where a draw has none."""

    marker: str
    kept: str
    other: str
    differs: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """Two draws that may be one blood. `moves` are the results that only the other one has, all their versions."""

    kept: Draw
    other: Draw
    values: tuple[SharedValue, ...]
    differences: tuple[Difference, ...]
    moves: tuple[int, ...]
    answer: str = ""

    @property
    def key(self) -> tuple[int, int]:
        return self.kept.pk, self.other.pk

    @property
    def contradicts(self) -> bool:
        """Answered as one blood, which it cannot be as the two draws stand."""
        return self.answer == Blood.ONE and bool(self.differences)


@dataclass(frozen=True, slots=True)
class DrawsPlan:
    """What becomes of the draws of the other record.

    `differences` are of draws that are certainly one; `unsettled` says what is wrong with the answers about `pairs`.
    """

    moved: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    differences: tuple[Difference, ...] = ()
    pairs: tuple[Pair, ...] = ()
    unsettled: str = ""


@dataclass(frozen=True, slots=True)
class _Held:
    """What some draws hold: the standing result of each marker, and every row of it."""

    standing: Mapping[int, Mapping[str, Result]]
    rows: Mapping[int, Mapping[str, Sequence[int]]]


def plan_draws(survivor: Patient, retired: Patient, answers: Answers) -> DrawsPlan:
    """Draws of one sample stay behind where they say the same, and forbid the merge where not. Three queries."""
    mine = list(Draw.objects.filter(patient=survivor).order_by("collected_at", "pk"))
    theirs = list(Draw.objects.filter(patient=retired).order_by("collected_at", "pk"))
    known = {place_of(draw): draw for draw in mine}
    certain = [(known[place_of(draw)], draw) for draw in theirs if place_of(draw) in known]
    settled = {other.pk for _kept, other in certain}
    open_pairs = _may_be_one(mine, [draw for draw in theirs if draw.pk not in settled])
    held = _held({draw.pk for pair in (*certain, *open_pairs) for draw in pair})
    differences = tuple(one for kept, other in certain for one in _compare(other, kept, held.standing))
    pairs = tuple(
        _pair(kept, other, held, answers.get((kept.pk, other.pk), ""))
        for kept, other in open_pairs
        if _shares_a_marker(kept, other, held) or _shares_accession(kept, other)
    )
    joined = {pair.other.pk for pair in pairs if pair.answer == Blood.ONE}
    waiting = {pair.other.pk for pair in pairs if not pair.answer} - joined
    unequal = {one.draw.pk for one in differences}
    moved = [draw for draw in theirs if draw.pk not in settled | joined | waiting]
    return DrawsPlan(
        moved=[draw.pk for draw in moved],
        left=[draw.pk for draw in theirs if draw.pk in (settled | joined) - unequal],
        differences=differences,
        pairs=pairs,
        unsettled=_unsettled(pairs, mine, moved),
    )


def place_of(draw: Draw) -> tuple[str, object]:
    """As the record recognises a draw of one patient."""
    return draw.laboratory, draw.accession or draw.collected_at


# --- which draws may be one blood ---------------------------------------------------------------------------------
def _may_be_one(mine: Iterable[Draw], theirs: Iterable[Draw]) -> list[tuple[Draw, Draw]]:
    """Draws of one day of the clinic, or of one accession number where one laboratory is not known."""
    by_day: dict[dt.date, list[Draw]] = defaultdict(list)
    by_accession: dict[str, list[Draw]] = defaultdict(list)
    for draw in mine:
        by_day[timezone.localdate(draw.collected_at)].append(draw)
        if draw.accession:
            by_accession[draw.accession].append(draw)
    found = []
    for other in theirs:
        that_day = by_day[timezone.localdate(other.collected_at)]
        numbered = [kept for kept in by_accession[other.accession] if _shares_accession(kept, other)]
        found += [(kept, other) for kept in dict.fromkeys([*that_day, *numbered])]
    return found


def _shares_accession(kept: Draw, other: Draw) -> bool:
    return bool(kept.accession) and kept.accession == other.accession and "" in {kept.laboratory, other.laboratory}


def _shares_a_marker(kept: Draw, other: Draw, held: _Held) -> bool:
    return not held.standing[kept.pk].keys().isdisjoint(held.standing[other.pk])


def _held(draw_ids: Collection[int]) -> _Held:
    standing: dict[int, dict[str, Result]] = {pk: {} for pk in draw_ids}
    rows: dict[int, dict[str, list[int]]] = {pk: defaultdict(list) for pk in draw_ids}
    for row in Result.objects.filter(draw_id__in=draw_ids).select_related("assay").order_by("version"):
        rows[row.draw_id][row.marker_id].append(row.pk)
        standing[row.draw_id][row.marker_id] = row  # the last version is what stands
    for by_marker in standing.values():
        for marker in [code for code, row in by_marker.items() if row.status in TAKEN_BACK]:
            del by_marker[marker]
    return _Held(standing, rows)


def _pair(kept: Draw, other: Draw, held: _Held, answer: str) -> Pair:
    mine, theirs = held.standing[kept.pk], held.standing[other.pk]
    values = tuple(
        SharedValue(
            marker=marker,
            kept=_reported(mine[marker]) if marker in mine else "",
            other=_reported(theirs[marker]) if marker in theirs else "",
            differs=marker in mine and marker in theirs and not _agrees(mine[marker], theirs[marker]),
        )
        for marker in sorted(mine.keys() | theirs.keys())
    )
    moves = [pk for marker in theirs if marker not in held.rows[kept.pk] for pk in held.rows[other.pk][marker]]
    return Pair(
        kept=kept,
        other=other,
        values=values,
        differences=tuple(_contradictions(kept, other, held)),
        moves=tuple(sorted(moves)),
        answer=answer if answer in Blood.values else "",
    )


def _unsettled(pairs: Sequence[Pair], mine: Sequence[Draw], moved: Sequence[Draw]) -> str:
    if any(not pair.answer for pair in pairs):
        return "merge_bloods_unanswered"
    one = [pair for pair in pairs if pair.answer == Blood.ONE]
    if max(Counter(pk for pair in one for pk in pair.key).values(), default=0) > 1:
        return "merge_blood_joined_twice"
    if any(pair.contradicts for pair in one):
        return "merge_blood_differs"
    joined = {pair.kept.pk: _place_filled(pair) for pair in one}
    now = {place_of(draw): draw.pk for draw in mine}
    if any(now.get(place, pk) != pk for pk, place in joined.items()):
        return (
            "merge_place_taken"  # even where the other leaves it in this merge: one of the two would stand there first
        )
    places = Counter([joined.get(draw.pk, place_of(draw)) for draw in mine] + [place_of(draw) for draw in moved])
    return "merge_place_taken" if max(places.values(), default=0) > 1 else ""


# --- whether they say the same ------------------------------------------------------------------------------------
def _compare(draw: Draw, kept: Draw, values: Mapping[int, Mapping[str, Result]]) -> Iterator[Difference]:
    if draw.collected_at != kept.collected_at:
        yield Difference(draw, "collected_at", kept.collected_at.isoformat(), draw.collected_at.isoformat())
    for name in DRAW_STATE:
        mine, theirs = getattr(kept, name), getattr(draw, name)
        if theirs not in {mine, "unknown"}:
            yield Difference(draw, name, mine, theirs)
    standing = values[kept.pk]
    for marker, other in sorted(values[draw.pk].items()):
        if marker not in standing or not _same_value(standing[marker], other):
            here = _reported(standing[marker]) if marker in standing else ""
            yield Difference(draw, marker, here, _reported(other))


def _contradictions(kept: Draw, other: Draw, held: _Held) -> Iterator[Difference]:
    """What stands against two draws being one. What only one of them says contradicts nothing."""
    if _at_another_time(kept, other):
        yield Difference(other, "collected_at", kept.collected_at.isoformat(), other.collected_at.isoformat())
    for name in ("laboratory", "accession", *DRAW_STATE):
        mine, theirs = getattr(kept, name), getattr(other, name)
        if mine != theirs and not {mine, theirs} & {"", "unknown"}:
            yield Difference(other, name, mine, theirs)
    standing = held.standing[kept.pk]
    for marker, theirs in sorted(held.standing[other.pk].items()):
        if marker in standing and not _agrees(standing[marker], theirs):
            yield Difference(other, marker, _with_assay(standing[marker]), _with_assay(theirs))
        elif marker not in standing and marker in held.rows[kept.pk]:
            # Taken back in the one and standing in the other: which is right is nobody's guess here.
            yield Difference(other, marker, "", _with_assay(theirs))


def _at_another_time(kept: Draw, other: Draw) -> bool:
    if kept.time_known and other.time_known:
        return kept.collected_at != other.collected_at
    return timezone.localdate(kept.collected_at) != timezone.localdate(other.collected_at)


def _same_value(kept: Result, other: Result) -> bool:
    """To the sign: '5.0' and '5.00' are two reports, and which is right is nobody's guess here.

    In two units they are compared as numbers, as far as they were rounded.
    """
    if kept.unit != other.unit:
        return _agrees(kept, other)
    facts = ("comparator", "value", "absent")
    same_assay = _assay(kept) == _assay(other)
    return _settled(kept, other) and same_assay and all(getattr(kept, name) == getattr(other, name) for name in facts)


def _agrees(kept: Result, other: Result) -> bool:
    """Whether two reports of one blood say the same number; an assay that only the kept one names is no difference."""
    if not _settled(kept, other) or _assay(other) not in {"", _assay(kept)}:
        return False
    if (kept.absent, kept.comparator) != (other.absent, other.comparator):
        return False
    return bool(kept.absent) or _same_number(kept, other)


def _same_number(kept: Result, other: Result) -> bool:
    """In one unit exactly; in two, as far as the one or the other was rounded: 9.4 mg/dL is 2.35 mmol/L."""
    if kept.factor == other.factor:
        return Decimal(kept.value) == Decimal(other.value)
    apart = abs(Decimal(kept.value) * Decimal(kept.factor or 1) - Decimal(other.value) * Decimal(other.factor or 1))
    return apart <= max(_rounding(kept), _rounding(other))


def _rounding(result: Result) -> Decimal:
    """Half of the last place that was reported, in the marker's own unit."""
    exponent = Decimal(result.value).as_tuple().exponent
    assert isinstance(exponent, int)
    return Decimal((0, (5,), exponent - 1)) * Decimal(result.factor or 1)


def _settled(kept: Result, other: Result) -> bool:
    """A value that was corrected into agreement agrees; one that waits does not stand in for one that counts."""
    if kept.awaiting_check and not other.awaiting_check:
        return False
    return kept.status == other.status or {kept.status, other.status} <= set(TREND_STATUSES)


def _assay(result: Result) -> str:
    return result.assay.name if result.assay else ""


def _reported(result: Result) -> str:
    return result.reported if result.absent else f"{result.reported} {result.unit}"


def _with_assay(result: Result) -> str:
    notes = [_assay(result)] if result.assay else []
    notes += [gettext("waits for its second check")] if result.awaiting_check else []
    return f"{_reported(result)} ({', '.join(notes)})" if notes else _reported(result)


# --- one draw of two, and back ------------------------------------------------------------------------------------
def join_pairs(pairs: Iterable[Pair], *, reason: str, by: User | None) -> list[dict[str, Any]]:
    """Do what was answered; gives what is needed to undo it, JSON. The other draw stays behind with what both hold."""
    done = []
    for pair in pairs:
        told: dict[str, Any] = {"kept": pair.kept.pk, "other": pair.other.pk, "answer": pair.answer}
        if pair.answer == Blood.ONE:
            Result.objects.filter(pk__in=pair.moves).update(draw=pair.kept)
            filled = _filled(pair)
            told |= {"results": list(pair.moves), "before": _stated(pair.kept, filled)}
            _state(pair.kept, filled, reason=reason, by=by)
            told["after"] = _stated(pair.kept, filled)
        done.append(told)
    return done


def part_pairs(bloods: Iterable[Mapping[str, Any]], *, by: User | None) -> None:
    """Take `join_pairs` back: each result goes back with what became of it since; a fact only where it still stands."""
    for told in bloods:
        if told["answer"] != Blood.ONE:
            continue
        kept = Draw.objects.get(pk=told["kept"])
        # The kept draw had no row of these markers before: whatever it has of them now grew from what was moved.
        _rows_that_go_back(told).update(draw_id=told["other"])
        _state(kept, facts_that_go_back(kept, told), reason=MERGE_UNDONE, by=by)


def _rows_that_go_back(told: Mapping[str, Any]) -> models.QuerySet[Result]:
    markers = Result.objects.filter(pk__in=told["results"]).values("marker")
    return Result.objects.filter(draw_id=told["kept"], marker__in=list(markers.values_list("marker", flat=True)))


def facts_that_go_back(kept: Draw, told: Mapping[str, Any]) -> dict[str, Any]:
    """What the kept draw said before, of each fact that nobody changed since; a moment goes back as a whole."""
    same = {name for name, now in _stated(kept, told["after"]).items() if now == told["after"][name]}
    if not {"collected_at", "time_known"} <= same:
        same -= {"collected_at", "time_known"}
    facts: dict[str, Any] = {name: told["before"][name] for name in told["before"] if name in same}
    if "collected_at" in facts:
        facts["collected_at"] = dt.datetime.fromisoformat(facts["collected_at"])
    return facts


def _filled(pair: Pair) -> dict[str, Any]:
    """What the other draw knows and the kept one does not."""
    kept, other = pair.kept, pair.other
    facts: dict[str, Any] = {}
    if other.time_known and not kept.time_known:
        facts = {"collected_at": other.collected_at, "time_known": True}
    for name in ("laboratory", "accession", "note", *DRAW_STATE):
        mine, theirs = getattr(kept, name), getattr(other, name)
        if mine in {"", "unknown"} and theirs not in {"", "unknown"}:
            facts[name] = theirs
    return facts


def _place_filled(pair: Pair) -> tuple[str, object]:
    filled = _filled(pair)
    laboratory = filled.get("laboratory", pair.kept.laboratory)
    accession = filled.get("accession", pair.kept.accession)
    return laboratory, accession or filled.get("collected_at", pair.kept.collected_at)


def _stated(draw: Draw, names: Iterable[str]) -> dict[str, Any]:
    now = {name: getattr(draw, name) for name in names}
    return {name: value.isoformat() if isinstance(value, dt.datetime) else value for name, value in now.items()}


def _state(draw: Draw, facts: Mapping[str, Any], *, reason: str, by: User | None) -> None:
    """Change what a draw says of itself, with its line in the history of the draw."""
    if not facts:
        return
    old = facts_of(draw)
    for name, value in facts.items():
        setattr(draw, name, value)
    draw.version += 1
    draw.save()
    new = facts_of(draw)
    DrawChange.objects.bulk_create(
        DrawChange(draw=draw, version=draw.version, field=name, old=old[name], new=new[name], reason=reason, by=by)
        for name in FACTS
        if old[name] != new[name]
    )

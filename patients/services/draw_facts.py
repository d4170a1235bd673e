"""What a draw says of itself: reading it as text, amending it, and filling in what a second paper knows.

A paper of blood that is on record already may know more of the draw than the first one did. What the record does not
know is filled in; where both know and differ, nobody can say from here which is right, so it is refused aloud.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from django.utils import timezone

from accounts.models import User
from audit.services import NewEvent, record_many
from patients.laboratory_profile import key_of, of_laboratory
from patients.models import Draw, DrawChange
from patients.services.errors import AccessionAtAnotherTime, DrawFactsDiffer, DrawOnRecord

if TYPE_CHECKING:
    from patients.services.draws import NewDraw

# What a draw says of itself and may be corrected in; a name is an attribute of Draw and NewDraw, but for the moment.
MOMENT: Final = "collected"
FACTS: Final = (MOMENT, "laboratory", "accession", "fasting", "haemolysis", "biotin", "g_csf", "steroid")
# What two draws of one patient are told apart by.
KNOWN_BY: Final = (MOMENT, "laboratory", "accession")
NOT_KNOWN: Final = frozenset({"", "unknown"})
# The reason of what a later paper or file filled in; nobody typed it.
SAID_LATER: Final = "not known before; said by a later paper or file"

Changes = Mapping[str, tuple[str, str]]  # fact -> what stands, what it is to be


def facts_of(draw: Draw | NewDraw) -> dict[str, str]:
    """What a draw says of itself as text, a moment in ISO form; a day alone where the time is not known."""
    local = timezone.localtime(draw.collected_at)
    moment = local.isoformat(timespec="seconds") if draw.time_known else local.date().isoformat()
    return {MOMENT: moment, **{name: str(getattr(draw, name)) for name in FACTS if name != MOMENT}}


def changed_facts(draw: Draw, facts: NewDraw) -> dict[str, tuple[str, str]]:
    """fact -> what stands, what it is to be; only what differs."""
    old, new = facts_of(draw), facts_of(facts)
    return {name: (old[name], new[name]) for name in FACTS if old[name] != new[name]}


def former_names(row: Draw) -> Iterator[tuple[dt.datetime, str, str]]:
    """When, where and under which number the draw was on record before each of its changes; its `changes` are read."""
    said = facts_of(row)
    latest_first = sorted(row.changes.all(), key=attrgetter("version"), reverse=True)
    for _version, changes in groupby(latest_first, key=attrgetter("version")):
        said |= {change.field: change.old for change in changes}
        yield _moment_of(said[MOMENT]), said["laboratory"], said["accession"]


def _moment_of(text: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text)
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment


def same_moment(row: Draw, draw: NewDraw) -> bool:
    """Laboratories use their numbers again: the same number at another time is another draw."""
    if row.collected_at == draw.collected_at:
        return True
    if row.time_known and draw.time_known:
        return False
    return timezone.localdate(row.collected_at) == timezone.localdate(draw.collected_at)


def at_another_time(row: Draw) -> AccessionAtAnotherTime:
    when = timezone.localtime(row.collected_at).isoformat(sep=" ", timespec="minutes")
    return AccessionAtAnotherTime(accession=row.accession, recorded=when)


def on_record(draw: Draw | NewDraw) -> DrawOnRecord:
    return DrawOnRecord(moment=facts_of(draw)[MOMENT][:16].replace("T", " "))


# --- what a second paper knows ------------------------------------------------------------------------------------


def facts_to_fill(row: Draw, paper: NewDraw, *, said_before: Mapping[str, Collection[str]] | None = None) -> Changes:
    """What `paper` knows of this draw and the record does not.

    `said_before`, fact -> what stood there until a person corrected it: an old file read again undoes no correction.

    Raises
    ------
    DrawFactsDiffer
        both know and do not agree.
    """
    known = said_before or {}
    news = {
        name: (old, new)
        for name, (old, new) in changed_facts(row, paper).items()
        if new not in known.get(name, ()) and not _agree(name, row, paper)
    }
    if differing := {name: pair for name, pair in news.items() if not _was_unknown(name, row)}:
        raise differ(row, differing)
    return news


def filled_in(row: Draw, paper: NewDraw, changes: Changes) -> NewDraw:
    """The draw as it reads once `changes` are written; what the paper does not know stays."""
    known = {name: getattr(paper if name in changes else row, name) for name in FACTS if name != MOMENT}
    moment = paper if MOMENT in changes else row
    return replace(paper, collected_at=moment.collected_at, time_known=moment.time_known, **known)


def differ(row: Draw, differing: Changes) -> DrawFactsDiffer:
    params = {"draw": str(row.pk), "facts": ",".join(differing)}
    for name, (stands, says) in differing.items():
        params |= {f"stands_{name}": stands, f"says_{name}": says}
    return DrawFactsDiffer(**params)


def _was_unknown(name: str, row: Draw) -> bool:
    return not row.time_known if name == MOMENT else str(getattr(row, name)) in NOT_KNOWN


def _agree(name: str, row: Draw, paper: NewDraw) -> bool:
    """Whether the paper says nothing of this fact, or the same in other words."""
    if name == MOMENT:
        return not paper.time_known or (row.time_known and _minutes_agree(row.collected_at, paper.collected_at))
    says = str(getattr(paper, name))
    if says in NOT_KNOWN:
        return True
    # A laboratory is the same however its name is spaced and capitalised.
    return name == "laboratory" and key_of(says) == key_of(row.laboratory)


def _minutes_agree(one: dt.datetime, other: dt.datetime) -> bool:
    """A paper prints no seconds, so 08:15 and 08:15:30 say the same."""
    whole = [moment.replace(second=0, microsecond=0) for moment in (one, other)]
    return whole[0] == whole[1] and (one in whole or other in whole)


# --- writing ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Amendment:
    """One draw and what becomes of what it says of itself."""

    draw: Draw
    facts: NewDraw
    changes: Changes


def amend_draws(amendments: Iterable[Amendment], *, actor: str, reason: str, by: User | None) -> None:
    """Write the changes under a next version of each draw; a fixed number of queries.

    The caller holds the patients and has asked `refuse_another_draws_place` where a draw could take another's.
    """
    amended = [one for one in amendments if one.changes]
    if not amended:
        return
    for one in amended:
        for name in one.changes:
            if name == MOMENT:
                one.draw.collected_at, one.draw.time_known = one.facts.collected_at, one.facts.time_known
            else:
                setattr(one.draw, name, getattr(one.facts, name))
        one.draw.version += 1
    names = {name for one in amended for name in one.changes}
    columns = ("collected_at", "time_known") if MOMENT in names else ()
    Draw.objects.bulk_update([one.draw for one in amended], ["version", *columns, *sorted(names - {MOMENT})])
    DrawChange.objects.bulk_create(
        DrawChange(draw=one.draw, version=one.draw.version, field=name, old=old, new=new, reason=reason, by=by)
        for one in amended
        for name, (old, new) in one.changes.items()
    )
    record_many(
        actor=actor,
        events=[
            NewEvent(
                action="draw.amended",
                object_type="draw",
                object_id=str(one.draw.pk),
                patient_id=one.draw.patient_id,
                details={"facts": list(one.changes), "version": one.draw.version},
            )
            for one in amended
        ],
    )


def refuse_another_draws_place(draw: Draw, facts: NewDraw) -> None:
    """Two draws of one patient are told apart by accession number, or by time where there is none."""
    others = Draw.objects.filter(patient_id=draw.patient_id, accession=facts.accession).exclude(pk=draw.pk)
    if not facts.accession:
        others = others.filter(collected_at=facts.collected_at)
    other = next(of_laboratory(facts.laboratory, others.order_by("pk")), None)
    if other and facts.accession:
        raise at_another_time(other)
    if other:
        raise on_record(facts)

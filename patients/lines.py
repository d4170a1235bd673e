"""Several draws on one page. Each line is a draw of its own: read, and recorded in a transaction of its own.

So a line that is refused holds up no other.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext, ngettext

from accounts.models import User
from patients.entry import Entry, EntryRow, Typed, read_entry
from patients.fact_wording import fact_label
from patients.forms import DrawForm
from patients.laboratory_profile import Profile
from patients.line_facts import LineFact, LineForm, facts_of_draw, facts_of_form, line_form
from patients.messages import explain
from patients.models import Draw, Patient, Result
from patients.ranges import Intervals
from patients.same_day import SameDay, draw_meant, question
from patients.selectors import SeriesPoint, standing_counts
from patients.services import DrawFactsDiffer, NewDraw, OtherDrawOfTheDay, RecordError, ResultExists, record_draw
from patients.sheets import Sheet

# What is wrong with a correction belongs on the page of the draw that is corrected.
CHOICES = (SameDay.SAME, SameDay.SECOND)
LONG_AGO: Final = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One draw of the page. `saved_at` is empty until it is on record; `problems` say why it is not.

    `choice` is what was answered to the question what the paper is, `shown` the draw that it was asked about. `draw` is
    then the draw on record; it `joined` the page's values where it had been there before.
    """

    key: str
    patient: Patient
    form: LineForm
    entry: Entry
    number: str = ""
    day: str = ""
    choice: str = ""
    saved_at: str = ""
    draw_id: int | None = None
    problems: tuple[str, ...] = ()
    on_hold: int = 0  # of the values recorded just now, how many wait for a second person
    other: Draw | None = None
    shown: str = ""
    decimal_comma: bool = False
    draw: Draw | None = None
    joined: bool = False
    filled: tuple[str, ...] = ()  # what was not known of that draw before

    @property
    def typed(self) -> bool:
        return not self.entry.empty

    @property
    def waits(self) -> bool:
        """Holds values that are not on record yet."""
        return self.typed and not self.saved_at

    @property
    def asks_what_it_is(self) -> bool:
        return self.other is not None or bool(self.choice)

    @property
    def at(self) -> dt.datetime:
        """When the blood was taken, however it was written; the first of all moments where it cannot be read."""
        return self.form.moment or LONG_AGO

    @property
    def facts(self) -> list[LineFact]:
        return facts_of_form(self.form) if self.draw is None else facts_of_draw(self.draw)

    @property
    def filled_text(self) -> str:
        return gettext(", ").join(fact_label(name) for name in self.filled)

    @property
    def urgent(self) -> list[str]:
        """What must be told to a doctor now, of what was measured and of what is computed from it."""
        measured = [text for row in self.entry.rows for text in row.urgent]
        return [*measured, *(text for row in self.entry.computed for text in row.urgent)]

    def is_one_draw_with(self, other: Line) -> bool:
        """Whether nothing tells the two apart: one day, and no time or accession number of its own for each."""
        mine, theirs = self._told_by(), other._told_by()
        if mine is None or theirs is None or mine[0] != theirs[0]:
            return False
        return not any(one and another and one != another for one, another in zip(mine[1:], theirs[1:], strict=True))

    def _told_by(self) -> tuple[dt.date, dt.time | None, str] | None:
        """Day, time and number, of a draw on record as they stand there; None where they cannot be read."""
        if self.draw is not None:
            moment = timezone.localtime(self.draw.collected_at)
            return moment.date(), moment.time() if self.draw.time_known else None, self.draw.accession
        if not self.form.is_valid():
            return None
        data = self.form.cleaned_data
        return data["collected_on"], data["collected_time"], data["accession"]

    @property
    def across(self) -> list[str]:
        """What does not fit between the values of this draw."""
        return [explain(concern.code, concern.params) for concern in self.entry.across]

    @property
    def to_confirm(self) -> list[EntryRow]:
        return [row for row in self.entry.rows if row.asks_again and not row.error]

    @property
    def wrong(self) -> list[EntryRow]:
        return [row for row in self.entry.rows if row.error]


def read_line(
    *,
    key: str,
    patient: Patient,
    sheet: Sheet,
    day: str,
    profile: Profile,
    history: Mapping[str, Sequence[SeriesPoint]] | None = None,
    intervals: Intervals | None = None,
    numbered: Collection[Draw] | None = None,
    units: Mapping[str, str] | None = None,
) -> Line:
    """One draw as the page holds it. Without a day nothing can have stood before it, so nothing is compared.

    `units` are those of its values on record, where it is saved: the heading may name another one since.
    """
    form = line_form(patient, sheet, key, day=day, numbered=numbered)
    collected_at = form.moment
    entry = read_entry(
        patient=patient,
        markers=profile.in_order(sheet.markers),
        typed=_in_units(sheet.typed(key), units or {}),
        collected_at=timezone.localtime(collected_at or timezone.now()),
        decimal_comma=profile.decimal_comma,
        laboratory=sheet.fact("laboratory"),
        history={} if collected_at is None else history,
        intervals=intervals,
    )
    return Line(
        key=key,
        patient=patient,
        form=form,
        entry=entry,
        number=key,
        day=day,
        choice=sheet.fact(f"same_day_{key}"),
        shown=sheet.fact(f"same_draw_{key}"),
        decimal_comma=profile.decimal_comma,
    )


def _in_units(typed: Mapping[str, Typed], units: Mapping[str, str]) -> dict[str, Typed]:
    return {code: replace(cell, unit=units.get(code, cell.unit)) for code, cell in typed.items()}


def units_on_record(sheet: Sheet, patient_ids: Collection[int]) -> dict[str, dict[str, str]]:
    """line -> marker -> unit, of the lines that are saved for these patients; one query, or none."""
    lines = {draw_id: line for line, (_at, draw_id) in sheet.saved.items()}
    if not lines:
        return {}
    units: dict[str, dict[str, str]] = {line: {} for line in lines.values()}
    rows = Result.objects.current().filter(draw_id__in=lines, draw__patient_id__in=patient_ids, absent="")
    for draw_id, marker, unit in rows.values_list("draw_id", "marker_id", "unit"):
        units[lines[draw_id]][marker] = unit
    return units


def with_draws(lines: Sequence[Line]) -> list[Line]:
    """The lines with what is on record of those that are saved; one query, or none."""
    asked = {line.draw_id for line in lines if line.draw_id is not None}
    if not asked:
        return list(lines)
    rows = Draw.objects.filter(patient_id__in={line.patient.pk for line in lines}).in_bulk(asked)
    found = ((line, rows.get(line.draw_id or 0)) for line in lines)
    return [
        replace(line, draw=row) if row is not None and row.patient_id == line.patient.pk else line
        for line, row in found
    ]


def checked(line: Line) -> Line:
    """The line with what is wrong with its day or laboratory; its cells say for themselves."""
    if line.form.is_valid():
        return line
    return replace(line, problems=(*line.problems, *_of_form(line.form)))


def _of_form(form: DrawForm) -> Iterator[str]:
    for name, errors in form.errors.items():
        label = f"{form.fields[name].label}{gettext(': ')}" if name in form.fields else ""
        yield from (f"{label}{error}" for error in errors)


def record_line(line: Line, *, user: User) -> Line:
    """Record the draw, or say why not; then nothing of this line is written."""
    line = checked(line)
    if line.problems or not line.entry.readable:
        return line
    meant = _draw_meant(line)
    line = _beside(line, meant)
    if not line.entry.readable:
        return line
    try:
        outcome = record_draw(
            actor=user.audit_name,
            patient_id=line.patient.pk,
            draw=_described(line.form),
            results=line.entry.results(),
            recorded_by=user,
            ask_same_day=line.choice != SameDay.SECOND,
            same_as=meant.pk if meant and line.choice == SameDay.SAME else None,
        )
    except ResultExists as refusal:
        text = explain(refusal.code, refusal.params)
        return replace(line, entry=line.entry.with_error(refusal.params["marker"], text))
    except OtherDrawOfTheDay as asks:
        other = Draw.objects.get(pk=asks.draw_id)
        return replace(line, other=other, problems=(question(other),))
    except DrawFactsDiffer as refusal:
        other = Draw.objects.get(pk=refusal.draw_id)
        return replace(line, other=other, problems=(explain(refusal.code, refusal.params),))
    except RecordError as refusal:
        return replace(line, problems=(explain(refusal.code, refusal.params),))
    saved_at = timezone.localtime().strftime("%H:%M:%S")
    return replace(
        line,
        saved_at=saved_at,
        draw_id=outcome.draw_id,
        joined=bool(outcome.created) and not outcome.draw_created,
        filled=outcome.filled,
        on_hold=outcome.on_hold,
    )


def on_hold_text(lines: Sequence[Line], *, user: User) -> str:
    """Of what was recorded just now, how much waits for whom; '' where nothing does."""
    count = sum(line.on_hold for line in lines)
    if not count:
        return ""
    text = ngettext(
        "%(count)d value waits for a second person: somebody else than %(person)s. No trend reads it until then.",
        "%(count)d values wait for a second person: somebody else than %(person)s. No trend reads them until then.",
        count,
    )
    return text % {"count": count, "person": user}


def _draw_meant(line: Line) -> Draw | None:
    markers = [new.marker for new in line.entry.results()]
    choice = line.choice if line.choice in CHOICES else ""
    return draw_meant(
        line.patient, line.form.cleaned_data, line.form.collected_at, markers, choice=choice, shown=line.shown
    )


def _beside(line: Line, meant: Draw | None) -> Line:
    """The line read again beside what stands in its draw already: all of the draw must go together."""
    if meant is None:
        return line
    rows = line.entry.rows
    entry = read_entry(
        patient=line.patient,
        markers=[row.marker for row in rows],
        typed={row.marker.code: row.typed for row in rows},
        collected_at=timezone.localtime(line.form.collected_at),
        decimal_comma=line.decimal_comma,
        laboratory=line.form.cleaned_data["laboratory"],
        history=line.entry.history,
        beside=standing_counts(meant.pk),
    )
    return replace(line, entry=entry)


def _described(form: LineForm) -> NewDraw:
    data = form.cleaned_data
    return NewDraw(
        collected_at=form.collected_at,
        time_known=form.time_known,
        laboratory=data["laboratory"],
        accession=data["accession"],
        fasting=data["fasting"],
        haemolysis=data["haemolysis"],
        biotin=data["biotin"],
        g_csf=data["g_csf"],
        steroid=data["steroid"],
    )

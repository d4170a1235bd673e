"""Several draws on one page. Each line is a draw of its own: read, and recorded in a transaction of its own.

So a line that is refused holds up no other.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils import timezone
from django.utils.translation import gettext, ngettext

from accounts.models import User
from patients.catalogue import MarkerDefinition
from patients.entry import Entry, EntryRow, Typed, read_entry
from patients.forms import DrawForm
from patients.messages import explain
from patients.models import Draw, Patient
from patients.same_day import SameDay, draw_meant, question
from patients.selectors import SeriesPoint, standing_counts
from patients.services import DrawFactsDiffer, NewDraw, OtherDrawOfTheDay, RecordError, ResultExists, record_draw

# What is wrong with a correction belongs on the page of the draw that is corrected.
CHOICES = (SameDay.SAME, SameDay.SECOND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One draw of the page. `saved_at` is empty until it is on record; `problems` say why it is not.

    `choice` is what was answered to the question what the paper is, `shown` the draw that it was asked about.
    """

    key: str
    patient: Patient
    form: DrawForm
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
    def on(self) -> dt.date:
        """The day of the draw, however it was written; the first of all days where it cannot be read."""
        return self.form.cleaned_data["collected_on"] if self.form.is_valid() else dt.date.min

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
    markers: Sequence[MarkerDefinition],
    typed: Mapping[str, Typed],
    day: str,
    laboratory: str,
    choice: str = "",
    shown: str = "",
    history: Mapping[str, Sequence[SeriesPoint]] | None = None,
    decimal_comma: bool = False,
) -> Line:
    form = _facts(patient, day=day, laboratory=laboratory, choice=choice)
    collected_at = form.collected_at if form.is_valid() else timezone.now()
    entry = read_entry(
        patient=patient,
        markers=markers,
        typed=typed,
        collected_at=timezone.localtime(collected_at),
        decimal_comma=decimal_comma,
        history=history,
    )
    return Line(
        key=key,
        patient=patient,
        form=form,
        entry=entry,
        day=day,
        choice=choice,
        shown=shown,
        decimal_comma=decimal_comma,
    )


def _facts(patient: Patient, *, day: str, laboratory: str, choice: str) -> DrawForm:
    """The facts of a draw of which only the day and the laboratory were asked."""
    fresh = {name: field.initial or "" for name, field in DrawForm.base_fields.items()}
    return DrawForm(
        fresh | {"collected_on": day, "laboratory": laboratory, "same_day": choice},
        patient=patient,
    )


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
    return replace(line, saved_at=saved_at, draw_id=outcome.draw_id, on_hold=outcome.on_hold)


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
        history=line.entry.history,
        beside=standing_counts(meant.pk),
    )
    return replace(line, entry=entry)


def _described(form: DrawForm) -> NewDraw:
    return NewDraw(
        collected_at=form.collected_at, time_known=form.time_known, laboratory=form.cleaned_data["laboratory"]
    )

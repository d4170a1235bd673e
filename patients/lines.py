"""Several draws on one page. Each line is a draw of its own: read, and recorded in a transaction of its own.

So a line that is refused holds up no other.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils import timezone
from django.utils.translation import gettext

from accounts.models import User
from patients.catalogue import MarkerDefinition
from patients.entry import Entry, EntryRow, Typed, read_entry
from patients.forms import DrawForm
from patients.messages import explain
from patients.models import Draw, Patient
from patients.ranges import Intervals
from patients.same_day import SameDay, other_draw, question
from patients.selectors import SeriesPoint
from patients.services import NewDraw, RecordError, ResultExists, record_draw

# What is wrong with a correction belongs on the page of the draw that is corrected.
CHOICES = (SameDay.SAME, SameDay.SECOND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One draw of the page. `saved_at` is empty until it is on record; `problems` say why it is not."""

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
    other: Draw | None = None

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
    history: Mapping[str, Sequence[SeriesPoint]] | None = None,
    decimal_comma: bool = False,
    intervals: Intervals | None = None,
) -> Line:
    form = _facts(patient, day=day, laboratory=laboratory, choice=choice)
    collected_at = form.collected_at if form.is_valid() else timezone.now()
    entry = read_entry(
        patient=patient,
        markers=markers,
        typed=typed,
        collected_at=timezone.localtime(collected_at),
        decimal_comma=decimal_comma,
        laboratory=laboratory,
        history=history,
        intervals=intervals,
    )
    return Line(key=key, patient=patient, form=form, entry=entry, day=day, choice=choice)


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
    markers = [new.marker for new in line.entry.results()]
    other = other_draw(line.patient, line.form.cleaned_data, line.form.collected_at, markers)
    if other and line.choice not in CHOICES:
        return replace(line, other=other, problems=(question(other),))
    same = other if line.choice == SameDay.SAME else None
    try:
        outcome = record_draw(
            actor=user.audit_name,
            patient_id=line.patient.pk,
            draw=_described(line.form, same),
            results=line.entry.results(),
            recorded_by=user,
        )
    except ResultExists as refusal:
        text = explain(refusal.code, refusal.params)
        return replace(line, entry=line.entry.with_error(refusal.params["marker"], text))
    except RecordError as refusal:
        return replace(line, problems=(explain(refusal.code, refusal.params),))
    return replace(line, saved_at=timezone.localtime().strftime("%H:%M:%S"), draw_id=outcome.draw_id)


def _described(form: DrawForm, on_record: Draw | None) -> NewDraw:
    known = on_record or form
    return NewDraw(
        collected_at=known.collected_at,
        time_known=known.time_known,
        laboratory=on_record.laboratory if on_record else form.cleaned_data["laboratory"],
        accession=on_record.accession if on_record else "",
    )

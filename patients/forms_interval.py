"""What an administrator copies from a laboratory's table of reference intervals, checked before it is recorded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from patients.catalogue import MarkerDefinition, catalogue
from patients.forms import PlainWidgets, date_field
from patients.interval_checks import odd_limits
from patients.interval_tables import more_exact_before
from patients.messages import explain
from patients.models import IntervalSex, Laboratory, LaboratoryInterval
from patients.models.laboratory_interval import LONGEST_LIMIT, LONGEST_REASON, LONGEST_SOURCE, OLDEST_AGE
from patients.ranges import line_text
from patients.services import NewInterval, new_line, rival
from patients.units import UnitProblem, canonicalise
from patients.values import ValueProblem, parse_value

LONGEST_ASSAY: Final = 80
LONGEST_UNIT: Final = 40
# Which signs may stand before a limit, and what the other ones say it is.
SIGNS: Final = {"low": ("", ">", ">="), "high": ("", "<", "<=")}


class TableHeadForm(PlainWidgets, forms.Form):
    """Whose limits the lines below are, and since when."""

    valid_from = date_field(_("Valid from"))
    sex = forms.ChoiceField(label=_("Sex"), required=False, choices=[("", _("everybody")), *IntervalSex.choices])
    age_from = forms.IntegerField(label=_("From the age of"), required=False, min_value=0, max_value=OLDEST_AGE)
    age_to = forms.IntegerField(
        label=_("To the age of"),
        required=False,
        min_value=0,
        max_value=OLDEST_AGE,
        help_text=_("In whole years; both ends belong to it. Empty: no limit."),
    )
    source = forms.CharField(
        label=_("Source"),
        required=False,
        max_length=LONGEST_SOURCE,
        help_text=_("The paper or page it was copied from."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dress()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first, last = data.get("age_from"), data.get("age_to")
        if first is not None and last is not None and first > last:
            self.add_error("age_to", gettext("The ages end before they begin, at %(first)s.") % {"first": first})
        return data


class EndForm(PlainWidgets, forms.Form):
    last_day = date_field(_("Its last day"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dress()


class WithdrawForm(PlainWidgets, forms.Form):
    reason = forms.CharField(label=_("Why it was wrong"), max_length=LONGEST_REASON)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dress()


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalRow:
    """One marker of the page: what was typed, what is wrong with it, and what must be said yes to first."""

    marker: MarkerDefinition
    low: str = ""
    high: str = ""
    unit: str = ""
    assay: str = ""
    agreed: str = ""
    error: str = ""
    doubts: tuple[str, ...] = ()
    stamp: str = ""

    @property
    def filled(self) -> bool:
        return bool(self.low or self.high)

    @property
    def asks(self) -> bool:
        """A tick says yes to what stood there when it was made, not to what was typed since."""
        return bool(self.doubts) and self.agreed != self.stamp

    @property
    def blocks(self) -> bool:
        return bool(self.error) or self.asks


def blank_rows(laboratory: Laboratory, *, like: LaboratoryInterval | None = None) -> tuple[IntervalRow, ...]:
    """Every marker that can be entered, those of the laboratory's report first; one line may be there to be mended."""
    lines = {line.marker_id: line for line in laboratory.markers.all()}
    places = {code: line.order for code, line in lines.items()}
    rows = []
    for marker in sorted(_enterable(), key=lambda one: places.get(one.code, len(catalogue().markers) + len(places))):
        reported = lines.get(marker.code)
        row = IntervalRow(marker=marker, unit=(reported.unit if reported else "") or marker.unit)
        if like is not None and like.marker_id == marker.code:
            row = replace(row, low=like.low, high=like.high, unit=like.unit, assay=like.assay)
        rows.append(row)
    return tuple(rows)


def typed_rows(data: Mapping[str, str], laboratory: Laboratory) -> tuple[IntervalRow, ...]:
    return tuple(
        replace(
            row,
            low=data.get(f"low_{row.marker.code}", "").strip(),
            high=data.get(f"high_{row.marker.code}", "").strip(),
            unit=data.get(f"unit_{row.marker.code}", "").strip(),
            assay=data.get(f"assay_{row.marker.code}", "").strip(),
            agreed=data.get(f"agreed_{row.marker.code}", ""),
        )
        for row in blank_rows(laboratory)
    )


def checked(
    rows: Sequence[IntervalRow], *, head: Mapping[str, Any], laboratory: Laboratory
) -> tuple[tuple[IntervalRow, ...], list[NewInterval]]:
    """The rows with their mistakes and questions, and what of them can be recorded once there are none."""
    standing = list(laboratory.intervals.filter(withdrawn_at__isnull=True).order_by("pk"))
    seen, new = [], []
    for row in rows:
        if not row.filled:
            seen.append(row)
            continue
        try:
            interval, factor = _read(row, head, decimal_comma=laboratory.decimal_comma)
        except ValueError as wrong:
            seen.append(replace(row, error=str(wrong)))
            continue
        line = new_line(laboratory, interval)
        if other := rival(line, standing):
            error = explain("interval_overlaps", {"line": line_text(other)})
            seen.append(replace(row, error=error))
            continue
        doubts = tuple(_doubts(row.marker, interval, line, standing, factor))
        seen.append(replace(row, doubts=doubts, stamp=_stamp(interval)))
        new.append(interval)
    return tuple(seen), new


def _read(row: IntervalRow, head: Mapping[str, Any], *, decimal_comma: bool) -> tuple[NewInterval, Decimal]:
    """The line and the factor to the canonical unit. Raises ValueError with the sentence to show."""
    low, high = (_limit(row, side, decimal_comma=decimal_comma) for side in ("low", "high"))
    if low is not None and high is not None and low >= high:
        raise ValueError(gettext("The lower limit must lie below the upper one."))
    for part, most in (("unit", LONGEST_UNIT), ("assay", LONGEST_ASSAY)):
        if len(getattr(row, part)) > most or not getattr(row, part).isprintable():
            raise ValueError(gettext("Unit and assay must be short words without special signs."))
    try:
        factor = canonicalise(row.marker, Decimal(1), row.unit).factor
    except UnitProblem as problem:
        raise ValueError(explain(problem.code, problem.params)) from problem
    new = NewInterval(
        marker=row.marker.code,
        low=row.low,
        high=row.high,
        low_value=low,
        high_value=high,
        unit=row.unit,
        assay=row.assay,
        valid_from=head["valid_from"],
        sex=head["sex"],
        age_from=head["age_from"],
        age_to=head["age_to"],
        source=head["source"],
    )
    return new, factor


def _limit(row: IntervalRow, side: str, *, decimal_comma: bool) -> Decimal | None:
    text = str(getattr(row, side))
    if not text:
        return None
    if len(text) > LONGEST_LIMIT:
        raise ValueError(gettext("A limit has at most %(most)s signs.") % {"most": LONGEST_LIMIT})
    try:
        read = parse_value(text, decimal_comma=decimal_comma)
    except ValueProblem as problem:
        if problem.code == "value_is_a_range":
            raise ValueError(
                gettext("“%(text)s” is a whole range: type its lower and its upper limit into a field each.")
                % {"text": text}
            ) from problem
        raise ValueError(explain(problem.code, problem.params)) from problem
    if read.comparator not in SIGNS[side]:
        raise ValueError(_wrong_side(side) % {"text": text})
    return read.number


def _wrong_side(side: str) -> str:
    if side == "low":
        return gettext("“%(text)s” says how high a value may be: it belongs into the field of the upper limit.")
    return gettext("“%(text)s” says how low a value may be: it belongs into the field of the lower limit.")


def _doubts(
    marker: MarkerDefinition,
    new: NewInterval,
    line: LaboratoryInterval,
    standing: Sequence[LaboratoryInterval],
    factor: Decimal,
) -> Iterator[str]:
    if concern := odd_limits(marker, low=new.low_value, high=new.high_value, factor=factor):
        yield explain(concern.code, concern.params)
    if older := more_exact_before(line, standing):
        lines = gettext("; ").join(line_text(one) for one in older)
        yield explain("interval_beside_more_exact", {"lines": lines})


def _stamp(new: NewInterval) -> str:
    return hashlib.sha256(repr(new).encode()).hexdigest()[:16]


def head_of(like: LaboratoryInterval | None) -> dict[str, Any]:
    """The day is never guessed: with today's, every draw before it would be left to the catalogue."""
    if like is None:
        return {}
    return {name: getattr(like, name) for name in TableHeadForm.base_fields}


def _enterable() -> list[MarkerDefinition]:
    """What is computed is not the laboratory's."""
    return [marker for marker in catalogue().markers if not marker.derived]

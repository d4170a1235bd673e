"""From a line that was read to a result of a marker: the same rules as the entry page's, without the database."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import ClassVar, Final

from exchange.csv.messages import LineRead
from patients.catalogue import MarkerDefinition, catalogue
from patients.catalogue.catalogue import loinc_key
from patients.laboratory_profile import key_of
from patients.models import Fasting, Haemolysis, Taken
from patients.plausibility import Concern
from patients.reading import AbsentReading, read_cell
from patients.services import NewDraw, NewResult, result_of
from patients.values import InputProblem

# "5.2 H", "5.2↑", "H 5.2": what the laboratory thinks of a number, glued to it.
_FLAG = r"\(?(?:HH?|LL?|AA?|N|\*+|!+|[↑↓⇑⇓▲▼]+|高|低|偏高|偏低)\)?"
LONGEST_FLAGGED: Final = 40
LONGEST_NOTE: Final = 500  # what the record keeps of a draw
TAKEN_FIRST: Final = (Taken.YES, Taken.NO)
_FLAGGED = re.compile(rf"(?P<before>{_FLAG}\s*)?[<>≤≥=]*\s*[\d.,]*\d[\d.,]*\s*(?P<after>{_FLAG})?", re.IGNORECASE)

DrawIdentity = tuple[str | int, str, object]


class LineRefused(InputProblem):
    """A line that was read and still cannot become a result."""

    texts: ClassVar[dict[str, str]] = {
        "marker_unknown": "{marker!r} is no marker of the catalogue",
        "marker_names_disagree": "{names} name different markers: {markers}",
        "loinc_not_of_marker": "{loinc} is not a LOINC code of {marker} ({codes})",
        "marker_is_derived": "{marker} is computed from other markers and is not taken in",
        "accession_unknown": "no draw with the number {accession!r} is on record",
        "accession_of_several": "{count} draws on record have the number {accession!r}",
        "notes_too_long": "the comments on this draw are longer than {limit} signs together",
        "patient_unknown": "no patient {patient!r} is on record",
        "patient_details_refused": "the patient {patient!r} could not be made: {detail}",
        "value_with_flag": "{value!r}: {flag!r} is no part of the number; write it in a column of its own",
        "value_twice_in_file": "line {line} of this file has another value of {marker} for the same draw",
        "accession_at_another_time": "the draw {accession!r} was taken at {recorded}, not at {collected}",
        "draw_on_record": "this draw of {collected} is on record as one of {moment}, which the file names, too",
        "draw_facts_differ": "the draw on record says otherwise of {facts}",
        "patient_merged": "the record was merged into another one meanwhile",
    }


@dataclass(frozen=True, slots=True)
class Prepared:
    """One line as the record wants it."""

    line: LineRead
    marker: MarkerDefinition
    result: NewResult
    concerns: tuple[Concern, ...]
    patient_id: int | None = None  # where the draw's number led to the patient

    @property
    def number(self) -> str:
        """The patient's number as the file has it."""
        return self.line.patient

    def draw_identity(self, patient: int | None = None) -> DrawIdentity:
        """Rows of one draw: the same patient, laboratory and accession number, or time where there is none."""
        who = self.line.patient if patient is None else patient
        return who, key_of(self.line.laboratory), self.line.accession or self.line.collected_at

    @property
    def draw(self) -> NewDraw:
        return NewDraw(
            collected_at=self.line.collected_at,
            time_known=self.line.time_known,
            laboratory=self.line.laboratory,
            accession=self.line.accession,
            fasting=self.line.fasting,
            haemolysis=self.line.haemolysis,
            biotin=self.line.biotin,
            g_csf=self.line.g_csf,
            steroid=self.line.steroid,
            note=self.line.note,
        )

    @property
    def signature(self) -> tuple[str, Decimal | str, str, str, str]:
        """What makes two lines of one draw and marker say the same; the words for one reason do."""
        result = self.result
        said = result.absent or Decimal(result.value)
        return result.comparator, said, result.unit, result.assay, result.status


def draw_of(lines: Sequence[Prepared]) -> NewDraw:
    """The one draw that all these lines are of.

    A file may say only at one result that the sample was haemolysed; of what the lines say, what makes a value unfit as
    evidence goes before what does not, and anything goes before "not known".
    """
    draws = [line.draw for line in lines]
    return replace(
        draws[0],
        time_known=any(draw.time_known for draw in draws),
        fasting=_first_said([draw.fasting for draw in draws], (Fasting.NO, Fasting.YES), Fasting.UNKNOWN),
        haemolysis=_first_said(
            [draw.haemolysis for draw in draws], (Haemolysis.PRESENT, Haemolysis.NONE), Haemolysis.UNKNOWN
        ),
        biotin=_first_said([draw.biotin for draw in draws], TAKEN_FIRST, Taken.UNKNOWN),
        g_csf=_first_said([draw.g_csf for draw in draws], TAKEN_FIRST, Taken.UNKNOWN),
        steroid=_first_said([draw.steroid for draw in draws], TAKEN_FIRST, Taken.UNKNOWN),
        note=note_of(lines),
    )


def note_of(lines: Iterable[Prepared]) -> str:
    """What the lines of a draw have as comments, each once, in their order."""
    return "; ".join(dict.fromkeys(line.line.note for line in lines if line.line.note))


def _first_said(said: Sequence[str], order: Sequence[str], otherwise: str) -> str:
    return next((str(state) for state in order if state in said), str(otherwise))


def prepare(line: LineRead, *, decimal_comma: bool) -> Prepared:
    """Find the marker and read the value.

    Raises
    ------
    InputProblem, ImpossibleValue
        each with a `code` and `params`.
    """
    marker = _find_marker(line)
    _refuse_flag(line.value)
    reading = read_cell(marker=marker, text=line.value, unit=line.unit, decimal_comma=decimal_comma)
    result = replace(
        result_of(reading),
        assay=line.assay,
        status=line.status,
        reference_low=line.reference_low,
        reference_high=line.reference_high,
        interpretation=line.interpretation,
    )
    return Prepared(line, marker, result, () if isinstance(reading, AbsentReading) else reading.concerns)


def _refuse_flag(text: str) -> None:
    match = _FLAGGED.fullmatch(text) if len(text) <= LONGEST_FLAGGED else None
    flag = (match["before"] or match["after"] or "").strip("() ") if match else ""
    if flag:
        raise LineRefused("value_with_flag", {"value": text[:40], "flag": flag})


def _refuse_foreign_code(loinc: str, markers: Iterable[MarkerDefinition]) -> None:
    """ "Calcium" beside the code of ionised calcium is another measurement, whatever the name says."""
    for marker in markers:
        if marker.loinc:
            known = ", ".join(one.code for one in marker.loinc)
            raise LineRefused("loinc_not_of_marker", {"loinc": loinc[:40], "marker": marker.code, "codes": known})


def _find_marker(line: LineRead) -> MarkerDefinition:
    """Every name that is known must mean the same marker; one that is not known says nothing."""
    found: dict[str, MarkerDefinition] = {}
    for name in line.marker_names:
        if marker := catalogue().find(name):
            found[name] = marker
    # Codes are looked up as codes: the same digits may be an alias elsewhere.
    if line.loinc and (marker := catalogue().by_loinc.get(loinc_key(line.loinc))):
        found[line.loinc] = marker
    codes = {marker.code: marker for marker in found.values()}
    if line.loinc and line.loinc not in found:
        _refuse_foreign_code(line.loinc, codes.values())
    if len(codes) > 1:
        raise LineRefused("marker_names_disagree", {"names": ", ".join(found), "markers": ", ".join(codes)})
    if not codes:
        raise LineRefused("marker_unknown", {"marker": ", ".join((*line.marker_names, line.loinc)).strip(", ")[:80]})
    marker = next(iter(codes.values()))
    if marker.derived:
        raise LineRefused("marker_is_derived", {"marker": marker.code})
    return marker

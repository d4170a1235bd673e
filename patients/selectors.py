"""Reading the record of many patients in a fixed number of queries.

Callers have passed `patients.access`, or are the system.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Case, F, Q, QuerySet, When

from patients.catalogue import catalogue
from patients.derived import INPUTS_OF, DerivedInput, derive
from patients.models import TAKEN_BACK, Patient, PatientIdentifier, PatientNamePart, PatientSearchKey, Result
from patients.name_keys import LONGEST, fold, number_key, tidy_number, words_of

# How the numbers of a patient are listed, and which one stands for the patient: the first.
NUMBERS_IN_USE_FIRST = (
    F("retired_on").desc(nulls_first=True),
    Case(When(system="hospital", then=0), default=1),
    "-pk",
)


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    """One value of one marker of one patient: reported or derived, with all that a reader of a trend asks of it."""

    patient_id: int
    marker: str
    draw_id: int
    collected_at: dt.datetime
    time_known: bool
    laboratory: str
    assay: str
    fasting: str
    haemolysis: str
    comparator: str
    value: str
    unit: str
    canonical: Decimal
    factor: Decimal
    reference_low: str
    reference_high: str
    version: int
    result_ids: tuple[int, ...]  # one, or the inputs of a derived value
    biotin: str = "unknown"
    g_csf: str = "unknown"
    steroid: str = "unknown"

    @property
    def derived(self) -> bool:
        return catalogue().marker(self.marker).derived


SERIES_FIELDS = (
    "draw__patient_id",
    "marker_id",
    "draw_id",
    "draw__collected_at",
    "draw__time_known",
    "draw__laboratory",
    "assay__name",
    "draw__fasting",
    "draw__haemolysis",
    "comparator",
    "value",
    "unit",
    "canonical_value",
    "factor",
    "reference_low",
    "reference_high",
    "version",
    "pk",
    "draw__biotin",
    "draw__g_csf",
    "draw__steroid",
)


def series_points(
    patient_ids: Collection[int], *, only: Mapping[int, Collection[str]] | None = None
) -> dict[int, dict[str, list[SeriesPoint]]]:
    """patient id -> marker code -> points by time, derived markers included. One query for any number of patients.

    `only` names the markers to read of each patient; the inputs of a derived one are read with it.
    """
    series: dict[int, dict[str, list[SeriesPoint]]] = {patient_id: defaultdict(list) for patient_id in patient_ids}
    draws: dict[int, list[SeriesPoint]] = defaultdict(list)
    # What stayed behind with a merged record is on record twice: with the record that was kept it is read.
    results = Result.objects.for_trends().filter(
        draw__patient_id__in=patient_ids, draw__patient__merged_into__isnull=True
    )
    if only is not None:
        results = results.filter(_of_markers(only))
    for row in results.order_by("draw__collected_at", "draw_id", "pk").values_list(*SERIES_FIELDS):
        point = _reported_point(*row)
        series[point.patient_id][point.marker].append(point)
        draws[point.draw_id].append(point)
    for points in draws.values():
        for point in _derived_points(points):
            series[point.patient_id][point.marker].append(point)
    return {patient_id: dict(markers) for patient_id, markers in series.items()}


def points_of_marker(patients: QuerySet[Patient], *, marker: str) -> dict[int, list[SeriesPoint]]:
    """patient id -> points of one marker by time, reported or derived, of those who have any. One query.

    The patients stay a condition of the database: thousands of them would be too many numbers for one statement.
    """
    results = Result.objects.for_trends().filter(
        draw__patient__in=patients.order_by().values("pk"),
        draw__patient__merged_into__isnull=True,
        marker_id__in=INPUTS_OF.get(marker, (marker,)),
    )
    derived = marker in INPUTS_OF
    series: dict[int, list[SeriesPoint]] = defaultdict(list)
    draws: dict[int, list[SeriesPoint]] = defaultdict(list)
    for row in results.order_by("draw__collected_at", "draw_id", "pk").values_list(*SERIES_FIELDS):
        point = _reported_point(*row)
        if derived:
            draws[point.draw_id].append(point)
        else:
            series[point.patient_id].append(point)
    for points in draws.values():
        for point in _derived_points(points):
            if point.marker == marker:
                series[point.patient_id].append(point)
    return dict(series)


def held_points(patient_ids: Collection[int]) -> dict[int, list[SeriesPoint]]:
    """patient id -> the numbers that wait for a second person, and what is computed from them, by time. One query.

    They are shown, and urgent ones are said; no series holds them.
    """
    drawn = Result.objects.on_hold().filter(draw__patient_id__in=patient_ids).values("draw_id")
    rows = Result.objects.numbers().filter(draw_id__in=drawn, draw__patient__merged_into__isnull=True)
    draws: dict[int, list[SeriesPoint]] = defaultdict(list)
    held: set[int] = set()
    ordered = rows.order_by("draw__collected_at", "draw_id", "pk")
    for *row, awaiting in ordered.values_list(*SERIES_FIELDS, "awaiting_check"):
        point = _reported_point(*row)
        draws[point.draw_id].append(point)
        if awaiting:
            held.update(point.result_ids)
    points: dict[int, list[SeriesPoint]] = {patient_id: [] for patient_id in patient_ids}
    for of_draw in draws.values():
        for point in (*of_draw, *_derived_points(of_draw)):
            if held.intersection(point.result_ids):
                points[point.patient_id].append(point)
    return points


def _reported_point(*row: Any) -> SeriesPoint:
    """One row of SERIES_FIELDS; a result without an assay has an empty assay."""
    fields: list[Any] = list(row)
    fields[SERIES_FIELDS.index("assay__name")] = fields[SERIES_FIELDS.index("assay__name")] or ""
    fields[SERIES_FIELDS.index("pk")] = (fields[SERIES_FIELDS.index("pk")],)
    return SeriesPoint(*fields)


def _of_markers(only: Mapping[int, Collection[str]]) -> Q:
    """One condition a marker, so that it stays short whatever the number of patients."""
    patients: dict[str, list[int]] = defaultdict(list)
    for patient_id, codes in only.items():
        for read in {one for code in codes for one in INPUTS_OF.get(code, (code,))}:
            patients[read].append(patient_id)
    wanted = Q(pk__in=())
    for code, ids in patients.items():
        wanted |= Q(marker_id=code, draw__patient_id__in=ids)
    return wanted


def _assay_of_inputs(by_marker: Mapping[str, SeriesPoint], inputs: Collection[str]) -> str:
    """A computed series breaks where the assay of an input does. An input whose assay is not named says nothing."""
    named = [by_marker[code] for code in inputs if by_marker[code].assay]
    return ", ".join(f"{point.marker} {point.assay}" for point in named)


def _derived_points(points: Iterable[SeriesPoint]) -> Iterable[SeriesPoint]:
    """What can be computed from the results of one draw."""
    by_marker = {point.marker: point for point in points}
    inputs: Mapping[str, DerivedInput] = {
        code: DerivedInput(result_id=point.result_ids[0], value=point.canonical, comparator=point.comparator)
        for code, point in by_marker.items()
    }
    first = next(iter(by_marker.values()))
    for value in derive(inputs):
        if value.value is None:
            continue
        marker = catalogue().marker(value.marker)
        yield SeriesPoint(
            patient_id=first.patient_id,
            marker=value.marker,
            draw_id=first.draw_id,
            collected_at=first.collected_at,
            time_known=first.time_known,
            laboratory=first.laboratory,
            assay=_assay_of_inputs(by_marker, INPUTS_OF[value.marker]),
            fasting=first.fasting,
            haemolysis=first.haemolysis,
            comparator="",
            value=str(value.value),
            unit=marker.unit,
            canonical=value.value,
            factor=Decimal(1),
            reference_low="",
            reference_high="",
            version=1,
            result_ids=value.input_ids,
            biotin=first.biotin,
            g_csf=first.g_csf,
            steroid=first.steroid,
        )


def primary_numbers(patient_ids: Collection[int]) -> dict[int, str]:
    """patient id -> the number in use, of the hospital rather than of another system, the newest. One query."""
    numbers: dict[int, str] = {}
    rows = PatientIdentifier.objects.filter(patient_id__in=patient_ids).order_by(*NUMBERS_IN_USE_FIRST)
    for patient_id, value in rows.values_list("patient_id", "value"):
        numbers.setdefault(patient_id, value)
    return numbers


def all_records() -> QuerySet[Patient]:
    """For what the system does by itself and shows nobody, merged records among them. A page asks `patients.access`."""
    return Patient.objects.all()


def holds_patients(*, synthetic: bool) -> bool:
    """Whether any synthetic (or any real) patient is on record."""
    return Patient.objects.filter(is_synthetic=synthetic).exists()


def matching(patients: QuerySet[Patient], text: str) -> QuerySet[Patient]:
    """Patients with a number, former ones too, that begins with `text`, or a name that holds each word of it.

    A number is found whatever width, case, hyphens and spaces it is typed with.
    A name holds a word that stands in it, or with which its pinyin, its initials or a romanised word begins.
    All for an empty text.
    """
    words = words_of(text)
    if not words:
        return patients
    by_name = Patient.objects.all()
    for word in words:
        by_name = by_name.filter(pk__in=_with_word(fold(word)))
    number = number_key(text)
    by_number = PatientIdentifier.objects.filter(key__startswith=number) if number else PatientIdentifier.objects.none()
    # A union, not an "or": with an "or" the database reads every patient there is.
    return patients.filter(pk__in=by_name.values_list("pk").union(by_number.values_list("patient_id")))


def _with_word(word: str) -> QuerySet[Any, Any]:
    """Patients in whose name the word stands, or with a key that begins with it."""
    held = PatientNamePart.objects.filter(part__startswith=word).values_list("patient_id")
    letters = "".join(sign for sign in word if sign.isalnum())  # as keys are made: "anna-maria" is anna and maria
    if not letters:
        return held
    return held.union(PatientSearchKey.objects.filter(key__startswith=letters).values_list("patient_id"))


def same_name(patients: QuerySet[Patient], name: str) -> QuerySet[Patient]:
    """Those of exactly this name, whatever its case; looked up by the first word of it."""
    words = fold(name).split()
    if not words:
        return patients.none()
    begun = PatientNamePart.objects.filter(part=words[0][:LONGEST])
    return patients.filter(pk__in=begun.values("patient"), name__iexact=name.strip())


def with_number(patients: QuerySet[Patient], text: str) -> Patient | None:
    """The one patient with exactly this number, in use or not."""
    exactly = PatientIdentifier.objects.filter(key=number_key(text), value__iexact=tidy_number(text))
    found = patients.filter(pk__in=exactly.values("patient"))[:2]
    return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class PatientNumber:
    """One number of a patient and when it was in use."""

    pk: int
    system: str
    value: str
    since: dt.date
    until: dt.date | None


def numbers_of(patient_id: int, *, tz: dt.tzinfo) -> tuple[PatientNumber, ...]:
    """Those in use first, each group from the newest. One query."""
    rows = PatientIdentifier.objects.filter(patient_id=patient_id).order_by(*NUMBERS_IN_USE_FIRST)
    return tuple(
        PatientNumber(row.pk, row.system, row.value, row.created_at.astimezone(tz).date(), row.retired_on)
        for row in rows
    )


def standing_counts(draw_id: int | None) -> dict[str, Decimal]:
    """marker -> canonical value of what stands in a draw as a number: no limit, and not taken back. One query."""
    if draw_id is None:
        return {}
    rows = Result.objects.current().exclude(status__in=TAKEN_BACK).filter(draw_id=draw_id, comparator="", absent="")
    return {code: value for code, value in rows.values_list("marker_id", "canonical_value") if value is not None}

"""Reads what happened to the patients of a cohort: treatments and conditions for the engine, imaging as the outcome."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from monitoring.backtest.cohort import Cohort
from monitoring.backtest.csv_table import Layout, OnProgress, open_table
from monitoring.backtest.moments import Moment, read_moment
from monitoring.backtest.problems import LineProblem, Rejection, Rejections
from monitoring.events import ASSAY_CHANGE, EVENT_KINDS, LABORATORY_CHANGE, ClinicalEvent
from patients.catalogue import catalogue

LAYOUT: Final = Layout(
    required=("patient_id", "kind", "at", "detail"), optional=("ended_at",), also={"ended": "ended_at"}
)
IMAGING: Final = "imaging"
POSITIVE: Final = ("bone_metastasis", "progression")
FINDINGS: Final = ("none", "equivocal", *POSITIVE)
KINDS: Final = (IMAGING, *EVENT_KINDS)
TREATMENT_START: Final = "treatment_start"
OF_A_MARKER: Final = (ASSAY_CHANGE, LABORATORY_CHANGE)
# What a file may call a kind of treatment, and treatments that the rules know as events of their own.
TREATMENTS: Final = {
    **dict.fromkeys(("chemotherapy", "chemo"), "chemotherapy"),
    **dict.fromkeys(("targeted", "targeted_therapy", "tki"), "targeted"),
    **dict.fromkeys(("immunotherapy", "immuno", "ici", "io"), "immunotherapy"),
    **dict.fromkeys(("radiotherapy", "radiation", "rt"), "radiotherapy"),
}
NAMED_STARTS: Final = {"surgery": "surgery", "bone_agent": "bone_agent_start", "g_csf": "g_csf", "steroid": "steroid"}
RIGHT: Final = {"patient_id": "the identifier of the patient", "at": "2024-03-01 or a day number"}
_SEPARATORS = re.compile(r"[;|]")


class Scan(NamedTuple):
    date: int
    finding: str


@dataclass(frozen=True, slots=True)
class History:
    """What happened to one patient, in no order."""

    events: list[ClinicalEvent] = field(default_factory=list)
    scans: list[Scan] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class EventFile:
    """`histories` by the patient's number in the cohort; patients without an entry have none."""

    histories: dict[int, History]
    kinds: Counter[str]
    ignored_columns: tuple[str, ...] = ()
    of_others: int = 0  # lines of patients without a draw
    unnamed_treatments: Counter[str] = field(default_factory=Counter)  # taken as a treatment of whatever kind

    @property
    def has_imaging(self) -> bool:
        return self.kinds[IMAGING] > 0


def no_events() -> EventFile:
    return EventFile({}, Counter())


def read_event_file(
    path: Path,
    cohort: Cohort,
    *,
    zone: dt.tzinfo,
    rejections: Rejections,
    encoding: str = "",
    on_progress: OnProgress | None = None,
) -> EventFile:
    """FileRefused where the file itself will not do; single lines are rejected."""
    numbers = {patient: at for at, patient in enumerate(cohort.patients)}
    histories: dict[int, History] = {}
    kinds: Counter[str] = Counter()
    unnamed: Counter[str] = Counter()
    of_others = 0
    with open_table(path, LAYOUT, encoding=encoding, on_progress=on_progress) as table:
        for line, cells in table.rows(rejections):
            try:
                happened = _read(cells, zone)
                patient = numbers.get(happened.patient)
                if patient is None:
                    of_others += 1
                    continue
                _check_axis(happened, relative=bool(cohort.relative[patient]))
            except LineProblem as problem:
                rejections.add(Rejection.of(table.name, line, problem))
                continue
            kinds[happened.kind] += 1
            if happened.kind == TREATMENT_START and happened.detail not in TREATMENTS.values():
                unnamed[happened.detail] += 1
            _keep(histories.setdefault(patient, History()), happened)
        return EventFile(histories, kinds, table.ignored, of_others, unnamed)


class _Happened(NamedTuple):
    """One line. `at_text` is as it stood; `detail` a finding, a kind of treatment or marker codes, else as it stood."""

    patient: str
    kind: str
    at: Moment
    ended: Moment | None
    detail: str
    at_text: str


def _read(cells: list[str], zone: dt.tzinfo) -> _Happened:
    patient, kind_text, at_text, detail, ended_text = cells
    for column, text in (("patient_id", patient), ("kind", kind_text), ("at", at_text)):
        if not text:
            raise LineProblem("cell_missing", column, right=RIGHT.get(column, f"one of: {', '.join(KINDS)}"))
    kind = _word(kind_text)
    if kind not in KINDS:
        raise LineProblem("kind_unknown", "kind", kind_text, kinds=", ".join(KINDS))
    at = read_moment(at_text, zone=zone, column="at")
    ended = read_moment(ended_text, zone=zone, column="ended_at") if ended_text else None
    if ended is not None and ended.relative != at.relative:
        raise LineProblem("day_beside_dates", "ended_at", ended_text)
    if ended is not None and ended.date < at.date:
        raise LineProblem("end_before_start", "ended_at", ended_text)
    kind, detail = _detail(kind, detail)
    return _Happened(patient, kind, at, ended, detail, at_text)


def _word(text: str) -> str:
    return re.sub(r"[\s_-]+", "_", text.strip().casefold())


def _detail(kind: str, text: str) -> tuple[str, str]:
    """The kind and what is said about it, in the words of the rules."""
    word = _word(text)
    if kind == IMAGING:
        if word not in FINDINGS:
            raise LineProblem("imaging_unknown", "detail", text, details=", ".join(FINDINGS))
        return kind, word
    if kind in OF_A_MARKER:
        return kind, ";".join(_markers(kind, text))
    if kind == TREATMENT_START:
        return NAMED_STARTS.get(word, kind), TREATMENTS.get(word, text)
    return kind, text


def _markers(kind: str, text: str) -> Iterator[str]:
    for name in filter(None, (part.strip() for part in _SEPARATORS.split(text))):
        marker = catalogue().find(name)
        if marker is None:
            raise LineProblem(
                "event_detail_unknown", "detail", name, kind=kind, details="a marker, or nothing where it holds for all"
            )
        yield marker.code


def _check_axis(happened: _Happened, *, relative: bool) -> None:
    if happened.at.relative != relative:
        raise LineProblem("day_beside_dates", "at", happened.at_text)


def _keep(history: History, happened: _Happened) -> None:
    if happened.kind == IMAGING:
        history.scans.append(Scan(happened.at.date, happened.detail))
        return
    ended = None if happened.ended is None else float(happened.ended.date)
    of_markers = happened.detail.split(";") if happened.kind in OF_A_MARKER else [""]
    detail = "" if happened.kind in OF_A_MARKER else happened.detail
    history.events.extend(
        ClinicalEvent(happened.kind, float(happened.at.date), ended, marker=marker, detail=detail)
        for marker in of_markers
    )

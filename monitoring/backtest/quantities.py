"""From the texts of a line to a number in the marker's canonical unit: the same rules as the entry page and the import.

A laboratory prints the same few names, units and values again and again, so what was read once is kept.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from monitoring.backtest.problems import LineProblem
from patients import messages
from patients.catalogue import MarkerDefinition, catalogue
from patients.reading import ImpossibleValue, read_result
from patients.values import InputProblem

CENSORING: Final = {"": 0, "<": -1, "<=": -1, ">": 1, ">=": 1}
MOST_KEPT: Final = 200_000
UNKNOWN, FINE, DOUBTFUL = 0, 1, 2  # of what is on record of a sample: the larger goes before
_OPEN: Final = ("", "u", "unknown", "unk", "na", "n/a", "不详", "未知", "unbekannt")
_YES: Final = ("y", "yes", "true", "1", "j", "ja", "是", "+", "present", "positive")
_NO: Final = ("n", "no", "false", "0", "nein", "否", "-", "none", "absent", "negative")
_FASTING: Final = {
    **dict.fromkeys(_OPEN, UNKNOWN),
    **dict.fromkeys((*_YES, "fasting", "fasted", "空腹", "nüchtern"), FINE),
    **dict.fromkeys((*_NO, "not fasting", "non-fasting", "nonfasting", "fed", "非空腹", "nicht nüchtern"), DOUBTFUL),
}
_HAEMOLYSIS: Final = {
    **dict.fromkeys(_OPEN, UNKNOWN),
    **dict.fromkeys((*_NO, "无溶血", "未溶血"), FINE),
    **dict.fromkeys((*_YES, "haemolysed", "hemolyzed", "溶血"), DOUBTFUL),
}

_TAKEN: Final = {
    **dict.fromkeys(_OPEN, UNKNOWN),
    **dict.fromkeys((*_NO, "not taken", "未服用", "未用"), FINE),
    **dict.fromkeys((*_YES, "taken", "服用", "使用"), DOUBTFUL),
}
CLOCK: Final = {"unknown": UNKNOWN, "morning": FINE, "later": DOUBTFUL}


class QuantityReader:
    """Reads markers and values; `codes` lists the catalogue's markers by the numbers that stand for them."""

    def __init__(self) -> None:
        self.codes: tuple[str, ...] = tuple(marker.code for marker in catalogue().markers)
        self._number = {code: at for at, code in enumerate(self.codes)}
        self._markers: dict[str, int] = {}
        self._values: dict[tuple[int, str, str], tuple[float, int]] = {}

    def number_of(self, code: str) -> int:
        return self._number[code]

    def marker(self, text: str) -> int:
        """The number of the marker that a code, name, alias or LOINC code means; LineProblem where it means none."""
        known = self._markers.get(text)
        if known is not None:
            return known
        marker = catalogue().find(text)
        if marker is None:
            raise LineProblem("marker_unknown", "marker", text)
        if len(self._markers) < MOST_KEPT:
            self._markers[text] = self._number[marker.code]
        return self._number[marker.code]

    def value(self, marker: int, value: str, unit: str) -> tuple[float, int]:
        """The value in the canonical unit, and -1 for "<", +1 for ">", 0 for a number; or LineProblem."""
        known = self._values.get((marker, value, unit))
        if known is None:
            known = _read(catalogue().marker(self.codes[marker]), value, unit)
            if len(self._values) >= MOST_KEPT:
                self._values.clear()
            self._values[marker, value, unit] = known
        return known


def _read(marker: MarkerDefinition, value: str, unit: str) -> tuple[float, int]:
    try:
        reading = read_result(marker=marker, text=value, unit=unit)
    except (InputProblem, ImpossibleValue) as problem:
        raise _refused(marker, value, unit, problem) from problem
    return float(reading.canonical.value), CENSORING[reading.reported.comparator]


def _refused(marker: MarkerDefinition, value: str, unit: str, problem: InputProblem | ImpossibleValue) -> LineProblem:
    wrong = messages.explain(problem.code, problem.params)
    if problem.code.startswith("unit_"):
        return LineProblem(problem.code, "unit", unit, wrong=wrong, right=f"one of: {', '.join(marker.accepted_units)}")
    right = "the number as the laboratory printed it, such as 3.2, <0.5 or >1000"
    if isinstance(problem, ImpossibleValue):
        right = f"{marker.plausible_low:f} to {marker.plausible_high:f} {marker.unit}"
    return LineProblem(problem.code, "value", value, wrong=wrong, right=right)


def read_fasting(text: str) -> int:
    return _state(_FASTING, text, "fasting")


def read_haemolysis(text: str) -> int:
    return _state(_HAEMOLYSIS, text, "haemolysis")


def read_biotin(text: str) -> int:
    return _state(_TAKEN, text, "biotin")


def _state(words: dict[str, int], text: str, column: str) -> int:
    state = words.get(unicodedata.normalize("NFKC", text).strip().casefold())
    if state is None:
        raise LineProblem("state_not_understood", column, text)
    return state

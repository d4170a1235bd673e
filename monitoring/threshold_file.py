"""The file of thresholds: written by `manage.py calibrate`, read by the engine, the same in both directions.

Reading is strict: a key too many or too few, or a number that cannot be, is refused by name.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from monitoring.errors import RuleProblem
from monitoring.trends.detection import Gate, Thresholds

Method = Literal["synthetic", "stable_patients"]
METHODS: Final[Mapping[str, Method]] = {"synthetic": "synthetic", "stable_patients": "stable_patients"}
GATES: Final[tuple[Gate, ...]] = ("alert", "watch")
COEFFICIENTS: Final = ("constant", "linear", "square", "by_weight", "by_weight_and_interval")
HEAD: Final = """\
# Thresholds of the two levels. Written by `manage.py calibrate`, not by hand; docs/clinical-rules.md, D13.
# Rates are false alerts per 100 patient-years, with their 95 % interval, in the material the thresholds were fitted to.
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """False alerts per 100 patient-years with their 95 % interval over patients."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """What the thresholds came to in one part of their material."""

    panel: tuple[str, ...]
    interval: float  # planned or median days between draws
    seed: int  # of a synthetic cohort, 0 of real patients
    patients: int
    years: float
    alert: Rate
    watch: Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdFile:
    """`parameters` is the digest of all that the engine was told when these were made (`identity.digest_of`)."""

    date: dt.date
    engine: str
    parameters: str
    method: Method
    thresholds: Thresholds
    targets: Mapping[Gate, float]
    strata: tuple[Stratum, ...]
    signed_off_by: str = ""
    signed_off_on: dt.date | None = None

    @property
    def version(self) -> str:
        """The day and a digest of the curves: signing off does not change it."""
        known = self.thresholds
        of = [known.curve[gate] for gate in GATES], known.weight, known.interval_days, known.weight_range
        return f"{self.date.isoformat()}-{hashlib.sha256(repr(of).encode()).hexdigest()[:8]}"

    @property
    def is_signed_off(self) -> bool:
        return bool(self.signed_off_by)


def signed(file: ThresholdFile, *, by: str, on: dt.date) -> ThresholdFile:
    return replace(file, signed_off_by=by, signed_off_on=on)


def rounded(thresholds: Thresholds) -> Thresholds:
    """As they will stand in a file."""
    curve: dict[Gate, tuple[float, float, float, float, float]] = {}
    for gate in GATES:
        constant, linear, square, by_weight, by_both = (round(number, 4) for number in thresholds.curve[gate])
        curve[gate] = (constant, linear, square, by_weight, by_both)
    return replace(thresholds, curve=curve, weight=round(thresholds.weight, 6))


def render(file: ThresholdFile) -> str:
    lines = [
        HEAD,
        f"version = {_text(file.version)}",
        f"date = {file.date.isoformat()}",
        f"engine = {_text(file.engine)}",
        f"parameters = {_text(file.parameters)}",
        f"method = {_text(file.method)}",
        "# Empty: nobody has signed these off.",
        f"signed_off_by = {_text(file.signed_off_by)}",
        f"signed_off_on = {_text(file.signed_off_on.isoformat() if file.signed_off_on else '')}",
    ]
    for gate in GATES:
        lines += ["", f"[level.{gate}]", f"target = {file.targets[gate]!r}"]
        curve = file.thresholds.curve[gate]
        lines += [f"{name} = {number!r}" for name, number in zip(COEFFICIENTS, curve, strict=True)]
    known = file.thresholds
    lines += [
        "",
        "[holds]",
        f"weight = {known.weight!r}",
        f"interval_days = {list(known.interval_days)}",
        f"weight_range = {list(known.weight_range)}",
    ]
    for stratum in file.strata:
        lines += ["", "[[stratum]]", *_stratum_lines(stratum)]
    return "\n".join(lines) + "\n"


def _stratum_lines(one: Stratum) -> list[str]:
    return [
        f"panel = [{', '.join(_text(code) for code in one.panel)}]",
        f"interval = {one.interval!r}",
        f"seed = {one.seed}",
        f"patients = {one.patients}",
        f"years = {round(one.years, 1)!r}",
        f"alert = {_rate_text(one.alert)}",
        f"watch = {_rate_text(one.watch)}",
    ]


def _rate_text(rate: Rate) -> str:
    return f"[{rate.value:.2f}, {rate.low:.2f}, {rate.high:.2f}]"


def _text(text: str) -> str:
    """A JSON string is a TOML string, save for the one control character that JSON leaves bare."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def read(path: Path) -> ThresholdFile:
    """Raises RuleProblem where the file does not say what it must."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise RuleProblem("rule_value_invalid", where=path.name, key=str(problem)) from problem
    return _Reader(path.name).file(content)


class _Reader:
    def __init__(self, name: str) -> None:
        self._name = name

    def file(self, content: Mapping[str, Any]) -> ThresholdFile:
        words = ("version", "engine", "parameters", "method", "signed_off_by", "signed_off_on")
        self._exactly("", content, {*words, "date", "level", "holds", "stratum"})
        for key in words:
            if not isinstance(content[key], str):
                raise self._wrong("", key)
        self._exactly("level", content["level"], set(GATES))
        if content["method"] not in METHODS:
            raise self._wrong("", "method")
        if type(content["date"]) is not dt.date:
            raise self._wrong("", "date")
        if bool(content["signed_off_by"]) != bool(content["signed_off_on"]):
            raise self._wrong("", "signed_off_on")
        found = ThresholdFile(
            date=content["date"],
            engine=content["engine"],
            parameters=content["parameters"],
            method=METHODS[content["method"]],
            thresholds=self._thresholds(content),
            targets={gate: self._positive(f"level.{gate}", content["level"][gate], "target") for gate in GATES},
            strata=tuple(self._stratum(at, one) for at, one in enumerate(self._tables(content), start=1)),
            signed_off_by=content["signed_off_by"],
            signed_off_on=self._date(content["signed_off_on"]),
        )
        if found.version != content["version"]:  # edited by hand
            raise self._wrong("", "version")
        return found

    def _tables(self, content: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        tables = content["stratum"]
        if not isinstance(tables, list) or not tables:
            raise self._wrong("", "stratum")
        return tables

    def _thresholds(self, content: Mapping[str, Any]) -> Thresholds:
        curve: dict[Gate, tuple[float, float, float, float, float]] = {}
        for gate in GATES:
            where, level = f"level.{gate}", content["level"][gate]
            self._exactly(where, level, {"target", *COEFFICIENTS})
            constant, linear, square, by_weight, by_both = (self._number(where, level, key) for key in COEFFICIENTS)
            curve[gate] = (constant, linear, square, by_weight, by_both)
        holds = content["holds"]
        self._exactly("holds", holds, {"weight", "interval_days", "weight_range"})
        return Thresholds(
            curve=curve,
            weight=self._positive("holds", holds, "weight"),
            interval_days=self._range("holds", holds, "interval_days"),
            weight_range=self._range("holds", holds, "weight_range"),
        )

    def _stratum(self, at: int, one: Mapping[str, Any]) -> Stratum:
        where = f"stratum {at}"
        self._exactly(where, one, {"panel", "interval", "seed", "patients", "years", "alert", "watch"})
        panel = one["panel"]
        if not isinstance(panel, list) or not panel or not all(isinstance(code, str) and code for code in panel):
            raise self._wrong(where, "panel")
        for key in ("seed", "patients"):
            if type(one[key]) is not int or one[key] < 0:
                raise self._wrong(where, key)
        return Stratum(
            panel=tuple(panel),
            interval=self._positive(where, one, "interval"),
            seed=one["seed"],
            patients=one["patients"],
            years=self._positive(where, one, "years"),
            alert=self._rate(where, one, "alert"),
            watch=self._rate(where, one, "watch"),
        )

    def _rate(self, where: str, entry: Mapping[str, Any], key: str) -> Rate:
        value, low, high = self._numbers(where, entry, key, 3)
        if not 0 <= low <= value <= high:
            raise self._wrong(where, key)
        return Rate(value, low, high)

    def _range(self, where: str, entry: Mapping[str, Any], key: str) -> tuple[float, float]:
        low, high = self._numbers(where, entry, key, 2)
        if not 0 < low < high:
            raise self._wrong(where, key)
        return low, high

    def _numbers(self, where: str, entry: Mapping[str, Any], key: str, count: int) -> list[float]:
        given = entry[key]
        if not isinstance(given, list) or len(given) != count:
            raise self._wrong(where, key)
        return [self._number(where, {key: one}, key) for one in given]

    def _positive(self, where: str, entry: Mapping[str, Any], key: str) -> float:
        number = self._number(where, entry, key)
        if number <= 0:
            raise self._wrong(where, key)
        return number

    def _number(self, where: str, entry: Mapping[str, Any], key: str) -> float:
        given = entry.get(key)
        if isinstance(given, bool) or not isinstance(given, (int, float)) or not math.isfinite(given):
            raise self._wrong(where, key)
        return float(given)

    def _date(self, text: str) -> dt.date | None:
        try:
            return dt.date.fromisoformat(text) if text else None
        except ValueError:
            raise self._wrong("", "signed_off_on") from None

    def _exactly(self, where: str, entry: Any, keys: set[str]) -> None:
        if not isinstance(entry, dict):
            raise self._wrong("", where)
        if missing := keys - set(entry):
            raise RuleProblem("rule_key_missing", where=self._place(where), key=min(missing))
        if unknown := set(entry) - keys:
            raise RuleProblem("rule_key_unknown", where=self._place(where), key=min(unknown))

    def _wrong(self, where: str, key: str) -> RuleProblem:
        return RuleProblem("rule_value_invalid", where=self._place(where), key=key)

    def _place(self, where: str) -> str:
        return f"{self._name}, {where}" if where else self._name

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal

import pytest

from monitoring.ranges import flag_of, range_of
from patients.catalogue import catalogue
from patients.models import Patient
from patients.ranges import NO_INTERVALS
from tests.monitoring.figures import point

CEA = catalogue().marker("CEA")


def woman(**known: str) -> Patient:
    return Patient(name="Zhuo Quibble", birth_date=dt.date(1990, 4, 17), sex="female", **known)


@pytest.mark.parametrize(
    ("low", "high", "limits"),
    [
        ("0", "5", (Decimal(0), Decimal(5))),
        ("", "<5", (None, Decimal(5))),
        ("40", "", (Decimal(40), None)),
        ("0", "", (Decimal(0), None)),
    ],
)
def test_the_laboratorys_own_range_comes_first(
    low: str, high: str, limits: tuple[Decimal | None, Decimal | None]
) -> None:
    within = range_of(point("CEA", "4", low=low, high=high), marker=CEA, patient=woman(), intervals=NO_INTERVALS)
    assert within is not None
    assert (within.low, within.high) == limits
    assert within.reported


def test_a_reported_range_is_converted_with_its_value() -> None:
    reported = dataclasses.replace(point("CEA", "4", low="0", high="5"), factor=Decimal("0.001"))
    within = range_of(reported, marker=CEA, patient=woman(), intervals=NO_INTERVALS)
    assert within is not None
    assert within.high == Decimal("0.005")


def test_without_a_reported_range_the_catalogues_fits_the_person() -> None:
    smoker = range_of(point("CEA", "4"), marker=CEA, patient=woman(smoking="current"), intervals=NO_INTERVALS)
    other = range_of(point("CEA", "4"), marker=CEA, patient=woman(smoking="never"), intervals=NO_INTERVALS)
    assert smoker is not None
    assert other is not None
    assert (smoker.high, other.high) == (Decimal("5.0"), Decimal("3.0"))
    assert smoker.population == "smoker"
    assert not smoker.reported


def test_a_limit_that_cannot_be_read_is_no_limit_and_flags_nothing() -> None:
    odd = point("PROGRP", "400", low="", high="see note")
    within = range_of(
        odd, marker=catalogue().marker("PROGRP"), patient=Patient(name="Zhuo Quibble"), intervals=NO_INTERVALS
    )
    assert within is None or not within.reported
    assert flag_of(point("CEA", "400"), None) == ""

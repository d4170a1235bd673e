"""Laboratories with a table of their own reference intervals."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from patients.models import Laboratory, LaboratoryInterval
from patients.services import NewInterval, add_intervals, save_laboratory
from patients.values import parse_value
from tests.cast import ACTOR

FROM = dt.date(2026, 1, 1)


def laboratory(name: str = "Central", *, is_active: bool = True) -> Laboratory:
    known = Laboratory.objects.filter(name=name).first()
    return known or save_laboratory(actor=ACTOR, name=name, decimal_comma=False, is_active=is_active, lines=[])


def line(
    marker: str, low: str, high: str, unit: str, *, of: str = "Central", valid_from: dt.date = FROM, **whose: Any
) -> LaboratoryInterval:
    """One line of a laboratory's table, by the service that the page asks."""
    new = NewInterval(
        marker=marker,
        low=low,
        high=high,
        low_value=_number(low),
        high_value=_number(high),
        unit=unit,
        valid_from=valid_from,
        **whose,
    )
    return add_intervals(actor=ACTOR, laboratory_id=laboratory(of).pk, intervals=[new])[0]


def _number(text: str) -> Decimal | None:
    return parse_value(text).number if text else None

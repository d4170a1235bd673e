"""Which of the three ranges holds behind a value, and what it is called."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from patients.catalogue import catalogue
from patients.models import Laboratory, Patient
from patients.ranges import NO_INTERVALS, Range, intervals_of, line_text, printed_limits, range_at
from patients.reference import flag
from patients.services import end_interval, withdraw_interval
from tests.cast import ACTOR
from tests.patients.tables import FROM, laboratory, line

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
WOMAN = Patient(name="Zhuo Quibble", birth_date=dt.date(1976, 3, 2), sex="female", menopausal_status="unknown")
MAN = Patient(name="Wen Quibble", birth_date=dt.date(1976, 3, 2), sex="male")
UNKNOWN = Patient(name="Lin Quibble", sex="unknown")


def on(day: dt.date, *, hour: int = 8) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour), tzinfo=dt.UTC)


def found(
    marker: str = "CEA",
    *,
    patient: Patient = WOMAN,
    day: dt.date = FROM,
    laboratory: str = "Central",
    assay: str = "",
    **value: Any,
) -> Range:
    within = range_at(
        marker=catalogue().marker(marker),
        patient=patient,
        collected_at=on(day),
        laboratory=laboratory,
        assay=assay,
        intervals=intervals_of([laboratory]),
        **value,
    )
    assert within is not None
    return within


def limits(within: Range) -> tuple[str, str]:
    return within.origin, within.text


def test_a_line_holds_from_its_first_day_on_and_the_day_before_is_the_catalogues() -> None:
    line("CEA", "", "4.3", "ng/mL")

    assert limits(found(day=FROM - DAY)) == ("catalogue", "≤ 5")
    assert limits(found(day=FROM)) == ("laboratory", "≤ 4.3")
    assert limits(found(day=FROM + DAY)) == ("laboratory", "≤ 4.3")


def test_the_first_day_begins_at_midnight_of_the_clinic_not_of_greenwich(settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Shanghai"
    line("CEA", "", "4.3", "ng/mL")
    asked = {"marker": catalogue().marker("CEA"), "patient": WOMAN, "laboratory": "Central", "assay": ""}
    midnight = dt.datetime(2025, 12, 31, 16, tzinfo=dt.UTC)
    before, after = (
        range_at(collected_at=at, intervals=intervals_of(["Central"]), **asked)  # type: ignore[arg-type]
        for at in (midnight - dt.timedelta(seconds=1), midnight)
    )

    assert before is not None
    assert after is not None
    assert (before.origin, after.origin) == ("catalogue", "laboratory")


def test_a_newer_line_of_the_same_people_ends_the_older_one_on_its_own_first_day() -> None:
    line("CEA", "", "5", "ng/mL", valid_from=dt.date(2019, 6, 1))
    line("CEA", "", "4.3", "ng/mL")

    assert [found(day=day).text for day in (dt.date(2019, 6, 1), FROM - DAY, FROM)] == ["≤ 5", "≤ 5", "≤ 4.3"]


def test_a_line_that_was_ended_holds_through_its_last_day_and_wakes_no_older_one() -> None:
    line("CEA", "", "6", "ng/mL", valid_from=dt.date(2019, 6, 1))
    ended = line("CEA", "", "4.3", "ng/mL")
    end_interval(actor=ACTOR, interval_id=ended.pk, last_day=dt.date(2026, 2, 28))

    assert limits(found(day=dt.date(2026, 2, 28))) == ("laboratory", "≤ 4.3")
    assert limits(found(day=dt.date(2026, 3, 1))) == ("catalogue", "≤ 5")


def test_a_withdrawn_line_was_never_there_so_the_older_one_holds_on() -> None:
    line("CEA", "", "6", "ng/mL", valid_from=dt.date(2019, 6, 1))
    wrong = line("CEA", "", "43", "ng/mL")
    withdraw_interval(actor=ACTOR, interval_id=wrong.pk, reason="point forgotten")

    assert limits(found()) == ("laboratory", "≤ 6")


def test_what_was_reported_with_the_value_goes_before_the_laboratorys_table() -> None:
    line("CEA", "", "4.3", "ng/mL")

    own = found(reported=("0", "<3.8"), factor=Decimal(1))
    assert (own.origin, own.low, own.high, own.label) == (
        "reported",
        Decimal(0),
        Decimal("3.8"),
        "reported with the value",
    )
    assert found(reported=("", "see note"), factor=Decimal(1)).origin == "laboratory"


def test_the_table_asks_for_sex_and_age_and_of_what_fits_the_most_exact_is_taken() -> None:
    line("ALP", "40", "130", "U/L")
    line("ALP", "41", "131", "U/L", sex="female")
    line("ALP", "42", "132", "U/L", sex="female", age_from=18, age_to=49)
    line("ALP", "43", "133", "U/L", sex="male", age_from=50)

    birthday = dt.date(2026, 3, 2)  # the fiftieth of both
    assert found("ALP", day=birthday - DAY).low == 42
    assert found("ALP", day=birthday).low == 41
    assert found("ALP", day=birthday - DAY, patient=MAN).low == 40
    assert found("ALP", day=birthday, patient=MAN).low == 43
    assert found("ALP", day=birthday, patient=UNKNOWN).low == 40


def test_a_table_that_holds_for_nobody_like_this_patient_leaves_the_catalogues() -> None:
    line("ALP", "41", "131", "U/L", sex="male")

    assert found("ALP").origin == "catalogue"
    assert found("ALP", patient=UNKNOWN).origin == "catalogue"


def test_of_equally_exact_lines_the_newer_holds() -> None:
    line("ALP", "40", "130", "U/L", age_from=18, age_to=59, valid_from=dt.date(2019, 6, 1))
    line("ALP", "45", "135", "U/L", age_from=18, age_to=64)

    assert found("ALP").low == 45


@pytest.mark.parametrize(
    ("assay", "high"), [("Elecsys", "4.3"), ("  elecsys ", "4.3"), ("Architect", "5.2"), ("", "5.2")]
)
def test_the_line_of_the_very_method_goes_before_one_of_every_method(assay: str, high: str) -> None:
    line("CEA", "", "4.3", "ng/mL", assay="Elecsys")
    line("CEA", "", "5.2", "ng/mL", sex="female", age_from=18)

    assert found(assay=assay).high == Decimal(high)


def test_a_line_of_another_method_is_no_range_for_this_one() -> None:
    line("CEA", "", "4.3", "ng/mL", assay="Elecsys")

    assert found(assay="Architect").origin == "catalogue"


@pytest.mark.parametrize(
    ("low", "high", "text", "flags"),
    [
        ("", "<0.41", "≤ 0.41", {"0.40": "", "0.41": "", "0.42": "H", "0": ""}),
        (">59", "", "≥ 59", {"58": "L", "59": "", "60": "", "9999": ""}),
        ("0", "5", "0–5", {"0": "", "5": "", "5.1": "H"}),
        ("0", "", "≥ 0", {"0": "", "7": ""}),
    ],
)
def test_a_range_of_one_side_and_one_from_zero_flag_as_they_should(
    low: str, high: str, text: str, flags: dict[str, str]
) -> None:
    line("CEA", low, high, "ng/mL")

    within = found()
    assert limits(within) == ("laboratory", text)
    assert {value: flag(Decimal(value), "", within) for value in flags} == flags


def test_a_range_in_another_unit_is_held_against_values_in_the_markers_own() -> None:
    """0.58 µkat/L are 34.8 U/L, 1.74 are 104.4."""
    line("ALP", "0.58", "1.74", "µkat/L")

    within = found("ALP")
    assert (within.low, within.high, within.text) == (Decimal("34.8"), Decimal("104.4"), "34.8–104.4")
    assert [flag(Decimal(value), "", within) for value in ("34.7", "34.8", "104.4", "104.5")] == ["L", "", "", "H"]


def test_a_limit_that_was_converted_is_shown_with_four_digits_and_one_that_was_not_with_all() -> None:
    converted = Range(Decimal("34.79992"), Decimal("104.4444"), converted=True)

    assert converted.text == "34.8–104.4"
    assert replace(converted, converted=False).text == "34.79992–104.4444"


@pytest.mark.parametrize("name", ["central", "  CENTRAL ", "Central"])
def test_the_name_of_the_laboratory_may_be_spelt_otherwise(name: str) -> None:
    line("CEA", "", "4.3", "ng/mL")

    assert found(laboratory=name).origin == "laboratory"


@pytest.mark.parametrize("name", ["", "Central Hospital", "Centrál"])
def test_a_laboratory_without_a_profile_leaves_the_catalogues(name: str) -> None:
    line("CEA", "", "4.3", "ng/mL")

    assert found(laboratory=name).origin == "catalogue"


def test_a_laboratory_without_a_table_leaves_the_catalogues() -> None:
    laboratory("North")
    line("CEA", "", "4.3", "ng/mL")

    assert found(laboratory="North").origin == "catalogue"


def test_what_a_laboratory_out_of_use_measured_is_still_held_against_its_table() -> None:
    line("CEA", "", "4.3", "ng/mL")
    Laboratory.objects.update(is_active=False)

    assert found().origin == "laboratory"


def test_the_label_says_which_of_the_three_it_is() -> None:
    line("CEA", "", "4.3", "ng/mL")
    line("ALP", "35", "104", "U/L", sex="female", age_from=18, age_to=60, assay="IFCC")

    assert found().label == "laboratory Central, from 01-Jan-2026"
    assert found("ALP", assay="ifcc").label == "laboratory Central, from 01-Jan-2026, women, 18–60 years, IFCC"
    assert found(laboratory="").label == "catalogue, common vendor limit, age and smoking not given"
    with translation.override("zh-hans"):
        assert "2026-01-01" in found().label


def test_a_line_is_named_as_the_laboratory_prints_it() -> None:
    one = line("ALP", "0.50", "1.20", "ukat/L", sex="male", age_from=50)

    assert line_text(one) == "men, from the age of 50: 0.50–1.20 µkat/L, from 01-Jan-2026"
    assert printed_limits(line("CEA", "", "<0.41", "ng/mL")) == "<0.41 ng/mL"
    assert printed_limits(line("NSE", "", "16.3", "ng/mL", age_to=17)) == "≤ 16.3 ng/mL"
    assert printed_limits(line("NSE", ">59", "", "ng/mL", age_from=18)) == ">59 ng/mL"
    assert printed_limits(line("NSE", "59", "", "ng/mL")) == "≥ 59 ng/mL"


def test_any_number_of_laboratories_is_one_query_and_none_is_none() -> None:
    for number in range(3):
        line("CEA", "", "4.3", "ng/mL", of=f"Lab {number}")
    with CaptureQueriesContext(
        connection,
    ) as seen:
        tables = intervals_of([f"lab {number % 3}" for number in range(150)])
        assert [len(tables.of(f"LAB {number}", "CEA")) for number in range(3)] == [1, 1, 1]
    assert len(seen) == 1
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert intervals_of(["", "  "]) is NO_INTERVALS
    assert len(seen) == 0

"""A laboratory's table of reference intervals: its pages, its service, and where its limits are then seen."""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import AuditEvent
from patients.catalogue import MarkerDefinition, catalogue
from patients.interval_checks import odd_limits
from patients.models import Laboratory, LaboratoryInterval
from patients.services import (
    IntervalEndsTooEarly,
    IntervalNotStanding,
    IntervalOverlaps,
    ReasonMissing,
    ReportLine,
    end_interval,
    save_laboratory,
    withdraw_interval,
)
from tests.cast import ACTOR, Cast
from tests.patients.tables import FROM, laboratory, line

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 9, 10, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def frozen() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def admin(client: Client, cast: Cast) -> Client:
    client.force_login(cast.administrator)
    return client


def new(client: Client, /, *, of: str = "Central", **typed: str) -> Any:
    form = {"valid_from": "2026-01-01", "sex": "", "age_from": "", "age_to": "", "source": "", "unit_CEA": "ng/mL"}
    return client.post(reverse("interval_new", args=[laboratory(of).pk]), form | typed)


def page(answer: Any) -> str:
    return html.unescape(" ".join(re.sub("<[^>]+>", " ", answer.content.decode()).split()))


def agreed(answer: Any, code: str = "CEA") -> str:
    found = re.search(rf'name="agreed_{code}" value="([0-9a-f]+)"', answer.content.decode())
    assert found is not None
    return found[1]


# --- what is typed --------------------------------------------------------------------------------------------------


def test_the_lines_of_a_page_are_recorded_as_printed_with_one_audit_event(admin: Client) -> None:
    answer = new(
        admin,
        sex="female",
        age_from="18",
        age_to="49",
        source="Table of January 2026, page 2",
        high_CEA="<4.30",
        assay_CEA="  Elecsys ",
        low_ALP="0.58",
        high_ALP="1.74",
        unit_ALP="µkat/L",
    )

    assert answer.status_code == 302
    lines = {one.marker_id: one for one in LaboratoryInterval.objects.all()}
    cea, alp = lines["CEA"], lines["ALP"]
    assert (cea.low, cea.high, cea.low_value, cea.high_value) == ("", "<4.30", None, Decimal("4.3"))
    assert (cea.assay, cea.assay_key, cea.sex, cea.age_from, cea.age_to) == ("Elecsys", "elecsys", "female", 18, 49)
    assert (alp.low, alp.high, alp.unit, alp.low_value, alp.high_value) == (
        "0.58",
        "1.74",
        "µkat/L",
        Decimal("0.58"),
        Decimal("1.74"),
    )
    assert (alp.valid_from, alp.valid_to, alp.source) == (FROM, None, "Table of January 2026, page 2")
    event = AuditEvent.objects.get(action="laboratory.intervals_added")
    assert event.details == {"intervals": [cea.pk, alp.pk], "markers": ["CEA", "ALP"]}
    assert "2 lines added. They hold from 01-Jan-2026 on." in page(
        admin.get(reverse("interval_list", args=[cea.laboratory_id]))
    )


def test_a_laboratory_that_writes_a_decimal_comma_is_read_so(admin: Client) -> None:
    Laboratory.objects.filter(pk=laboratory().pk).update(decimal_comma=True)

    assert new(admin, high_CEA="<4,3").status_code == 302
    assert [(one.high, one.high_value) for one in LaboratoryInterval.objects.all()] == [("<4,3", Decimal("4.3"))]


def test_the_markers_of_the_laboratorys_report_come_first_in_its_units(admin: Client) -> None:
    lines = [ReportLine(marker="LDH"), ReportLine(marker="ALP", unit="µkat/L")]
    made = save_laboratory(actor=ACTOR, name="North", decimal_comma=False, is_active=True, lines=lines)

    text = admin.get(reverse("interval_new", args=[made.pk])).content.decode()

    places = [text.index(f'name="low_{code}"') for code in ("LDH", "ALP", "CEA", "NSE")]
    assert places == sorted(places)
    assert 'name="unit_ALP" value="µkat/L"' in text
    assert 'name="unit_CEA" value="ng/mL"' in text
    assert 'name="low_NLR"' not in text  # what is computed is not the laboratory's


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"low_CEA": "5", "high_CEA": "4.3"}, "CEA: The lower limit must lie below the upper one."),
        ({"low_CEA": "4.3", "high_CEA": "4.30"}, "CEA: The lower limit must lie below the upper one."),
        ({"high_CEA": "0-5"}, "“0-5” is a whole range: type its lower and its upper limit into a field each."),
        ({"low_CEA": "<0.41"}, "“<0.41” says how high a value may be: it belongs into the field of the upper limit."),
        ({"high_CEA": ">59"}, "“>59” says how low a value may be: it belongs into the field of the lower limit."),
        ({"high_CEA": "see note"}, "“see note” is not a number."),
        ({"high_CEA": "4,3"}, "“4,3”"),
        ({"high_CEA": "4.3", "unit_CEA": "furlong"}, "furlong"),
        ({"high_CEA": "4.3", "unit_CEA": ""}, "CEA: "),
        ({"high_CEA": "4.3", "assay_CEA": "x" * 81}, "Unit and assay must be short words without special signs."),
        ({"high_CEA": "4" * 41}, "A limit has at most 40 signs."),
        ({"high_CEA": "4.3", "valid_from": ""}, "Valid from: This field is required."),
        ({"high_CEA": "4.3", "valid_from": "03/04/2026"}, "This is not a date. Write it like 2026-03-09."),
        ({"high_CEA": "4.3", "age_from": "50", "age_to": "49"}, "The ages end before they begin, at 50."),
        ({"high_CEA": "4.3", "age_to": "131"}, "less than or equal to 130"),
        ({"high_CEA": "4.3", "sex": "other"}, "Select a valid choice."),
    ],
)
def test_a_slip_is_named_where_it_is_and_everything_typed_is_kept(
    admin: Client, wrong: dict[str, str], said: str
) -> None:
    answer = new(admin, high_ALP="104", unit_ALP="U/L", source="page 2", **wrong)

    assert answer.status_code == 422
    assert said in page(answer)
    for name, text in {"source": "page 2", "high_ALP": "104"}.items():
        assert f'name="{name}" value="{text}"' in answer.content.decode()
    assert not LaboratoryInterval.objects.exists()


def test_a_page_without_any_limit_is_no_table(admin: Client) -> None:
    answer = new(admin)

    assert answer.status_code == 422
    assert "No limit was typed. Type at least one." in page(answer)


# --- lines beside each other ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stands", "typed"),
    [
        ({}, {}),
        ({"age_from": 18, "age_to": 49}, {"age_from": "49", "age_to": "60"}),
        ({"age_from": 18}, {"age_to": "18"}),
        ({"sex": "female"}, {"age_from": "18", "age_to": "49"}),
        ({"sex": "female", "age_to": 49}, {"sex": "female", "age_from": "30"}),
        ({"assay": "Elecsys"}, {"assay_CEA": " ELECSYS"}),
    ],
)
def test_two_lines_of_one_day_that_could_both_hold_are_refused_with_the_other_named(
    admin: Client, stands: dict[str, Any], typed: dict[str, str]
) -> None:
    other = line("CEA", "", "4.3", "ng/mL", **stands)

    answer = new(admin, high_CEA="5", **typed)

    assert answer.status_code == 422
    assert "This line holds for some of the same people from the same day: " in page(answer)
    assert "≤ 4.3 ng/mL, from 01-Jan-2026" in page(answer)
    assert list(LaboratoryInterval.objects.all()) == [other]


@pytest.mark.parametrize(
    ("stands", "typed"),
    [
        ({"age_from": 18, "age_to": 49}, {"age_from": "50"}),
        ({"sex": "female"}, {"sex": "male"}),
        ({"sex": "female"}, {}),  # women's goes before everybody's
        ({"assay": "Elecsys"}, {}),
        ({"assay": "Elecsys"}, {"assay_CEA": "Architect"}),
        ({"valid_from": FROM - DAY}, {}),
        ({"valid_from": FROM + DAY}, {}),
    ],
)
def test_lines_that_leave_no_doubt_stand_beside_each_other(
    admin: Client, stands: dict[str, Any], typed: dict[str, str]
) -> None:
    line("CEA", "", "4.3", "ng/mL", **stands)

    assert new(admin, high_CEA="5", **typed).status_code == 302
    assert LaboratoryInterval.objects.count() == 2


def test_an_older_line_that_is_more_exact_and_goes_on_is_asked_about(admin: Client) -> None:
    women = line("CEA", "", "3.8", "ng/mL", sex="female", valid_from=dt.date(2019, 6, 1))

    asked = new(admin, high_CEA="5")

    assert asked.status_code == 422
    assert "go before this one: women: ≤ 3.8 ng/mL, from 01-Jun-2019. If this line replaces them, end them" in page(
        asked
    )
    assert LaboratoryInterval.objects.count() == 1
    assert new(admin, high_CEA="5", agreed_CEA=agreed(asked)).status_code == 302
    LaboratoryInterval.objects.exclude(pk=women.pk).delete()
    end_interval(actor=ACTOR, interval_id=women.pk, last_day=FROM - DAY)
    assert new(admin, high_CEA="5").status_code == 302


# --- a slip of the unit ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "typed", "said"),
    [
        ("CEA", {"high_CEA": "43"}, "about the catalogue's × 8.6. Are the decimal points and the unit right?"),
        ("CEA", {"high_CEA": "0.43"}, "about the catalogue's ÷ 7. Are the decimal points"),
        ("CEA", {"high_CEA": "4300"}, "about the catalogue's × 860. Are the decimal points"),
        (
            "ALP",
            {"low_ALP": "35", "high_ALP": "104", "unit_ALP": "µkat/L"},
            "about the catalogue's × 46; in U/L they would fit. Is the unit right?",
        ),
    ],
)
def test_limits_far_from_the_catalogues_are_recorded_only_once_they_are_agreed_to(
    admin: Client, code: str, typed: dict[str, str], said: str
) -> None:
    asked = new(admin, **typed)
    assert asked.status_code == 422
    assert said in page(asked)
    assert not LaboratoryInterval.objects.exists()

    tick = {f"agreed_{code}": agreed(asked, code)}
    changed = new(admin, **{**typed, f"high_{code}": f"{typed[f'high_{code}']}1"}, **tick)
    assert changed.status_code == 422  # the tick was about other limits
    assert new(admin, **typed, **tick).status_code == 302
    assert LaboratoryInterval.objects.get().marker_id == code


@pytest.mark.parametrize(("times", "asks"), [("4.99", False), ("5", True), ("0.201", False), ("0.2", True)])
def test_five_times_the_nearest_of_the_catalogue_is_the_boundary(times: str, asks: bool) -> None:
    nse = catalogue().marker("NSE")
    highs = sorted(one.high for one in nse.reference_intervals if one.high is not None)
    limit = (highs[-1] if Decimal(times) > 1 else highs[0]) * Decimal(times)

    assert (odd_limits(nse, low=None, high=limit, factor=Decimal(1)) is not None) is asks


@pytest.mark.parametrize(
    "marker", [one for one in catalogue().markers if not one.derived], ids=lambda marker: marker.code
)
def test_the_catalogues_own_intervals_are_asked_about_in_no_unit(marker: MarkerDefinition) -> None:
    for interval in marker.reference_intervals:
        for factor in (Decimal(1), *(one.factor for one in marker.conversions)):
            low, high = (None if one is None else one / factor for one in (interval.low, interval.high))
            assert odd_limits(marker, low=low, high=high, factor=factor) is None


# --- ending and withdrawing -----------------------------------------------------------------------------------------


def close(client: Client, interval: LaboratoryInterval, /, **sent: str) -> Any:
    return client.post(reverse("interval_close", args=[interval.laboratory_id, interval.pk]), sent)


def test_a_line_is_ended_with_its_last_day_and_an_audit_event(admin: Client) -> None:
    interval = line("CEA", "", "4.3", "ng/mL")

    assert close(admin, interval, last_day="2026-03-01").status_code == 302
    interval.refresh_from_db()
    assert (interval.valid_to, interval.withdrawn_at) == (dt.date(2026, 3, 1), None)
    event = AuditEvent.objects.get(action="laboratory.interval_ended")
    assert event.details == {"interval": interval.pk, "marker": "CEA", "last_day": "2026-03-01"}
    assert [one.valid_to for one in interval.history.order_by("history_id")] == [None, dt.date(2026, 3, 1)]


def test_a_withdrawn_line_stays_with_its_reason_and_is_there_to_be_typed_right(admin: Client) -> None:
    interval = line("CEA", "", "43", "ng/mL", sex="female", age_from=18)

    answer = close(admin, interval, withdraw="1", reason="point forgotten")

    interval.refresh_from_db()
    assert (interval.high, interval.withdrawn_at, interval.withdrawn_reason) == ("43", NOW, "point forgotten")
    assert AuditEvent.objects.get(action="laboratory.interval_withdrawn").details == {
        "interval": interval.pk,
        "marker": "CEA",
    }
    ready = admin.get(answer.url).content.decode()
    assert 'name="high_CEA" value="43"' in ready
    assert 'value="female" selected' in ready
    assert 'name="age_from" value="18"' in ready
    assert new(admin, high_CEA="4.3", sex="female", age_from="18").status_code == 302
    assert "withdrawn: point forgotten" in page(admin.get(reverse("interval_list", args=[interval.laboratory_id])))


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"last_day": "2025-12-31"}, "The last day lies before the first. A line that never held is withdrawn."),
        ({"last_day": ""}, "This field is required."),
        ({"withdraw": "1", "reason": "  "}, "This field is required."),
    ],
)
def test_an_end_before_the_beginning_and_a_withdrawal_without_reason_are_refused(
    admin: Client, sent: dict[str, str], said: str
) -> None:
    interval = line("CEA", "", "4.3", "ng/mL")

    answer = close(admin, interval, **sent)

    assert answer.status_code == 422
    assert said in page(answer)
    interval.refresh_from_db()
    assert (interval.valid_to, interval.withdrawn_at) == (None, None)


def test_the_services_refuse_what_stands_no_longer_and_write_nothing() -> None:
    interval = line("CEA", "", "4.3", "ng/mL")
    end_interval(actor=ACTOR, interval_id=interval.pk, last_day=FROM)
    with pytest.raises(IntervalNotStanding):
        end_interval(actor=ACTOR, interval_id=interval.pk, last_day=FROM + DAY)
    with pytest.raises(ReasonMissing):
        withdraw_interval(actor=ACTOR, interval_id=interval.pk, reason=" ")
    withdraw_interval(actor=ACTOR, interval_id=interval.pk, reason="never so")
    with pytest.raises(IntervalNotStanding):
        withdraw_interval(actor=ACTOR, interval_id=interval.pk, reason="again")
    other = line("NSE", "", "16.3", "ng/mL")
    with pytest.raises(IntervalEndsTooEarly):
        end_interval(actor=ACTOR, interval_id=other.pk, last_day=FROM - DAY)
    with pytest.raises(IntervalOverlaps):
        line("NSE", "", "17", "ng/mL")

    rows = LaboratoryInterval.objects.order_by("pk").values_list("marker_id", "valid_to", "withdrawn_reason")
    assert list(rows) == [("CEA", FROM, "never so"), ("NSE", None, "")]
    actions = AuditEvent.objects.filter(action__startswith="laboratory.interval").order_by("pk")
    assert [event.action.removeprefix("laboratory.") for event in actions] == [
        "intervals_added",
        "interval_ended",
        "interval_withdrawn",
        "intervals_added",
    ]


# --- the table ------------------------------------------------------------------------------------------------------


def test_the_table_says_until_when_each_line_holds(admin: Client) -> None:
    line("CEA", "", "5", "ng/mL", valid_from=dt.date(2019, 6, 1))
    line("CEA", "", "4.3", "ng/mL", valid_from=NOW.date())
    line("NSE", "", "16.3", "ng/mL", valid_from=NOW.date() + DAY)

    context = admin.get(reverse("interval_list", args=[laboratory().pk])).context

    assert [(one.marker.code, one.limits, one.until, one.state) for one in context["now"]] == [
        ("CEA", "≤ 4.3 ng/mL", None, "holds"),
        ("NSE", "≤ 16.3 ng/mL", None, "will_hold"),
    ]
    assert [(one.limits, one.until, one.state) for one in context["past"]] == [
        ("≤ 5 ng/mL", NOW.date() - DAY, "held"),
    ]


def test_the_table_asks_as_many_queries_for_fifty_lines_as_for_one(admin: Client) -> None:
    address = reverse("interval_list", args=[laboratory().pk])

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert admin.get(address).status_code == 200
        return len(seen)

    line("CEA", "", "4.3", "ng/mL")
    queries()
    once = queries()
    for number in range(1, 50):
        line("CEA", "", "4.3", "ng/mL", valid_from=FROM + number * DAY)
    assert queries() == once


def test_a_line_of_another_laboratory_is_not_closed_from_here(admin: Client) -> None:
    interval = line("CEA", "", "4.3", "ng/mL")
    north = laboratory("North")

    assert (
        admin.post(reverse("interval_close", args=[north.pk, interval.pk]), {"last_day": "2026-03-01"}).status_code
        == 404
    )
    interval.refresh_from_db()
    assert interval.valid_to is None


# --- facts of the database ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "constraint"),
    [
        ({"low": "", "low_value": None, "high": "", "high_value": None}, "interval_has_a_limit"),
        ({"low_value": None}, "interval_lower_limit_was_read"),
        ({"high_value": None}, "interval_upper_limit_was_read"),
        ({"high_value": Decimal(1)}, "interval_low_below_high"),
        ({"age_from": 50, "age_to": 49}, "interval_ages_in_order"),
        ({"age_to": 131}, "interval_ages_of_people"),
        ({"unit": ""}, "interval_has_a_unit"),
        ({"sex": "other"}, "interval_sex_known"),
        ({"valid_to": FROM - DAY}, "interval_ends_after_it_began"),
        ({"withdrawn_at": NOW}, "interval_withdrawn_with_a_reason"),
        ({"withdrawn_reason": "so"}, "interval_withdrawn_with_a_reason"),
    ],
)
def test_the_database_holds_what_a_line_must_be(wrong: dict[str, Any], constraint: str) -> None:
    interval = line("CEA", "1", "4.3", "ng/mL")

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        LaboratoryInterval.objects.filter(pk=interval.pk).update(**wrong)


def test_the_database_holds_one_line_a_key_and_day_but_for_withdrawn_ones() -> None:
    interval = line("CEA", "1", "4.3", "ng/mL")
    interval.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        interval.save(force_insert=True)
    interval.withdrawn_at, interval.withdrawn_reason = NOW, "typed twice"
    interval.save(force_insert=True)
    assert LaboratoryInterval.objects.count() == 2

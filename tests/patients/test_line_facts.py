"""What each draw of a page of several says of itself, and how the page follows the laboratory's report."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from patients.clinic_form import ClinicForm
from patients.entry import with_whole
from patients.models import Draw, EntryDraft, Patient, Result
from patients.services import NewDraw, ReportLine, record_draw, save_laboratory, set_plan
from patients.sheets import Sheet
from tests.cast import ACTOR, Cast, give_draw, make_patient, reading
from tests.patients.papers import known

NOW = dt.datetime(2026, 3, 9, 10, 42, 7, tzinfo=dt.UTC)
DAY = "2026-03-02"
CONTEXT = {"time": "08:15", "accession": "A-77", "fasting": "yes", "haemolysis": "present"}
STATE = {"biotin": "yes", "g_csf": "no", "steroid": "yes"}


@pytest.fixture
def nurse(client: Client, cast: Cast) -> Client:
    client.force_login(cast.nurse)
    return client


def clinic(client: Client, patients: list[Patient], cells: dict[str, str], /, **changes: str) -> Any:
    """`<row>_<marker>` or `<fact>_<row>` with the row counted from 0."""
    form = {"save": "1", "day": DAY, "laboratory": "Central", "markers": "CEA,NSE", "unknown": "", "saved": ""}
    form["patients"] = ",".join(str(patient.pk) for patient in patients)
    for cell, text in cells.items():
        place, _, code = cell.partition("_")
        if place.isdigit():
            form[f"value_{patients[int(place)].pk}_{code}"] = text
        else:
            name, _, row = cell.rpartition("_")
            form[f"{name}_{patients[int(row)].pk}"] = text
    return client.post(reverse("clinic"), form | changes)


def dates(client: Client, patient: Patient, facts: dict[str, str], /, **changes: str) -> Any:
    form = {"save": "1", "laboratory": "Central", "markers": "CEA,NSE", "lines": "4", "saved": ""}
    return client.post(reverse("dates", args=[patient.pk]), form | facts | changes)


def of(row: int, facts: dict[str, str]) -> dict[str, str]:
    return {f"{name}_{row}": text for name, text in facts.items()}


def said(draw: Draw) -> dict[str, str]:
    clock = timezone.localtime(draw.collected_at).strftime("%H:%M") if draw.time_known else ""
    return {"time": clock} | {name: getattr(draw, name) for name in [*CONTEXT, *STATE] if name != "time"}


def test_each_row_of_a_clinic_is_saved_with_its_own_facts_and_read_back(nurse: Client, cast: Cast) -> None:
    patients = [make_patient(cast.team), make_patient(cast.team)]
    answer = clinic(nurse, patients, {"0_CEA": "3.1", "1_CEA": "4"} | of(0, CONTEXT | STATE), fasting="no")
    assert answer.status_code == 200
    first, second = Draw.objects.order_by("pk")
    assert said(first) == CONTEXT | STATE
    unknown = dict.fromkeys(["haemolysis", *STATE], "unknown")
    assert said(second) == {"time": "", "accession": "", "fasting": "no"} | unknown
    shown = re.findall(r'<span class="matrix-fact-saved num">([^<]*)</span>', answer.content.decode())
    assert shown[:7] == ["08:15", "A-77", "yes", "yes", "yes", "no", "yes"]
    assert shown[7:] == ["–", "–", "no", *["not known"] * 4]


def test_each_date_is_saved_with_the_facts_of_its_column(nurse: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    facts = {"day_1": "2025-11-03", "day_2": "2025-12-03", "value_1_CEA": "3.1", "value_2_CEA": "3"}
    assert dates(nurse, patient, facts | of(2, CONTEXT | STATE)).status_code == 200
    first, second = Draw.objects.order_by("collected_at")
    assert (said(first)["fasting"], first.time_known, first.accession) == ("unknown", False, "")
    assert said(second) == CONTEXT | STATE


def test_facts_of_a_draft_are_there_again(nurse: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    context = {"day_1": "2025-11-03", "markers": "CEA", "laboratory": "", "lines": "1"} | of(1, CONTEXT | STATE)
    EntryDraft.objects.create(user=cast.nurse, scope="dates", key=str(patient.pk), context=context, patient=patient)
    page = nurse.get(reverse("dates", args=[patient.pk])).content.decode()
    assert 'name="time_1" value="08:15"' in page
    assert 'name="accession_1" value="A-77"' in page
    chosen = dict(re.findall(r'<select[^>]* name="(\w+)_1" .*?<option value="(\w+)"[^>]* selected', page, re.DOTALL))
    assert chosen == {"fasting": "yes", "haemolysis": "present"} | STATE


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({"time": "8:77"}, "This is not a time. Write it like 08:15."),
        ({"accession": "x" * 65}, "at most 64 characters"),
        ({"fasting": "maybe"}, "Select a valid choice"),
        ({"accession": "A-1"}, "This number belongs to the draw of 12-Jan-2026 08:00."),
    ],
)
def test_a_fact_that_cannot_be_is_named_at_its_row_and_holds_up_no_other(
    nurse: Client, cast: Cast, facts: dict[str, str], text: str
) -> None:
    patients = [make_patient(cast.team), make_patient(cast.team)]
    at = dt.datetime(2026, 1, 12, 8, tzinfo=dt.UTC)
    draw = NewDraw(collected_at=at, laboratory="Central", accession="A-1")
    record_draw(actor=ACTOR, patient_id=patients[0].pk, draw=draw, results=[reading("CEA", "3")])
    answer = clinic(nurse, patients, {"0_CEA": "3.1", "1_CEA": "4"} | of(0, facts))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert text in page
    field = next(iter(facts))
    assert re.search(rf'id="{field}_{patients[0].pk}"[^>]* aria-invalid="true"', page)
    assert list(Result.objects.order_by("pk").values_list("as_typed", flat=True)) == ["3", "4"]


def test_values_that_join_a_draw_on_record_add_what_was_not_known_of_it_and_the_page_says_so(
    nurse: Client, cast: Cast
) -> None:
    patient = make_patient(cast.team)
    at = dt.datetime(2026, 3, 2, 7, 30, tzinfo=dt.UTC)
    give_draw(patient, at, {"CEA": "3.1"}, laboratory="Central", fasting="no")
    cells = {"0_CEA": "3.1", "0_NSE": "9", "fasting_0": "no", "haemolysis_0": "present"}
    answer = clinic(nurse, [patient], cells, **{f"same_day_{patient.pk}": "same"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert (Draw.objects.get().fasting, Draw.objects.get().haemolysis) == ("no", "present")
    assert "They were added to a draw that was on record." in page
    assert "What was not known of that draw before and is now: Haemolysis." in page
    shown = re.findall(r'<span class="matrix-fact-saved num">([^<]*)</span>', page)
    assert shown[:4] == [timezone.localtime(Draw.objects.get().collected_at).strftime("%H:%M"), "–", "no", "yes"]


def test_a_fact_that_contradicts_the_draw_on_record_is_refused_and_nothing_is_written(
    nurse: Client, cast: Cast
) -> None:
    patient = make_patient(cast.team)
    at = dt.datetime(2026, 3, 2, 7, 30, tzinfo=dt.UTC)
    give_draw(patient, at, {"CEA": "3.1"}, laboratory="Central", fasting="no")
    cells = {"0_CEA": "3.1", "0_NSE": "9", "fasting_0": "yes"}
    answer = clinic(nurse, [patient], cells, **{f"same_day_{patient.pk}": "same"})
    assert answer.status_code == 422
    assert Draw.objects.get().fasting == "no"
    assert Result.objects.count() == 1


def test_a_line_that_names_the_draw_of_another_patient_shows_nothing_of_it(nurse: Client, cast: Cast) -> None:
    mine, foreign = make_patient(cast.team), make_patient(cast.other_team)
    at = dt.datetime(2026, 1, 12, 8, tzinfo=dt.UTC)
    draw = NewDraw(collected_at=at, accession="SECRET-9")
    other = record_draw(actor=ACTOR, patient_id=foreign.pk, draw=draw, results=[reading("CEA", "3")])
    answer = clinic(nurse, [mine], {}, saved=f"{mine.pk}=10:00:00={other.draw_id}")
    assert "SECRET-9" not in answer.content.decode()
    beside = make_patient(cast.team)
    draw = NewDraw(collected_at=at, accession="BESIDE-9")
    other = record_draw(actor=ACTOR, patient_id=beside.pk, draw=draw, results=[reading("CEA", "3")])
    wrong = clinic(nurse, [mine, beside], {}, saved=f"{mine.pk}=10:00:00={other.draw_id}").content.decode()
    right = clinic(nurse, [mine, beside], {}, saved=f"{beside.pk}=10:00:00={other.draw_id}").content.decode()
    assert ("BESIDE-9" in wrong, "BESIDE-9" in right) == (False, True)


@pytest.mark.parametrize(
    ("told", "saved"),
    [
        ({"time_1": "08:00", "time_2": "16:00"}, 2),
        ({"time_1": "08:00", "time_2": "08:00"}, 0),
        ({"time_1": "08:00"}, 0),
        ({"accession_1": "A-1", "accession_2": "A-2"}, 2),
        ({"accession_1": "A-1", "accession_2": "A-1"}, 0),
        ({"accession_2": "A-2"}, 0),
        ({"time_1": "00:00", "time_2": "00:01"}, 2),
        ({}, 0),
    ],
)
def test_two_columns_of_one_day_are_two_draws_only_where_each_has_a_time_or_number_of_its_own(
    nurse: Client, cast: Cast, told: dict[str, str], saved: int
) -> None:
    patient = make_patient(cast.team)
    facts = {"day_1": "2025-11-03", "day_2": "03-Nov-2025", "value_1_CEA": "3.1", "value_2_NSE": "9"}
    answer = dates(nurse, patient, facts | told)
    assert answer.status_code == (200 if saved else 422)
    assert ("or give each draw its own time or accession number" in answer.content.decode()) == (not saved)
    assert Draw.objects.count() == saved


def test_a_second_draw_of_a_day_follows_one_of_the_same_page_that_is_saved_already(nurse: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    day = {"day_1": "2025-11-03", "day_2": "2025-11-03", "value_1_CEA": "3.1"}
    first = dates(nurse, patient, day | {"time_1": "08:00", "time_2": "16:00", "value_2_NSE": "1-2"})
    assert first.status_code == 422
    draft = EntryDraft.objects.get()
    # What is said of a saved draw is no field of the page any more.
    again = day | {"time_2": "16:00", "value_2_NSE": "9", "saved": draft.context["saved"]}
    again["draft"] = known()
    assert dates(nurse, patient, again).status_code == 200
    assert [said(draw)["time"] for draw in Draw.objects.order_by("collected_at")] == ["08:00", "16:00"]


def cell(page: str, key: str, code: str) -> str:
    found = re.search(rf'data-cell="{key}:{code}".*?</td>', page, re.DOTALL)
    assert found
    return found[0]


def test_a_column_shows_the_value_before_its_date_and_without_a_date_none(nurse: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    give_draw(patient, dt.date(2025, 6, 1), {"CEA": "3.4"})
    give_draw(patient, dt.date(2026, 1, 12), {"CEA": "9.9"})
    context = {"day_1": "2025-07-01", "day_3": "3.4.2026", "markers": "CEA", "lines": "3", "laboratory": ""}
    EntryDraft.objects.create(user=cast.nurse, scope="dates", key=str(patient.pk), context=context, patient=patient)
    page = nurse.get(reverse("dates", args=[patient.pk])).content.decode()
    assert 'data-value="3.4 ng/mL"' in cell(page, "1", "CEA")
    for undated in ("2", "3"):
        assert "data-value" not in cell(page, undated, "CEA")
        assert "3.4" not in cell(page, undated, "CEA")
        assert "9.9" not in cell(page, undated, "CEA")


def test_what_is_computed_stands_beside_the_row_and_an_urgent_calcium_is_said_after_saving(
    nurse: Client, cast: Cast
) -> None:
    patient = make_patient(cast.team, name="Ada Quibble")
    give_draw(patient, dt.date(2026, 1, 12), {"CA": "2.3", "ALB": "40"})
    cells = {"0_CA": "2.9", "0_ALB": "20", "0_NEUT": "6", "0_LYMPH": "2"}
    with time_machine.travel(NOW, tick=False):
        nurse.force_login(cast.nurse)
        first = clinic(nurse, [patient], cells, markers="CA,ALB,NEUT,LYMPH").content.decode()
        confirm = {f"confirm_{patient.pk}_{code}": cells[f"0_{code}"] for code in ("CA", "ALB", "NEUT", "LYMPH")}
        page = clinic(nurse, [patient], cells, markers="CA,ALB,NEUT,LYMPH", **confirm).content.decode()
    computed = dict(re.findall(r'data-computed="\d+:(\w+)".*?<output class="num">([^<]*)</output>', first, re.DOTALL))
    assert computed == {"NLR": "3", "CA_CORR": "3.3"}
    alert = re.search(r'<p class="message message-error" role="alert">([^<]*)</p>', page)
    assert alert
    assert alert[1].startswith("Ada Quibble · URGENT: Ca corr. 3.3 mmol/L")


def described() -> None:
    lines = [ReportLine(marker="NSE", assay="Elecsys"), ReportLine(marker="BCTX", unit="pg/mL", assay="β-CrossLaps")]
    save_laboratory(actor=ACTOR, name="Central", decimal_comma=True, is_active=True, lines=lines)


def test_the_grid_has_the_order_units_assays_and_comma_of_the_laboratory(nurse: Client, cast: Cast) -> None:
    described()
    patient = make_patient(cast.team, number="A-1")
    chosen = {"day": DAY, "laboratory": "central", "panel": "chosen", "numbers": "A-1"}
    page = nurse.post(reverse("clinic"), chosen | {"markers": ["CEA", "BCTX", "NSE"]}, follow=True).content.decode()
    assert re.findall(r'data-column="(\w+)"', page) == ["NSE", "BCTX", "CEA"]
    assert re.findall(r'data-cell="\d+:(\w+)"', page) == ["NSE", "BCTX", "CEA"]
    assert '<option value="pg/mL" selected>' in page
    assert 'id="assay_NSE" value="Elecsys"' in page
    facts = EntryDraft.objects.get().context
    answer = clinic(nurse, [patient], {"0_NSE": "9,5", "0_BCTX": "340"}, **facts)
    assert answer.status_code == 200
    rows = Result.objects.order_by("marker_id").values_list("marker_id", "assay__name", "canonical_value")
    assert list(rows) == [("BCTX", "β-CrossLaps", Decimal("0.34")), ("NSE", "Elecsys", Decimal("9.5"))]


def test_the_rows_of_the_dates_grid_follow_the_report_of_the_last_laboratory(nurse: Client, cast: Cast) -> None:
    described()
    patient = make_patient(cast.team)
    give_draw(patient, dt.date(2026, 1, 12), {"CEA": "3.4"}, laboratory="Central")
    page = nurse.get(reverse("dates", args=[patient.pk])).content.decode()
    assert re.findall(r'<tr data-column="(\w+)"', page)[:3] == ["NSE", "BCTX", "CEA"]
    assert 'id="assay_BCTX" value="β-CrossLaps"' in page
    assert 'id="profiles"' in page


def test_facts_that_are_no_text_of_the_page_are_left_out() -> None:
    sheet = Sheet({"time_1": " 08:15 ", "fasting": "no", "fasting_2": "yes", "steroid_1": ""}, {})
    assert sheet.line_facts("1") == {"time": "08:15", "fasting": "no"}
    assert sheet.line_facts("2") == {"fasting": "yes"}


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ({"NEUT", "LYMPH"}, {"NEUT", "LYMPH", "WBC"}),
        ({"NEUT", "CEA"}, {"NEUT", "CEA"}),
        ({"LYMPH"}, {"LYMPH"}),
        (set(), set()),
    ],
)
def test_the_white_cells_come_with_both_of_their_parts(codes: set[str], expected: set[str]) -> None:
    assert with_whole(codes) == expected


@pytest.mark.parametrize("panel", ["usual", "plans"])
def test_all_three_grids_offer_the_white_cells_beside_their_parts(nurse: Client, cast: Cast, panel: str) -> None:
    patient = make_patient(cast.team, number="A-1")
    if panel == "plans":
        start = dt.date(2026, 1, 1)
        set_plan(actor=ACTOR, patient_id=patient.pk, markers=["NEUT", "LYMPH"], every_weeks=6, starts_on=start)
    for name in ("draw_new", "dates"):
        page = nurse.get(reverse(name, args=[patient.pk])).content.decode()
        assert re.findall(r'<tr data-(?:marker|column)="(WBC|NEUT|LYMPH)"', page) == ["WBC", "NEUT", "LYMPH"]
    form = {"day": DAY, "panel": panel, "numbers": "A-1"}
    page = nurse.post(reverse("clinic"), form, follow=True).content.decode()
    assert re.findall(r'data-column="(WBC|NEUT|LYMPH)"', page) == ["WBC", "NEUT", "LYMPH"]


def test_markers_that_were_ticked_one_by_one_are_taken_as_they_are(cast: Cast) -> None:
    make_patient(cast.team, number="A-1")
    data = {"day": DAY, "panel": "chosen", "markers": ["NEUT", "LYMPH"], "numbers": "A-1"}
    form = ClinicForm(data, mine=Patient.objects.all(), due=[])
    assert form.is_valid(), form.errors
    assert form.codes(form.cleaned_data) == {"NEUT", "LYMPH"}


def test_a_clinic_with_numbers_and_saved_draws_costs_the_same_queries_for_one_and_for_fifty(
    nurse: Client, cast: Cast
) -> None:
    described()
    counts = []
    for number in (1, 49):
        for _each in range(number):
            give_draw(make_patient(cast.team), dt.date(2026, 1, 12), {"CEA": "3.4"}, laboratory="Central")
        draws = dict(Draw.objects.values_list("patient_id", "pk"))
        saved = f"{min(draws)}=10:00:00={draws[min(draws)]}" if number == 1 else ""
        saved = saved or ",".join(f"{pk}=10:00:00={draw}" for pk, draw in draws.items() if pk % 2)
        context = {"day": DAY, "laboratory": "Central", "markers": "CEA,NSE", "saved": saved}
        context |= {"patients": ",".join(map(str, draws))} | {f"accession_{pk}": f"N-{pk}" for pk in draws}
        EntryDraft.objects.all().delete()
        EntryDraft.objects.create(user=cast.nurse, scope="clinic", key="clinic", context=context)
        with CaptureQueriesContext(connection) as queries:
            page = nurse.get(reverse("clinic")).content.decode()
        assert page.count("data-line-row") == len(draws)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_paper_with_numbers_costs_the_same_queries_for_one_date_and_for_twenty_four(
    nurse: Client, cast: Cast
) -> None:
    patient = make_patient(cast.team)
    give_draw(patient, dt.date(2024, 1, 1), {"CEA": "3.4"}, laboratory="Central")
    counts = []
    for columns in (1, 24):
        context = {"laboratory": "Central", "markers": "CEA,NSE", "lines": str(columns)}
        for place in range(1, columns + 1):
            context |= {f"day_{place}": f"2025-11-{place:02}", f"accession_{place}": f"N-{place}"}
        EntryDraft.objects.all().delete()
        EntryDraft.objects.create(user=cast.nurse, scope="dates", key=str(patient.pk), context=context, patient=patient)
        with CaptureQueriesContext(connection) as queries:
            page = nurse.get(reverse("dates", args=[patient.pk])).content.decode()
        assert page.count('data-of="accession"') == columns
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_page_of_two_hundred_patients_and_all_their_facts_is_taken_in(nurse: Client, cast: Cast) -> None:
    patients = [make_patient(cast.team) for _each in range(2)]
    more = {f"{name}_{1_000_000 + row}": "" for row in range(200) for name in [*CONTEXT, *STATE]}
    answer = clinic(nurse, patients, {"0_CEA": "3.1"}, **more)
    assert answer.status_code == 200
    assert Draw.objects.count() == 1

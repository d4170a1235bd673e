"""The sheet of a patient: one page, every number as reported, and nothing of the patient beside the page itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from time_machine import travel

from audit.models import AuditEvent
from patients.catalogue import catalogue
from patients.models import Patient
from patients.services import (
    NewDraw,
    record_condition,
    record_draw,
    record_imaging,
    record_skeletal_event,
    record_treatment,
)
from tests.cast import ACTOR, Cast, give_draw, make_patient, reading
from tests.monitoring.reports.printed import print_list, print_sheet
from tests.monitoring.scenes import FIRST_DRAW, NOW, RISING, day, patient_with, run
from tests.test_access_matrix import record_as_it_stands

EVERY_MARKER = [marker for marker in catalogue().markers if not marker.derived]

ORDINARY = {"ALB": "41", "CA": "2.3", "PHOS": "1.1", "PLT": "251", "ALP": "80", "LDH": "190", "RDW_CV": "13"}


@pytest.fixture
def rising(cast: Cast) -> Patient:
    patient = patient_with(cast.team, RISING, also={"ALP": "80", "PLT": "251"})
    run(patient)
    return patient


def test_the_sheet_says_who_it_is_about_what_rose_and_who_printed_it(
    client: Client, cast: Cast, rising: Patient
) -> None:
    with travel(NOW, tick=False):
        words = print_sheet(client, cast.clinician, rising).words
    number = rising.identifiers.get().value
    assert words.startswith(f"Zhuo Quibble Born 17-Apr-1958 (67 years) · Sex female · Number {number} ")
    assert "▲▲ Sustained rise: CEA · since 23-Jun-2025 · needs an answer · raised 01-Sep-2025" in words
    assert "CEA: sustained rise, 6.0 ng/mL H, ×3.0 since 23-Jun-2025" in words
    assert "Reading: engine " in words
    assert "Printed by clinician, 01-Sep-2025" in words
    assert "page 1 of 1" in words
    assert "neither proves nor excludes a tumour" in words
    assert "Decision support, not a diagnosis" in words
    assert "Synthetic" not in words


def test_a_flag_and_the_unit_of_a_value_in_another_unit_are_never_cut_off(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    for at in range(5):
        new = NewDraw(collected_at=dt.datetime.combine(day(at), dt.time(8), tzinfo=dt.UTC))
        in_dl = [reading("ALB", "3.31", "g/dL"), reading("CA", "11.25", "mg/dL")]
        results = in_dl if at < 2 else [reading("ALB", "34.1", "g/L"), reading("CA", "2.81", "mmol/L")]
        record_draw(actor=ACTOR, patient_id=patient.pk, draw=new, results=results)
    run(patient)
    words = print_sheet(client, cast.nurse, patient, "?months=all").words
    assert words.count("3.31 L g/dL") == 2
    assert words.count("11.25 H mg/dL") == 2


def test_the_last_five_values_stand_as_reported_with_their_unit_and_flag(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    for at, value in enumerate(("0", "<0.5", "0.004", "2.10", ">100", "7.0")):
        give_draw(patient, day(at), {"CEA": value, "PLT": "251"}, laboratory="Riverside laboratory")
    run(patient)
    words = print_sheet(client, cast.nurse, patient).words
    days = " ".join(f"{day(at):%d-%b-%Y}" for at in range(1, 6))
    assert f"Marker Unit Reference {days}{' Riverside laboratory' * 5}" in words
    assert "CEA ng/mL 0–4.85 <0.5 0.004 2.10 >100 H 7.0 H" in words
    assert "PLT ×10⁹/L" in words
    assert "Laboratories and methods: Riverside laboratory" in words


def test_a_value_older_than_the_last_five_draws_stands_with_its_day(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    give_draw(patient, day(0), {"NSE": "11.5"})
    for at in range(1, 6):
        give_draw(patient, day(at), {"CEA": "2.0"})
    assert "last: 11.5 ng/mL on 06-Jan-2025" in print_sheet(client, cast.nurse, patient).words


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_one_page_holds_a_patient_with_every_marker_and_forty_draws(client: Client, cast: Cast, language: str) -> None:
    patient = make_patient(cast.team, name="欧阳震华 " * 20)
    for at in range(40):
        give_draw(
            patient,
            FIRST_DRAW + at * dt.timedelta(days=21),
            {marker.code: ORDINARY.get(marker.code, str(5 + at % 3)) for marker in EVERY_MARKER},
            laboratory=("North", "South")[at % 2],
        )
    for at in range(9):
        record_treatment(
            actor=ACTOR, patient_id=patient.pk, kind="chemotherapy", name=f"course {at}", started_on=day(at)
        )
        record_imaging(actor=ACTOR, patient_id=patient.pk, performed_on=day(at), modality="ct", finding="equivocal")
        record_skeletal_event(actor=ACTOR, patient_id=patient.pk, kind="fracture", occurred_on=day(at))
    run(patient, now=NOW + dt.timedelta(days=500))
    sheet = print_sheet(client, cast.clinician, patient, "?months=all", language=language)
    assert len(sheet.pages) == 1
    assert ("欧阳震华" * 20) in sheet.words.replace(" ", "")
    # Each marker is drawn or named as left out, and stands in the table.
    for marker in catalogue().markers:
        assert sheet.words.count(marker.short_name) >= 2, marker.code
    assert "course 8" in sheet.words
    if language == "en":
        assert "No room for the charts of: " in sheet.words
        assert "Treatments not drawn: course 0, course 1, course 2, course 3." in sheet.words


def test_one_page_holds_a_patient_with_a_single_draw_and_one_with_none(client: Client, cast: Cast) -> None:
    once, never = patient_with(cast.team, ["2.0"]), make_patient(cast.team)
    assert len(print_sheet(client, cast.nurse, once).pages) == 1
    sheet = print_sheet(client, cast.nurse, never)
    assert len(sheet.pages) == 1
    assert "No results yet." in sheet.words


def test_a_chinese_name_is_read_back_as_it_was_written(client: Client, cast: Cast, rising: Patient) -> None:
    """珺 and 堃 are in no list of common characters, 䶮 and 𬭎 beyond the usual blocks of a font."""
    for name in ("王美丽", "张珺堃", "李䶮", "陈𬭎", "Zoë Łukaszewicz-Ñandú"):
        patient = make_patient(cast.team, name=name)
        assert print_sheet(client, cast.nurse, patient).text.splitlines()[0] == name


def test_a_character_that_no_font_holds_is_printed_as_its_number(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team, name="김민준")
    words = print_sheet(client, cast.nurse, patient).words
    assert words.startswith("[U+AE40][U+BBFC][U+C900] ")
    assert "[U+…] stands for a character that the print font does not hold" in words


def test_every_page_of_a_synthetic_patient_says_so(client: Client, cast: Cast, rising: Patient) -> None:
    Patient.objects.filter(pk=rising.pk).update(is_synthetic=True)
    for document in (print_sheet(client, cast.nurse, rising), print_list(client, cast.nurse)):
        assert all("Synthetic data" in page for page in document.pages)
    assert "合成数据" in print_sheet(client, cast.nurse, rising, language="zh-hans").words


def test_file_name_and_metadata_say_nothing_of_the_patient(client: Client, cast: Cast, rising: Patient) -> None:
    with travel(NOW, tick=False):
        sheet = print_sheet(client, cast.nurse, rising)
    assert sheet.response["Content-Disposition"] == 'inline; filename="marker-sheet-2025-09-01.pdf"'
    assert sheet.response["Cache-Control"] == "no-store"
    about: Mapping[str, object] = sheet.reader.metadata or {}
    assert (about["/Title"], about["/Author"], about["/Creator"], about["/Subject"]) == (
        "Marker sheet",
        "Leadtime",
        "Leadtime",
        "",
    )
    number = rising.identifiers.get().value
    assert not [value for value in about.values() if "Quibble" in str(value) or number in str(value)]


def test_every_font_is_embedded(client: Client, cast: Cast, rising: Patient) -> None:
    sheet = print_sheet(client, cast.nurse, rising, language="zh-hans")
    fonts = [font.get_object() for font in sheet.reader.pages[0]["/Resources"]["/Font"].values()]  # type: ignore[index]  # a dictionary
    used = {str(font["/BaseFont"]): "/FontFile2" in font.get("/FontDescriptor", {}) for font in fonts}
    used.pop("/Helvetica", None)  # named by the library on every page; no text is set in it
    assert len(used) >= 2
    assert all(used.values())


def test_the_window_asked_for_is_the_one_shown(client: Client, cast: Cast) -> None:
    patient = patient_with(cast.team, ["2.0", "2.1"])
    give_draw(patient, day(9), {"NSE": "10"})
    give_draw(patient, day(0), {"SCC": "1.0"})
    with travel(dt.datetime(2026, 2, 1, 12, tzinfo=dt.UTC), tick=False):
        half, whole = (print_sheet(client, cast.nurse, patient, f"?months={months}").words for months in ("6", "all"))
    assert "Shown: 12-Aug-2025 to 11-Feb-2026" in half
    assert "No value in this window: CEA, SCC-Ag." in half
    assert "Shown: 27-Dec-2024 to 11-Feb-2026" in whole
    assert "No value in this window" not in whole


def test_another_window_is_refused_with_what_would_be_right(client: Client, cast: Cast, rising: Patient) -> None:
    client.force_login(cast.nurse)
    before = record_as_it_stands()
    answer = client.get(reverse("patient_paper", args=[rising.pk]) + "?months=7")
    assert (answer.status_code, answer.content.decode()) == (400, "“months” is one of 6, 12, 24, all.")
    assert record_as_it_stands() == before
    assert not AuditEvent.objects.filter(action="patient.printed").exists()


def test_a_print_is_audited_and_a_strangers_is_refused_with_nothing_else_written(
    client: Client, cast: Cast, rising: Patient
) -> None:
    print_sheet(client, cast.nurse, rising)
    event = AuditEvent.objects.latest("pk")
    assert (event.actor, event.action, event.patient_id) == (cast.nurse.audit_name, "patient.printed", rising.pk)
    client.force_login(cast.stranger)
    newest = AuditEvent.objects.latest("pk").pk
    before = record_as_it_stands()
    assert client.get(reverse("patient_paper", args=[rising.pk])).status_code == 404
    assert record_as_it_stands() == before
    refused = AuditEvent.objects.filter(pk__gt=newest).values_list("actor", "action", "object_id")
    assert list(refused) == [(cast.stranger.audit_name, "patient.refused", str(rising.pk))]


def test_a_sheet_asks_as_often_for_fifty_draws_as_for_one(client: Client, cast: Cast) -> None:
    few, many = patient_with(cast.team, ["2.0"]), patient_with(cast.team, ["2.0"] * 50)
    run(few, many)
    asked = []
    for patient in (few, few, many):
        with CaptureQueriesContext(connection) as queries:
            print_sheet(client, cast.nurse, patient)
        asked.append(len(queries))
    assert asked[1] == asked[2]


def test_of_two_scans_of_one_day_neither_hides_the_other(client: Client, cast: Cast, rising: Patient) -> None:
    on = FIRST_DRAW + dt.timedelta(days=190)
    for modality, finding in (("mri", "bone_metastasis"), ("ct", "none")):
        record_imaging(actor=ACTOR, patient_id=rising.pk, performed_on=on, modality=modality, finding=finding)
    with travel(NOW, tick=False):
        words = print_sheet(client, cast.clinician, rising).words
        listed_too = print_list(client, cast.clinician).words
    grave = words.index("last imaging: MRI 15-Jul-2025, bone metastasis")
    assert grave < words.index("last imaging: CT 15-Jul-2025, no bone metastasis seen")
    assert "MRI 15-Jul-2025 bone metastasis and 1 other study of that day" in listed_too


def test_what_holds_a_marker_back_is_hatched_and_said_though_it_began_before_the_window(
    client: Client, cast: Cast, rising: Patient
) -> None:
    record_condition(
        actor=ACTOR,
        patient_id=rising.pk,
        kind="infection",
        occurred_on=day(5) - dt.timedelta(days=3),
        ended_on=day(5) + dt.timedelta(days=2),
    )
    run(rising)
    with travel(NOW, tick=False):
        words = print_sheet(client, cast.clinician, rising, "?months=all").words
        later = print_sheet(client, cast.clinician, rising, "?months=6").words
    assert "Hatched: " in words
    assert "infection" in words
    assert "Hatched: " in later


def test_a_condition_of_before_the_window_that_goes_on_is_on_the_sheet_with_its_day(
    client: Client, cast: Cast, rising: Patient
) -> None:
    record_condition(actor=ACTOR, patient_id=rising.pk, kind="renal_impairment", occurred_on=dt.date(2024, 3, 1))
    with travel(NOW, tick=False):
        words = print_sheet(client, cast.clinician, rising, "?months=6").words
    assert "renal impairment (01-Mar-2024)" in words


def test_conditions_that_began_before_the_window_are_all_named_as_far_as_there_are_rows(
    client: Client, cast: Cast, rising: Patient
) -> None:
    began = (("renal_impairment", 1), ("cholestasis", 2), ("infection", 3), ("infection", 4))
    for kind, on in began:
        record_condition(
            actor=ACTOR,
            patient_id=rising.pk,
            kind=kind,
            occurred_on=dt.date(2024, 3, on),
            ended_on=dt.date(2025, 6, 1) if on == 3 else None,
        )
    with travel(NOW, tick=False):
        words = print_sheet(client, cast.clinician, rising, "?months=6").words
    for named in ("renal impairment (01-Mar-2024)", "cholestasis (02-Mar-2024)", "infection (04-Mar-2024)"):
        assert named in words
    # The one that is over gives way.
    assert "Conditions not drawn: infection (03-Mar-2024)." in words


def test_skeletal_events_of_one_day_are_both_named(client: Client, cast: Cast, rising: Patient) -> None:
    for kind in ("fracture", "bone_surgery"):
        record_skeletal_event(actor=ACTOR, patient_id=rising.pk, kind=kind, occurred_on=day(3))
    with travel(NOW, tick=False):
        words = print_sheet(client, cast.clinician, rising, "?months=all").words
    assert "fracture, surgery to bone" in words


def test_the_reason_of_a_re_base_is_in_the_notes(client: Client, cast: Cast) -> None:
    patient = patient_with(cast.team, ["2.0"] * 12)
    record_treatment(actor=ACTOR, patient_id=patient.pk, kind="chemotherapy", name="carboplatin", started_on=day(5))
    run(patient, now=NOW + dt.timedelta(days=200))
    with travel(NOW + dt.timedelta(days=200), tick=False):
        words = print_sheet(client, cast.clinician, patient, "?months=all").words
    assert "Own level re-based: CEA " in words


def test_a_note_that_is_longer_than_its_lines_says_that_the_rest_stands_on_the_page(client: Client, cast: Cast) -> None:
    few, many = make_patient(cast.team), make_patient(cast.team)
    for at in range(5):
        give_draw(few, day(at), {"CEA": "2.0"}, laboratory=f"{at} laboratory")
        give_draw(many, day(at), {"CEA": "2.0"}, laboratory=f"{at} laboratory {'of a long name ' * 4}".strip())
    whole = print_sheet(client, cast.nurse, few, "?months=all").words
    assert "Laboratories and methods: 0 laboratory; 1 laboratory; 2 laboratory; 3 laboratory; 4 laboratory" in whole
    assert "see the page" not in whole
    sheet = print_sheet(client, cast.nurse, many, "?months=all")
    (last,) = [line for line in sheet.text.splitlines() if line.endswith("… see the page")]
    assert "2 laboratory of a long name" in sheet.words[: sheet.words.index(last)] + last

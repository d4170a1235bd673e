"""A file whose columns do not tell is explained once by a person, and read so from then on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from audit.models import AuditEvent
from exchange import previews, tasks
from exchange.csv.mapping import fingerprint
from exchange.shown import seen
from patients.models import BatchState, ImportBatch, ImportSource, Result
from tests.cast import Cast, make_patient
from tests.exchange.test_batches import own_folder
from tests.exchange.workbooks import workbook

__all__ = ["own_folder"]

ODD = "Nr;Was;Zahl;Einheit;Tag\n1;CEA;4,125;ng/mL;13/03/2024\n1;ALP;90;U/L;13/03/2024\n"
SAID = {
    "header_line": "1",
    "decimal": "comma",
    "date_order": "dmy",
    "role_0": "patient",
    "role_1": "marker",
    "role_2": "value",
    "role_3": "unit",
    "role_4": "collected",
}


@pytest.fixture
def nurse(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.nurse)
    return client


def sent(nurse: Client, cast: Cast, content: str | bytes, name: str = "odd.csv", **more: str) -> ImportBatch:
    data = content.encode() if isinstance(content, str) else content
    nurse.post(reverse("import_list"), {"file": SimpleUploadedFile(name, data), "care_team": cast.team.pk, **more})
    batch = ImportBatch.objects.latest("pk")
    tasks.import_file(batch.pk)
    batch.refresh_from_db()
    return batch


def say(nurse: Client, batch: ImportBatch, said: dict[str, str], headers: str, **more: str) -> Any:
    data = {**said, "headers": fingerprint(headers.split("|")), "save": "1", **more}
    response = nurse.post(reverse("import_columns", args=[batch.pk]), data)
    tasks.import_file(batch.pk)
    batch.refresh_from_db()
    return response


def values() -> list[tuple[str, str, str]]:
    return list(Result.objects.order_by("pk").values_list("marker_id", "value", "unit"))


def test_a_file_that_does_not_tell_waits_for_its_columns_and_shows_its_beginning(nurse: Client, cast: Cast) -> None:
    batch = sent(nurse, cast, ODD)
    assert (batch.state, bool(batch.stored_as)) == (BatchState.NEEDS_MAPPING, True)
    page = nurse.get(reverse("import_detail", args=[batch.pk])).content.decode()
    assert "There is no column for patient_id, marker, value, collected_at." in page
    assert reverse("import_columns", args=[batch.pk]) in page
    asked = nurse.get(reverse("import_columns", args=[batch.pk])).content.decode()
    assert "13/03/2024" in asked
    assert "4,125" in asked
    assert "Meaning of Zahl" in asked


def test_what_was_said_is_used_shown_and_remembered(nurse: Client, cast: Cast) -> None:
    make_patient(cast.team, number="1")
    batch = sent(nurse, cast, ODD)
    say(nurse, batch, SAID, "Nr|Was|Zahl|Einheit|Tag")
    assert (batch.state, batch.results_new, batch.lines_rejected) == (BatchState.PREVIEWED, 2, 0)
    assert values() == []
    previews.confirm(user=cast.nurse, batch_id=batch.pk, seen_as=seen(batch), nudge=lambda _batch: None)
    tasks.import_file(batch.pk)
    assert values() == [("CEA", "4.125", "ng/mL"), ("ALP", "90", "U/L")]
    event = AuditEvent.objects.get(action="import.columns_said")
    assert event.details["roles"] == ["patient", "marker", "value", "unit", "collected"]

    later = sent(nurse, cast, ODD.replace("13/03", "14/03"), name="april.csv", dry_run="on")
    assert (later.state, later.results_new) == (BatchState.PREVIEWED, 2)
    page = nurse.get(reverse("import_detail", args=[later.pk])).content.decode()
    assert f"Columns read as {cast.nurse} said on" in page
    assert "at the file odd.csv" in page


def test_what_one_team_said_is_not_another_teams(nurse: Client, cast: Cast) -> None:
    batch = sent(nurse, cast, ODD)
    say(nurse, batch, SAID, "Nr|Was|Zahl|Einheit|Tag")
    source = ImportSource.objects.get()
    source.care_team = cast.other_team
    source.save()
    assert sent(nurse, cast, ODD).state == BatchState.NEEDS_MAPPING


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"role_2": ""}, "There is no column for value."),
        ({"role_1": "value"}, "Several columns could be the value: Was, Zahl."),
        ({"header_line": ""}, "Write in which line the column names stand"),
        ({"header_line": "90"}, "This line is empty. Lines with text: 1, 2, 3."),
        ({"role_2": "results:CEA", "role_1": "", "unit_2": "mmol/L"}, "“mmol/L” is not a unit of CEA."),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason_and_what_was_chosen_is_kept(
    nurse: Client, cast: Cast, changed: dict[str, str], reason: str
) -> None:
    batch = sent(nurse, cast, ODD)
    response = say(nurse, batch, {**SAID, **changed}, "Nr|Was|Zahl|Einheit|Tag")
    page = response.content.decode()
    assert response.status_code == 200
    assert reason in page
    assert batch.state == BatchState.NEEDS_MAPPING
    assert ImportSource.objects.count() == 0
    assert '<option value="dmy" selected>' in page


def test_another_line_of_column_names_asks_again_before_anything_is_said(nurse: Client, cast: Cast) -> None:
    batch = sent(nurse, cast, "Export of March;x\n\n" + ODD)
    response = say(nurse, batch, {**SAID, "header_line": "3"}, "Export of March|x")
    assert b"Meaning of Zahl" in response.content
    assert ImportSource.objects.count() == 0
    say(nurse, batch, {**SAID, "header_line": "3"}, "Nr|Was|Zahl|Einheit|Tag")
    assert batch.state == BatchState.PREVIEWED
    later = sent(nurse, cast, "Export;of April\nx;y\n\n\n" + ODD)  # the names stand one line further down
    assert (later.mapping or {})["header_line"] == 5
    assert later.lines_rejected == 2  # patient_unknown: the columns were read


def test_a_file_that_was_taken_in_is_asked_nothing_more(nurse: Client, cast: Cast) -> None:
    batch = sent(nurse, cast, "patient_id,marker,value,unit,collected_at\n")
    response = nurse.post(reverse("import_columns", args=[batch.pk]), SAID)
    assert response.headers["Location"] == reverse("import_detail", args=[batch.pk])
    assert ImportSource.objects.count() == 0


def test_nobody_of_another_team_sees_or_says_anything_of_a_file(nurse: Client, cast: Cast) -> None:
    batch = sent(nurse, cast, ODD)
    cast.stranger.role = "nurse"
    cast.stranger.save()
    stranger = Client()
    stranger.force_login(cast.stranger)
    for name in ("import_columns", "import_confirm", "import_discard"):
        assert stranger.post(reverse(name, args=[batch.pk]), SAID).status_code == 404
    batch.refresh_from_db()
    assert (batch.state, ImportSource.objects.count()) == (BatchState.NEEDS_MAPPING, 0)


def test_a_sheet_is_chosen_on_the_page(nurse: Client, cast: Cast) -> None:
    make_patient(cast.team, number="1")
    rows = [("Nr", "Was", "Zahl", "Einheit", "Tag"), ("1", "CEA", (3.2, "0.00"), "ng/mL", "2024-03-12")]
    batch = sent(nurse, cast, workbook({"Cover": [("Hospital", "x")], "March": rows}), name="march.xlsx")
    assert batch.state == BatchState.NEEDS_MAPPING
    say(nurse, batch, {**SAID, "sheet": "March"}, "Nr|Was|Zahl|Einheit|Tag")
    assert (batch.state, batch.results_new, batch.shape["sheet"]) == (BatchState.PREVIEWED, 1, "March")


def test_mended_lines_of_an_explained_file_are_read_as_it_was_although_their_encoding_is_another(
    nurse: Client, cast: Cast
) -> None:
    make_patient(cast.team, number="1")
    odd = ODD.replace("Nr", "Nü").replace("90;U/L", "90;?")
    batch = sent(nurse, cast, odd.encode("cp1252"))
    say(nurse, batch, {**SAID, "encoding": "cp1252"}, "Nü|Was|Zahl|Einheit|Tag")
    assert (batch.results_new, batch.lines_rejected) == (1, 1)
    response = nurse.get(reverse("import_rejected", args=[batch.pk]))
    back = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    mended = sent(nurse, cast, back.replace(b'"?"', b'"U/L"'), name="mended.csv", dry_run="on")
    assert (mended.state, mended.results_new, mended.lines_rejected) == (BatchState.PREVIEWED, 1, 0)
    assert mended.import_source == batch.import_source


# --- exports of analysers, read where they lie


@pytest.fixture
def exports(shared_data: Path) -> Path:
    return shared_data / "04_csv" / "public_lis_exports"


def test_a_chemistry_export_with_units_in_nameless_columns_is_proposed_and_read(
    nurse: Client, cast: Cast, exports: Path
) -> None:
    make_patient(cast.team, number="2")
    file = exports / "abaxis_Vet_Scan_VS2.csv"
    batch = sent(nurse, cast, file.read_bytes(), name=file.name)
    asked = nurse.get(reverse("import_columns", args=[batch.pk])).content.decode()
    assert '<option value="results:ALB" selected>' in asked
    assert asked.count('<option value="unit_before" selected>') == 2
    headers = file.read_text().splitlines()[0].replace(";", "|")
    said = {"header_line": "1", "date_order": "mdy", "role_1": "patient", "role_2": "collected"}
    said |= {"role_3": "results:ALB", "role_4": "unit_before", "role_9": "results:CA", "role_10": "unit_before"}
    say(nurse, batch, said, headers)
    assert (batch.results_new, batch.lines_rejected, batch.to_check) == (2, 0, 1)  # calcium of 14 mg/dL is urgent
    rows = batch.outcomes.values_list("line_number", "marker", "new", "collected_at__date")
    assert [(line, marker, new, f"{day}") for line, marker, new, day in rows] == [
        (2, "ALB", "3.40 g/dL", "2014-12-10"),
        (2, "CA", "14.00 mg/dL", "2014-12-10"),
    ]
    assert {"AST", "BUN", "GLU", "TP"} <= set(batch.shape["ignored"])


def test_a_blood_count_export_reads_its_lymphocytes_and_platelets(nurse: Client, cast: Cast, exports: Path) -> None:
    make_patient(cast.team, number="44")
    file = exports / "scilvet_Scil_vet_abc_plus._xls.csv"
    batch = sent(nurse, cast, file.read_bytes(), name=file.name)
    headers = file.read_bytes().decode("latin-1").splitlines()[0].replace(";", "|")
    names = headers.split("|")
    lymph, plt = names.index("LYM#"), names.index("PLT")
    said = {"header_line": "1", "encoding": "cp1252", "date_order": "dmy", "role_1": "patient", "role_2": "collected"}
    said |= {f"role_{lymph}": "results:LYMPH", f"role_{lymph + 1}": "unit_before"}
    said |= {f"role_{plt}": "results:PLT", f"role_{plt + 1}": "unit_before"}
    say(nurse, batch, said, headers)
    assert list(batch.outcomes.values_list("marker", "new")) == [
        ("LYMPH", "2.50 10^3/mm3"),
        ("PLT", "162.00 10^3/mm3"),
    ]
    assert "GRA#" in batch.shape["ignored"]  # granulocytes are not neutrophils


def test_a_file_of_samples_is_read_once_somebody_says_whose_they_are(nurse: Client, cast: Cast, exports: Path) -> None:
    make_patient(cast.team, number="12345-002")
    file = exports / "file-import-sample.csv"
    batch = sent(nurse, cast, file.read_bytes(), name=file.name)
    assert batch.state == BatchState.NEEDS_MAPPING
    said = {"header_line": "1", "role_0": "patient", "role_1": "marker", "role_2": "value", "role_3": "unit"}
    say(nurse, batch, said | {"role_4": "collected", "role_5": "clock"}, "Sample_ID|Test_Code|Result|Units|Date|Time")
    assert batch.state == BatchState.PREVIEWED
    reasons = list(batch.rejected_lines.values_list("line_number", "code"))
    assert (2, "marker_unknown") in reasons  # haemoglobin is not in the catalogue
    assert (4, "marker_unknown") in reasons


@pytest.mark.parametrize("name", ["generic_2dimension.csv", "genexpert-results.csv", "multiskan-fc-results.csv"])
def test_an_export_without_a_day_or_a_value_waits_and_nothing_of_it_is_read(
    nurse: Client, cast: Cast, exports: Path, name: str
) -> None:
    batch = sent(nurse, cast, (exports / name).read_bytes(), name=name)
    assert batch.state == BatchState.NEEDS_MAPPING
    assert nurse.get(reverse("import_columns", args=[batch.pk])).status_code == 200
    assert Result.objects.count() == 0

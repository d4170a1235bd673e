"""What is said of a file beside its columns: one day for all of it, whose it is, comments, and what was taken."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from exchange.csv.mapping import FileMapping
from exchange.csv.said import proposed
from patients.models import BatchState, Draw, ImportBatch, ImportSource, Patient, Result
from patients.services import NewDraw, record_draw
from tests.cast import Cast, make_patient, reading
from tests.exchange.files import HEADER, refusals, take_in
from tests.exchange.test_batches import own_folder
from tests.exchange.test_columns import ODD, SAID, nurse, say, sent

__all__ = ["nurse", "own_folder"]

DAYLESS = "Nr;Was;Zahl;Einheit\n1;CEA;4,1;ng/mL\n1;ALP;90;U/L\n"
DAYLESS_SAID = {name: said for name, said in SAID.items() if name != "role_4"} | {"date_order": ""}
NAMES = "Nr|Was|Zahl|Einheit"


def page_of(nurse: Client, batch: ImportBatch, name: str = "import_detail") -> str:
    return " ".join(nurse.get(reverse(name, args=[batch.pk])).content.decode().split())


# --- one day for a whole file


def test_a_file_without_days_is_given_one_that_is_shown_and_never_remembered(nurse: Client, cast: Cast) -> None:
    make_patient(cast.team, number="1")
    batch = sent(nurse, cast, DAYLESS)
    assert batch.state == BatchState.NEEDS_MAPPING
    say(nurse, batch, {**DAYLESS_SAID, "collected_on": "2024-03-12"}, NAMES)
    assert (batch.state, batch.results_new, batch.lines_rejected) == (BatchState.PREVIEWED, 2, 0)
    assert "12-Mar-2024 for every line, as given for this file alone" in page_of(nurse, batch)
    days = {outcome.collected_at for outcome in batch.outcomes.all()}
    assert days == {dt.datetime(2024, 3, 12, tzinfo=dt.UTC)}
    assert ImportSource.objects.get().mapping["collected_on"] == ""

    later = sent(nurse, cast, DAYLESS.replace("4,1", "5,1"), name="april.csv", dry_run="on")
    assert (later.state, later.results_new) == (BatchState.NEEDS_MAPPING, 0)
    asked = page_of(nurse, later, "import_columns")
    assert '<option value="value" selected>' in asked
    assert "2024-03-12" not in asked
    say(nurse, later, {**DAYLESS_SAID, "collected_on": "2024-04-12"}, NAMES)
    assert {outcome.collected_at for outcome in later.outcomes.all()} == {dt.datetime(2024, 4, 12, tzinfo=dt.UTC)}


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        ("2026-06-02", "lies in the future. Today is 01-Jun-2026."),
        ("1899-12-31", "This day lies before 1900."),
        ("12/03/2024", "This is not a date. Write it like 2026-03-09."),
        ("", "There is no column for collected_at."),
    ],
)
def test_a_day_that_cannot_be_is_refused_and_what_was_typed_is_kept(
    nurse: Client, cast: Cast, day: str, reason: str
) -> None:
    batch = sent(nurse, cast, DAYLESS)
    with time_machine.travel("2026-06-01T12:00:00Z", tick=False):
        nurse.force_login(cast.nurse)
        response = say(nurse, batch, {**DAYLESS_SAID, "collected_on": day}, NAMES)
    page = response.content.decode()
    assert reason in page
    assert f'value="{day}"' in page
    assert (batch.state, ImportSource.objects.count()) == (BatchState.NEEDS_MAPPING, 0)


def test_today_is_a_day_that_can_be_given(nurse: Client, cast: Cast) -> None:
    make_patient(cast.team, number="1")
    batch = sent(nurse, cast, DAYLESS)
    with time_machine.travel("2026-06-02T12:00:00Z", tick=False):
        nurse.force_login(cast.nurse)
        say(nurse, batch, {**DAYLESS_SAID, "collected_on": "2026-06-02"}, NAMES)
    assert (batch.state, batch.results_new) == (BatchState.PREVIEWED, 2)


def test_a_day_beside_a_column_of_days_is_refused(nurse: Client, cast: Cast) -> None:
    batch = sent(nurse, cast, ODD)
    response = say(nurse, batch, {**SAID, "collected_on": "2024-03-12"}, "Nr|Was|Zahl|Einheit|Tag")
    assert "The column Tag holds the day of collection, and one day was given" in response.content.decode()
    assert (batch.state, ImportSource.objects.count()) == (BatchState.NEEDS_MAPPING, 0)


# --- how a file is read is shown


def test_the_page_shows_the_units_and_all_else_that_is_remembered(nurse: Client, cast: Cast) -> None:
    make_patient(cast.team, number="1")
    wide = "Nr;Tag;Karzino;Rest\n1;13/03/2024;4,1;x\n"
    said = {"header_line": "1", "decimal": "comma", "date_order": "dmy", "role_0": "patient", "role_1": "collected"}
    batch = sent(nurse, cast, wide)
    say(nurse, batch, said | {"role_2": "results:CEA", "unit_2": "ug/L"}, "Nr|Tag|Karzino|Rest")
    later = sent(nurse, cast, wide.replace("13/03", "14/03"), name="april.csv")
    assert (later.state, later.results_new) == (BatchState.PREVIEWED, 1)  # a unit was said: looked at first
    page = page_of(nurse, later)
    assert f"Columns read as {cast.nurse} said on" in page
    assert '<th scope="row">Karzino</th> <td>CEA</td> <td>ug/L</td>' in page
    assert '<th scope="row">Nr</th> <td>Patient number</td> <td>—</td>' in page
    for fact in ("day first: 13/03/2024", "comma: 4,7", "semicolon", "UTF-8"):
        assert f"<dd> {fact} </dd>" in page
    assert "Columns left out: Rest" in page


def test_a_file_whose_names_tell_shows_how_they_were_understood(nurse: Client, cast: Cast) -> None:
    batch = sent(nurse, cast, "mrn,CEA (ng/mL),collection_date\nP1,3.2,2024-03-12\n", dry_run="on")
    page = page_of(nurse, batch)
    assert '<th scope="row">CEA (ng/mL)</th> <td>CEA</td> <td>ng/mL</td>' in page
    assert "<dd> only those that can be read in one way </dd>" in page
    assert "<dd> point: 4.7 </dd>" in page


# --- whose results they are


def drawn(patient: Patient, accession: str, *, laboratory: str = "City") -> None:
    at = dt.datetime(2024, 3, 12, 8, 3, tzinfo=dt.UTC)
    draw = NewDraw(collected_at=at, laboratory=laboratory, accession=accession)
    record_draw(actor="test", patient_id=patient.pk, draw=draw, results=[reading("CEA", "3.2")])


SAMPLES = "Probe,Test,Result,Unit,Tag\n"
BY_SAMPLE = FileMapping(columns=proposed(["sample_id", "marker", "value", "unit", "collected_at"]))


def test_a_file_without_patients_finds_them_by_the_number_of_their_draw(nurse: Client, cast: Cast) -> None:
    patient = make_patient(cast.team, number="P1")
    drawn(patient, "A7")
    batch = sent(nurse, cast, SAMPLES + "A7,ALP,90,U/L,2024-03-12\nA8,ALP,91,U/L,2024-03-12\n")
    assert batch.state == BatchState.NEEDS_MAPPING
    said = {"header_line": "1", "role_0": "accession", "role_1": "marker", "role_2": "value", "role_3": "unit"}
    say(nurse, batch, said | {"role_4": "collected"}, "Probe|Test|Result|Unit|Tag")
    assert (batch.state, batch.results_new, batch.lines_rejected) == (BatchState.PREVIEWED, 1, 1)
    assert batch.outcomes.get().patient_number == "P1"
    assert "No draw on record has the number “A8”" in page_of(nurse, batch)


def test_its_results_join_that_draw(cast: Cast) -> None:
    patient = make_patient(cast.team, number="P1")
    drawn(patient, "A7")
    content = SAMPLES + "A7,ALP,90,U/L,2024-03-12\nA7,CEA,3.2,ng/mL,2024-03-12\nA7,PLT,210,10*9/L,2025-03-12\n"
    summary = take_in(content, mapping=BY_SAMPLE, user=cast.nurse, care_team=cast.team)
    counts = summary.counts
    assert (counts.results_new, counts.results_repeated, counts.lines_rejected) == (1, 1, 1)
    assert Draw.objects.get().results.count() == 2
    assert ImportBatch.objects.get().rejected_lines.get().code == "accession_at_another_time"


def test_a_number_of_several_draws_or_of_a_patient_out_of_sight_finds_nobody(cast: Cast) -> None:
    drawn(make_patient(cast.team, number="P1"), "A7")
    drawn(make_patient(cast.team, number="P2"), "A7", laboratory="Rural")
    drawn(make_patient(cast.other_team, number="P3"), "A9")
    content = SAMPLES + "A7,ALP,90,U/L,2024-03-12\nA9,ALP,91,U/L,2024-03-12\n,ALP,92,U/L,2024-03-12\n"
    before = Result.objects.count()
    for create in (False, True):
        found = refusals(content, mapping=BY_SAMPLE, user=cast.nurse, care_team=cast.team, create_patients=create)
        assert sorted(found) == [(2, "accession_of_several"), (3, "accession_unknown"), (4, "cell_missing")]
    assert (Result.objects.count(), Patient.objects.count()) == (before, 3)


def test_the_laboratory_tells_draws_of_one_number_apart(cast: Cast) -> None:
    drawn(make_patient(cast.team, number="P1"), "A7")
    drawn(make_patient(cast.team, number="P2"), "A7", laboratory="Rural")
    columns = proposed(["sample_id", "marker", "value", "unit", "collected_at", "laboratory"])
    content = "a,b,c,d,e,f\nA7,ALP,90,U/L,2024-03-12,Rural\n"
    assert take_in(content, mapping=FileMapping(columns=columns)).counts.results_new == 1
    assert Result.objects.get(marker_id="ALP").draw.patient.name == Patient.objects.get(identifiers__value="P2").name
    assert Draw.objects.get(laboratory="Rural").results.count() == 2


# --- comments, and what was taken

TAKEN = HEADER.strip() + ",biotin,G-CSF,steroid,draw_note\n"


def test_what_was_taken_and_the_notes_of_its_lines_are_the_draws(cast: Cast) -> None:
    make_patient(cast.team, number="P1")
    take_in(
        TAKEN
        + "P1,CEA,3.2,ng/mL,2024-03-12,,no,是,second tube\n"
        + "P1,ALP,90,U/L,2024-03-12,yes,taken,,second tube\n"
        + "P1,PLT,210,10*9/L,2024-03-12,no,,not taken,late\n"
        + "P1,CEA,3.2,ng/mL,2024-04-12,,,,\n"
    )
    facts = Draw.objects.order_by("collected_at").values_list("biotin", "g_csf", "steroid", "note")
    assert list(facts) == [("yes", "yes", "yes", "second tube; late"), ("unknown", "unknown", "unknown", "")]


def test_a_word_that_is_not_known_and_notes_that_are_too_long_refuse_their_line(cast: Cast) -> None:
    make_patient(cast.team, number="P1")
    long, longer = "x" * 400, "y" * 400
    found = refusals(
        TAKEN
        + f"P1,CEA,3.2,ng/mL,2024-03-12,,,,{long}\n"
        + "P1,ALP,90,U/L,2024-03-12,perhaps,,,\n"
        + f"P1,PLT,210,10*9/L,2024-03-12,,,,{longer}\n"
        + f"P1,ALB,41,g/L,2024-03-12,,,,{'z' * 501}\n"
    )
    assert sorted(found) == [(3, "taken_not_understood"), (4, "notes_too_long"), (5, "cell_too_long")]
    assert Draw.objects.get().note == long


@pytest.mark.parametrize("name", ["Kommentar", "comment", "备注"])
def test_a_column_of_comments_is_proposed_as_the_note_and_not_taken_unasked(
    nurse: Client, cast: Cast, name: str
) -> None:
    make_patient(cast.team, number="1")
    batch = sent(nurse, cast, ODD.replace("Tag", f"Tag;{name}").replace("2024\n", "2024;diluted\n"))
    assert '<option value="note" selected>' in page_of(nurse, batch, "import_columns")
    say(nurse, batch, {**SAID, "role_5": "note"}, f"Nr|Was|Zahl|Einheit|Tag|{name}")
    assert batch.results_new == 2
    take_in(HEADER.strip() + f",{name}\n1,CEA,3.2,ng/mL,2024-03-12,diluted\n")
    assert Draw.objects.get().note == ""


# --- the command


@pytest.fixture
def said(nurse: Client, cast: Cast, tmp_path: Path) -> Path:
    make_patient(cast.team, number="1")
    say(nurse, sent(nurse, cast, ODD), SAID, "Nr|Was|Zahl|Einheit|Tag")
    path = tmp_path / "april.csv"
    path.write_text("Report of April;\n\n" + ODD.replace("13/03", "14/04"))
    return path


def command(*arguments: str | Path) -> str:
    out = io.StringIO()
    call_command("import_draws", *map(str, arguments), stdout=out)
    return " ".join(out.getvalue().split())


def test_the_command_reads_as_was_said_on_the_page_once_that_was_looked_at(said: Path, cast: Cast) -> None:
    order = (said, "--team", cast.team.name, "--source", "odd.csv")
    with pytest.raises(CommandError, match=r"Look at it with --dry-run, then take it in with --as-shown"):
        command(*order)
    assert Result.objects.count() == 0
    looked = command(*order, "--dry-run")
    for words in ("at odd.csv:", "Zahl: value", "dates: dmy", "decimal sign: comma", "results new 2"):
        assert words in looked
    assert Result.objects.count() == 0
    assert "results new 2" in command(*order, "--as-shown")
    assert list(Result.objects.order_by("pk").values_list("marker_id", "value")) == [("CEA", "4.125"), ("ALP", "90")]
    batch = ImportBatch.objects.latest("pk")
    assert (batch.import_source, (batch.mapping or {})["header_line"]) == (ImportSource.objects.get(), 3)


def test_what_was_said_of_other_columns_by_another_team_or_nowhere_is_not_used(said: Path, cast: Cast) -> None:
    other = said.with_name("other.csv")
    other.write_text(HEADER + "1,CEA,3.2,ng/mL,2024-03-12\n")
    for file, team, source in (
        (said, cast.team, "odd"),
        (said, cast.other_team, "odd.csv"),
        (other, cast.team, "odd.csv"),
    ):
        with pytest.raises(CommandError, match="has said nothing at a file"):
            command(file, "--team", team.name, "--source", source, "--as-shown")
    with pytest.raises(CommandError, match="What was said of files is kept for a care team"):
        command(said, "--source", "odd.csv")
    assert Result.objects.count() == 0

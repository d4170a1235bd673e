from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from pytest_django.fixtures import DjangoAssertNumQueries

from accounts.services import leave_team
from audit.models import AuditEvent
from exchange import loader, run
from exchange.csv import FileRefused
from monitoring.models import EvaluationMark
from patients.models import BatchState, Draw, ImportBatch, Patient, PatientIdentifier, Result, Sex
from patients.services import correct_result
from tests.cast import Cast, give_draw, make_patient, reading
from tests.exchange.files import HEADER, refusals, rows_of_every_table, take_in

LINE = "P1,CEA,3.20,ng/mL,2024-03-12 08:03\n"
OTHERS = "P1,ALP,90,U/L,2024-03-12 08:03\nP1,CEA,4.1,ng/mL,2024-04-12 08:03\n"


def outcome(summary: loader.ImportSummary) -> tuple[int, int, int, int]:
    counts = summary.counts
    return counts.results_new, counts.results_repeated, counts.results_corrected, counts.lines_rejected


def test_rows_of_one_time_become_one_draw_with_its_results(cast: Cast) -> None:
    patient = make_patient(cast.team, number="P1")
    summary = take_in(HEADER + LINE + OTHERS)
    assert outcome(summary) == (3, 0, 0, 0)
    assert summary.counts.draws_created == 2
    first, second = Draw.objects.order_by("collected_at")
    assert first.patient_id == second.patient_id == patient.pk
    assert first.collected_at == dt.datetime(2024, 3, 12, 8, 3, tzinfo=dt.UTC)
    assert {result.marker_id: result.reported for result in first.results.all()} == {"CEA": "3.20", "ALP": "90"}
    assert EvaluationMark.objects.get().patient_id == patient.pk
    assert AuditEvent.objects.filter(action="draw.recorded", patient_id=patient.pk).count() == 2


def test_the_same_file_again_changes_nothing(cast: Cast) -> None:
    make_patient(cast.team, number="P1")
    take_in(HEADER + LINE + OTHERS)
    before = Result.objects.count(), Draw.objects.count(), EvaluationMark.objects.get().version
    assert outcome(take_in(HEADER + LINE + OTHERS)) == (0, 3, 0, 0)
    assert (Result.objects.count(), Draw.objects.count(), EvaluationMark.objects.get().version) == before


def test_a_changed_value_of_the_same_draw_is_a_correction(cast: Cast) -> None:
    make_patient(cast.team, number="P1")
    take_in(HEADER + LINE)
    assert outcome(take_in(HEADER + LINE.replace("3.20", "3.50"))) == (0, 0, 1, 0)
    old, new = Result.objects.order_by("version")
    assert (old.reported, new.reported, new.replaces_id, new.status) == ("3.20", "3.50", old.pk, "corrected")
    assert new.reason == "changed at the source"


def test_an_old_file_read_again_does_not_undo_what_a_person_corrected(cast: Cast) -> None:
    make_patient(cast.team, number="P1")
    take_in(HEADER + LINE)
    wrong = Result.objects.get()
    correct_result(
        actor="test", result_id=wrong.pk, new=reading("CEA", "3.9"), status="corrected", reason="misread tube"
    )
    assert outcome(take_in(HEADER + LINE)) == (0, 1, 0, 0)
    assert Result.objects.current().get().reported == "3.9"


def test_two_values_for_one_draw_in_one_file_are_not_both_taken(cast: Cast) -> None:
    make_patient(cast.team, number="P1")
    content = HEADER + LINE + LINE + LINE.replace("3.20", "9.9")
    assert refusals(content) == [(4, "value_twice_in_file")]
    assert Result.objects.get().reported == "3.20"
    assert outcome(take_in(content)) == (0, 2, 0, 1)


def test_an_accession_number_joins_lines_and_refuses_another_time(cast: Cast) -> None:
    make_patient(cast.team, number="P1")
    header = "patient_id,marker,value,unit,collected_at,sample_id\n"
    content = header + "P1,CEA,3.2,ng/mL,2024-03-12 08:03,S1\nP1,ALP,90,U/L,2024-03-12 08:03,S1\n"
    assert outcome(take_in(content)) == (2, 0, 0, 0)
    assert Draw.objects.get().accession == "S1"
    next_year = header + "P1,CEA,9.9,ng/mL,2025-03-12 08:03,S1\n"
    assert refusals(next_year) == [(2, "accession_at_another_time")]
    assert refusals(content + "P1,PLT,200,10*9/L,2025-03-12 08:03,S1\n") == [(4, "accession_at_another_time")]
    assert Result.objects.count() == 2


def test_a_patient_with_two_numbers_in_one_file_has_one_draw(cast: Cast) -> None:
    patient = make_patient(cast.team, number="P1")
    PatientIdentifier.objects.create(patient=patient, value="P1-OLD")
    content = HEADER + LINE + "P1-OLD,ALP,90,U/L,2024-03-12 08:03\nP1-OLD,CEA,9,ng/mL,2024-03-12 08:03\n"
    assert refusals(content) == [(4, "value_twice_in_file")]
    assert Draw.objects.get().results.count() == 2


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("P9,CEA,3.2,ng/mL,2024-03-12", "patient_unknown"),
        ("P1,BILI,3.2,mg/dL,2024-03-12", "marker_unknown"),
        ("P1,NLR,3.2,{ratio},2024-03-12", "marker_is_derived"),
        ("P1,CEA,3.2,,2024-03-12", "unit_missing"),
        ("P1,CEA,3.2,mmol/L,2024-03-12", "unit_unknown"),
        ("P1,BAP,3.2,U/L,2024-03-12", "unit_of_another_marker"),
        ("P1,CEA,,ng/mL,2024-03-12", "value_empty"),
        ("P1,CEA,~3,ng/mL,2024-03-12", "value_approximate"),
        ("P1,CA,90,mmol/L,2024-03-12", "value_above_possible"),
        ("P1,CEA,3.2,ng/mL,03/04/2024", "date_order_ambiguous"),
    ],
)
def test_a_line_that_cannot_be_taken_is_kept_with_its_reason(cast: Cast, line: str, code: str) -> None:
    make_patient(cast.team, number="P1")
    assert refusals(HEADER + line + "\n" + LINE) == [(2, code)]
    batch = ImportBatch.objects.get()
    assert (batch.lines_rejected, batch.results_new, batch.state) == (1, 1, BatchState.DONE)
    rejected = batch.rejected_lines.get()
    assert (rejected.line_number, rejected.code, rejected.raw) == (2, code, line)


def test_a_unit_is_refused_with_the_units_that_would_be_right(cast: Cast) -> None:
    make_patient(cast.team, number="P1")
    take_in(HEADER + "P1,CEA,3.2,mmol/L,2024-03-12\n")
    assert "ng/mL" in ImportBatch.objects.get().rejected_lines.get().params["units"]


def test_name_and_loinc_must_agree_and_either_is_enough(cast: Cast) -> None:
    make_patient(cast.team, number="P1")
    header = "patient_id,analyte,loinc,value,unit,collected_at\n"
    content = (
        header
        + "P1,CEA,2039-6,3.2,ng/mL,2024-03-12\n"
        + "P1,CEA,999-9,3.2,ng/mL,2024-03-13\n"
        + "P1,Karzinoembryon.,2039-6,3.2,ng/mL,2024-03-14\n"
        + "P1,ALP,2039-6,3.2,ng/mL,2024-03-15\n"
        + "P1,Calcium,1995-0,1.2,mmol/L,2024-03-15\n"
        + "P1,TRACP-5b,16316-2,300,mU/dL,2024-03-15\n"
    )
    # 999-9 is no code of CEA, 1995-0 is ionised calcium; TRACP-5b has no code on record that could be contradicted.
    assert refusals(content) == [
        (3, "loinc_not_of_marker"),
        (5, "marker_names_disagree"),
        (6, "loinc_not_of_marker"),
    ]
    assert list(Result.objects.order_by("pk").values_list("marker_id", flat=True)) == ["CEA", "CEA", "TRACP5B"]


def test_an_odd_value_is_recorded_and_counted_as_to_check(cast: Cast) -> None:
    patient = make_patient(cast.team, number="P1")
    give_draw(patient, dt.date(2024, 3, 10), {"CEA": "3"})
    content = HEADER + "P1,CEA,3000,ng/mL,2024-03-12\nP1,ALP,90,U/L,2024-03-12\n"
    assert take_in(content, dry_run=True).to_check == 1
    assert take_in(content).to_check == 1
    assert Result.objects.filter(canonical_value=Decimal(3000)).exists()
    assert take_in(content).to_check == 0  # a repeat asks nobody again


# --- patients


def test_patients_that_are_not_on_record_are_made_where_asked(cast: Cast) -> None:
    content = (
        "patient_id,name,sex,birth_date,marker,value,unit,collected_at\n"
        "N1,李娜,女,1961-11-20,CEA,3.2,ng/mL,2024-03-12\n"
        "N1,李娜,女,1961-11-20,CEA,3.4,ng/mL,2024-04-12\n"
        "N2,,,,CEA,3.2,ng/mL,2024-03-12\n"
        "N3,,,,BILI,3.2,mg/dL,2024-03-12\n"
    )
    summary = take_in(content, care_team=cast.team, create_patients=True)
    assert (summary.counts.patients_created, outcome(summary)) == (2, (3, 0, 0, 1))
    made = {patient.name: (patient.sex, patient.birth_date, patient.care_team_id) for patient in Patient.objects.all()}
    assert made == {
        "李娜": (Sex.FEMALE, dt.date(1961, 11, 20), cast.team.pk),
        "N2": (Sex.UNKNOWN, None, cast.team.pk),
    }


def test_a_birth_date_that_is_none_refuses_the_line_and_makes_nobody(cast: Cast) -> None:
    content = "patient_id,dob,marker,value,unit,collected_at\nN1,11/20/1961,CEA,3.2,ng/mL,2024-03-12\n"
    assert refusals(content, care_team=cast.team, create_patients=True) == [(2, "date_order_ambiguous")]
    assert Patient.objects.count() == 0


def test_a_patient_of_another_team_reads_like_one_nobody_has(cast: Cast) -> None:
    make_patient(cast.other_team, number="P1")
    for create in (False, True):
        found = refusals(HEADER + LINE, user=cast.nurse, care_team=cast.team, create_patients=create)
        assert found == [(2, "patient_unknown")]
    assert Result.objects.count() == 0
    texts = {str(batch.rejected_lines.get().params) for batch in ImportBatch.objects.all()}
    assert texts == {"{'patient': 'P1'}"}


def test_only_who_may_import_into_a_team_does(cast: Cast) -> None:
    for user, team in ((cast.clinician, cast.team), (cast.nurse, cast.other_team)):
        with pytest.raises(PermissionDenied):
            take_in(HEADER + LINE, user=user, care_team=team)
    leave_team(actor="test", user=cast.nurse, team=cast.team)
    with pytest.raises(PermissionDenied):
        take_in(HEADER + LINE, user=cast.nurse, care_team=cast.team)
    assert ImportBatch.objects.count() == 0


# --- dry run, refusal, resumption


def test_a_dry_run_says_what_the_run_would_do_and_writes_nothing_at_all(cast: Cast) -> None:
    patient = make_patient(cast.team, number="P1")
    give_draw(patient, dt.datetime(2024, 3, 12, 8, 3, tzinfo=dt.UTC), {"CEA": "3.2", "PLT": "200"})
    content = (
        HEADER
        + LINE  # a repeat
        + "P1,PLT,210,10*9/L,2024-03-12 08:03\n"  # a correction
        + "P1,ALP,90,U/L,2024-03-12 08:03\n"  # new in a draw that is there
        + "".join(f"N1,CEA,3.{day},ng/mL,2024-03-{day}\n" for day in range(10, 30))  # new, of a new patient
        + "P1,BILI,1,mg/dL,2024-03-12\n"
    )
    before = rows_of_every_table()
    dry = take_in(content, care_team=cast.team, create_patients=True, dry_run=True)
    assert rows_of_every_table() == before
    assert dry.batch_id is None
    wet = take_in(content, care_team=cast.team, create_patients=True)
    assert dry.counts == wet.counts
    assert outcome(wet) == (21, 1, 1, 1)
    assert (wet.counts.draws_created, wet.counts.patients_created) == (20, 1)


def test_a_dry_run_agrees_with_the_run_where_draws_go_on_past_the_end_of_a_piece(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "LINES_A_PIECE", 3)
    content = HEADER + "".join(
        f"N{day % 2},{marker},50,{unit},2024-03-{day}\n"
        for day in range(10, 20)
        for marker, unit in (("ALP", "U/L"), ("CEA", "ng/mL"), ("PLT", "10*9/L"), ("ALB", "g/L"))
    )
    dry = take_in(content + content, care_team=cast.team, create_patients=True, dry_run=True)
    wet = take_in(content + content.removeprefix(HEADER), care_team=cast.team, create_patients=True)
    assert outcome(wet) == (40, 40, 0, 0)
    assert wet.counts.draws_created == dry.counts.draws_created == 10
    assert wet.counts.patients_created == dry.counts.patients_created == 2
    assert Draw.objects.count() == 10


def test_a_file_that_is_refused_leaves_nothing(cast: Cast) -> None:
    before = rows_of_every_table()
    with pytest.raises(FileRefused):
        take_in("a,b,c\n1,2,3\n")
    assert rows_of_every_table() == before


def test_a_run_that_was_stopped_goes_on_where_it_stopped(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "LINES_A_PIECE", 4)
    make_patient(cast.team, number="P1")
    good = [f"P1,CEA,3.{day},ng/mL,2024-03-{day}\n" for day in range(10, 20)]
    content = HEADER + "".join(good[:5]) + "P1,BILI,1,mg/dL,2024-03-12\n" + "".join(good[5:])
    content += "P1,CEA,9.9,ng/mL,2024-03-10\n" + good[0] + "\n\n"  # the first contradicts a line of the first run

    def stop(done: int, _total: int) -> None:
        if done >= 8:
            raise KeyboardInterrupt

    batch = ImportBatch.objects.create(file_name="f.csv", sha256="0", started_by=cast.nurse, care_team=cast.team)
    order = loader.Order(actor="test", file_name="f.csv", user=cast.nurse, care_team=cast.team)
    with pytest.raises(KeyboardInterrupt):
        loader.import_file(order=order, stream=io.BytesIO(content.encode()), batch=batch, on_progress=stop)
    batch = ImportBatch.objects.get()
    assert (batch.state, batch.lines_done, batch.results_new, batch.lines_rejected) == (BatchState.RUNNING, 8, 7, 1)
    loader.import_file(order=order, stream=io.BytesIO(content.encode()), batch=batch)
    batch = ImportBatch.objects.get()
    assert (batch.state, batch.lines_done, batch.lines_total) == (BatchState.DONE, 15, 15)
    assert (batch.results_new, batch.results_repeated, batch.lines_rejected) == (10, 1, 2)
    assert Result.objects.count() == 10
    assert set(batch.rejected_lines.values_list("code", flat=True)) == {"marker_unknown", "value_twice_in_file"}


def test_of_two_runs_of_one_batch_the_slower_writes_nothing(cast: Cast) -> None:
    make_patient(cast.team, number="P1")
    batch = ImportBatch.objects.create(file_name="f.csv", sha256="0", started_by=cast.nurse, care_team=cast.team)
    order = loader.Order(actor="test", file_name="f.csv", user=cast.nurse, care_team=cast.team)
    slow = ImportBatch.objects.get()
    content = (HEADER + LINE).encode()

    def another_was_here(_batch: ImportBatch, _file: object) -> None:
        ImportBatch.objects.update(state=BatchState.RUNNING, lines_total=1, lines_done=1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loader, "_take_up", another_was_here)
        with pytest.raises(loader.BatchTakenOver):
            loader.import_file(order=order, stream=io.BytesIO(content), batch=slow)
    assert Result.objects.count() == 0
    assert batch.pk == slow.pk


def test_a_piece_costs_the_same_queries_whatever_its_length(
    cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(40):
        make_patient(cast.team, number=f"Q{number}")
    content = HEADER + "".join(
        f"Q{number},{marker},50,{unit},2024-03-{day}\n"
        for number in range(40)
        for day in (10, 11)
        for marker, unit in (("ALP", "U/L"), ("PLT", "10*9/L"), ("ALB", "g/L"))
    )
    with django_assert_max_num_queries(45):
        assert outcome(take_in(content)) == (240, 0, 0, 0)


def test_what_one_line_says_of_the_sample_holds_for_the_whole_draw(cast: Cast) -> None:
    """The laboratory wrote it at NSE alone, and CEA stands before it in the file."""
    make_patient(cast.team, number="P1")
    take_in(
        HEADER.strip()
        + """,haemolysis,fasting
P1,CEA,3.2,ng/mL,2024-03-12 08:03,,
P1,NSE,40,ng/mL,2024-03-12 08:03,yes,no
P1,ALP,90,U/L,2024-03-12 08:03,no,yes
P1,CEA,3.2,ng/mL,2024-04-12 08:03,,
P1,ALP,90,U/L,2024-04-12 08:03,no,yes
P1,CEA,3.2,ng/mL,2024-05-12 08:03,,
"""
    )
    states = Draw.objects.order_by("collected_at").values_list("haemolysis", "fasting")
    assert list(states) == [("present", "no"), ("none", "yes"), ("unknown", "unknown")]

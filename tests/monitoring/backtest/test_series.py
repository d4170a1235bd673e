from __future__ import annotations

from pathlib import Path

from monitoring.backtest.series import series_of
from monitoring.rules import event_rules
from monitoring.trends.types import Series
from tests.monitoring.backtest.files import EVENT_HEADER, HEADER, read, read_events, written


def all_series(tmp_path: Path, header: str, lines: list[str], events: list[str]) -> list[Series]:
    assembled, rejected = read(written(tmp_path / "draws.csv", header, lines))
    file, wrong = read_events(written(tmp_path / "events.csv", EVENT_HEADER, events), assembled)
    assert (rejected, wrong) == ([], [])
    cohort = assembled.cohort
    return series_of(cohort, file.histories, event_rules(), first=0, last=len(cohort.patients))


def test_one_series_a_patient_and_marker_with_the_draws_of_the_cohort(tmp_path: Path) -> None:
    lines = ["P2,CEA,<3,ng/mL,0", "P1,ALP,80,U/L,30", "P1,CEA,3,ng/mL,0", "P1,CEA,4,ng/mL,30"]
    found = all_series(tmp_path, HEADER, lines, [])
    assert [(one.patient, one.marker, one.draw_ids) for one in found] == [
        (0, "CEA", (0, 1)),
        (0, "ALP", (1,)),
        (1, "CEA", (2,)),
    ]
    assert (found[0].days.tolist(), found[0].values.tolist()) == ([0.0, 30.0], [3.0, 4.0])
    assert found[2].censoring.tolist() == [-1]
    assert found[0].exclusions == ("", "")
    assert found[0].rebase_sd.tolist() == [0.0, 0.0]


def test_what_happened_marks_the_draws_it_concerns_and_no_others(tmp_path: Path) -> None:
    lines = [f"{patient},CEA,3,ng/mL,{day}" for patient in ("P1", "P2") for day in (0, 30, 60, 120)]
    treated, untreated = all_series(tmp_path, HEADER, lines, ["P1,treatment_start,20,chemotherapy"])
    assert treated.exclusions == ("", "treatment_window", "treatment_window", "")
    assert treated.rebase_codes == ("", "treatment_start", "", "")
    assert untreated.exclusions == ("", "", "", "")
    assert untreated.rebase_codes == ("", "", "", "")


def test_an_event_of_one_marker_leaves_the_others_alone(tmp_path: Path) -> None:
    lines = [f"P1,{marker},3,ng/mL,{day}" for marker in ("CEA", "CYFRA211") for day in (0, 30, 60)]
    cea, cyfra = all_series(tmp_path, HEADER, lines, ["P1,assay_change,30,CEA"])
    assert cea.rebase_codes == ("", "assay_change", "")
    assert cyfra.rebase_codes == ("", "", "")


def test_another_laboratory_or_assay_begins_a_segment_and_a_blank_does_not(tmp_path: Path) -> None:
    places = [("City", ""), ("", "Cobas"), ("city ", "cobas"), ("Town", "Cobas"), ("Town", "Atellica")]
    lines = [f"P1,CEA,3,ng/mL,{30 * at},{lab},{assay}" for at, (lab, assay) in enumerate(places)]
    (found,) = all_series(tmp_path, f"{HEADER},laboratory,assay", lines, [])
    assert found.segments.tolist() == [0, 0, 0, 1, 2]
    assert found.rebase_codes == ("", "", "", "laboratory_change", "assay_change")


def test_a_doubtful_sample_is_doubtful_for_its_marker_alone(tmp_path: Path) -> None:
    lines = [
        f"P1,{marker},9,{unit},{day},{'yes' if day else 'no'}"
        for marker, unit in (("NSE", "ng/mL"), ("CEA", "ng/mL"))
        for day in (0, 30)
    ]
    cea, nse = all_series(tmp_path, f"{HEADER},haemolysis", lines, [])
    assert (cea.marker, cea.exclusions) == ("CEA", ("", ""))
    assert (nse.marker, nse.exclusions) == ("NSE", ("", ""))
    assert nse.extra_codes == nse.watch_only == ("", "haemolysed")


def test_the_hour_of_a_dated_draw_counts_and_that_of_a_day_number_is_not_known(tmp_path: Path) -> None:
    moments = ("2024-03-01", "2024-03-29 09:59", "2024-04-26 10:00", "2024-05-24T03:00:00Z")
    dated = [f"P1,BCTX,0.3,ng/mL,{moment}" for moment in moments]
    (found,) = all_series(tmp_path, HEADER, dated, [])
    assert found.extra_codes == ("", "", "not_in_the_morning", "not_in_the_morning")
    numbered = [f"P1,BCTX,0.3,ng/mL,{day}.5" for day in (0, 28)]
    (found,) = all_series(tmp_path, HEADER, numbered, [])
    assert set(found.extra_codes) <= {""}


def test_biotin_in_a_file_counts_for_the_assays_it_disturbs(tmp_path: Path) -> None:
    said = [("Cobas e801", "yes"), ("Cobas e801", "no"), ("Cobas e801", ""), ("", "服用")]
    lines = [f"P1,CEA,3,ng/mL,{30 * at},{assay},{biotin}" for at, (assay, biotin) in enumerate(said)]
    (found,) = all_series(tmp_path, f"{HEADER},assay,biotin", lines, [])
    assert found.extra_codes == found.watch_only == ("biotin", "", "", "biotin")
    (found,) = all_series(tmp_path, f"{HEADER},assay,biotin", ["P1,CEA,3,ng/mL,0,Alinity,yes"], [])
    assert set(found.extra_codes) <= {""}

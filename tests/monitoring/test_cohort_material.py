from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitoring.cohort_choice import Choice, read_choice
from monitoring.cohort_material import Material, load_cohort, usual_alignment
from patients.models import Draw, Patient, Result
from patients.models.second_check import SecondCheck
from patients.services import record_treatment
from tests.cast import ACTOR, Cast, give_draw, make_patient
from tests.monitoring.cohorts import AROUND, SCAN, scan, scanned

DAY = dt.timedelta(days=1)


def choice(**asked: str) -> Choice:
    found, ignored = read_choice({"marker": "CEA", **asked})
    assert ignored == []
    return found


def material(cast: Cast, **asked: str) -> Material:
    return load_cohort(cast.clinician, choice(**asked))


def days(found: Material) -> list[int]:
    return [int(day) for day in found.readings.day]


def treated(patient: Patient, kind: str, start: dt.date, end: dt.date | None = None) -> None:
    record_treatment(actor=ACTOR, patient_id=patient.pk, kind=kind, name="agent", started_on=start, ended_on=end)


def test_values_are_counted_in_days_from_the_scan(cast: Cast) -> None:
    scanned(cast.team)
    found = material(cast)
    assert days(found) == [-70, -14, 14]
    assert found.readings.value.tolist() == [2.0, 3.0, 4.0]
    assert found.readings.patient.tolist() == [0, 0, 0]
    assert (found.visible, found.groups, found.synthetic, found.spoilt) == (1, ("other",), False, 0)


def test_patients_of_other_teams_are_never_counted(cast: Cast) -> None:
    scanned(cast.other_team, histology="squamous", synthetic=True)
    scanned(cast.team, histology="adenocarcinoma")
    for group in ("histology", "treatment", "bone_status", "all"):
        found = material(cast, group=group)
        assert (found.visible, len(found.groups), len(days(found)), found.synthetic) == (1, 1, 3, False)
    assert material(cast).groups == ("adenocarcinoma",)


def test_a_record_that_was_merged_into_another_is_not_counted_twice(cast: Cast) -> None:
    kept, gone = scanned(cast.team), scanned(cast.team)
    Patient.objects.filter(pk=gone.pk).update(merged_into=kept)
    found = material(cast)
    assert (found.visible, len(found.groups), len(days(found))) == (1, 1, 3)


def test_the_first_scan_that_showed_bone_metastasis_is_the_day_whatever_was_seen_before(cast: Cast) -> None:
    patient = make_patient(cast.team)
    scan(patient, SCAN - 90 * DAY, finding="equivocal")
    scan(patient, SCAN + 30 * DAY, modality="mri")
    scan(patient, SCAN, modality="bone_scan")
    give_draw(patient, SCAN, {"CEA": "2.0"})
    assert days(material(cast)) == [0]
    assert days(material(cast, align="ct")) == [90]
    assert days(material(cast, align="mri")) == [-30]
    assert material(cast, align="pet_ct").groups == ()


def test_the_day_is_that_of_the_clinics_calendar(cast: Cast) -> None:
    patient = scanned(cast.team, ())
    late = dt.datetime.combine(SCAN, dt.time(23, 59), tzinfo=timezone.get_default_timezone())
    give_draw(patient, late, {"CEA": "2.0"})
    give_draw(patient, late + dt.timedelta(minutes=1), {"CEA": "2.0"})
    assert days(material(cast)) == [0, 1]


def test_the_first_systemic_treatment_is_the_day_or_the_first_of_a_class(cast: Cast) -> None:
    patient = make_patient(cast.team)
    treated(patient, "surgery", SCAN - 100 * DAY)
    treated(patient, "immunotherapy", SCAN + 50 * DAY)
    treated(patient, "targeted", SCAN)
    give_draw(patient, SCAN, {"CEA": "2.0"})
    assert days(material(cast, align="treatment")) == [0]
    assert days(material(cast, align="targeted")) == [0]
    assert days(material(cast, align="immunotherapy")) == [-50]
    assert material(cast, align="chemotherapy").groups == ()


@pytest.mark.parametrize(
    ("start", "end", "group"),
    [
        (-30, None, "targeted"),
        (0, None, "targeted"),
        (0, 0, "targeted"),
        (-30, 1, "targeted"),
        (-30, 0, "none"),  # what ended that day gave way
        (-30, -1, "none"),
        (1, None, "none"),
    ],
)
def test_the_class_in_force_on_the_day_is_the_group(cast: Cast, start: int, end: int | None, group: str) -> None:
    patient = scanned(cast.team)
    treated(patient, "targeted", SCAN + start * DAY, None if end is None else SCAN + end * DAY)
    treated(patient, "bone_agent", SCAN - 10 * DAY)
    assert material(cast, group="treatment").groups == (group,)


def test_two_classes_at_once_are_a_group_of_their_own(cast: Cast) -> None:
    patient = scanned(cast.team)
    treated(patient, "immunotherapy", SCAN - 40 * DAY)
    treated(patient, "chemotherapy", SCAN - 20 * DAY)
    treated(patient, "chemotherapy", SCAN - 10 * DAY)
    assert material(cast, group="treatment").groups == ("chemotherapy+immunotherapy",)


def test_bone_status_is_that_at_baseline(cast: Cast) -> None:
    patient = scanned(cast.team)
    Patient.objects.filter(pk=patient.pk).update(baseline_bone_status="equivocal")
    assert material(cast, group="bone_status").groups == ("equivocal",)
    assert material(cast, group="all").groups == ("all",)


def test_limits_and_changes_of_laboratory_go_along(cast: Cast) -> None:
    patient = scanned(cast.team, (("<0.5", -20), ("2.0", -10)), laboratory="North")
    give_draw(patient, SCAN + 10 * DAY, {"CEA": ">1000"}, laboratory="South")
    found = material(cast).readings
    assert found.censoring.tolist() == [-1, 0, 1]
    assert found.segment.tolist() == [0, 0, 1]


def test_a_computed_marker_is_computed_from_its_draw(cast: Cast) -> None:
    patient = scanned(cast.team, ())
    give_draw(patient, SCAN, {"NEUT": "6.0", "LYMPH": "2.0"})
    give_draw(patient, SCAN + DAY, {"NEUT": "6.0"})
    found = material(cast, marker="NLR")
    assert (found.readings.value.tolist(), days(found)) == ([3.0], [0])


def test_a_sample_whose_condition_spoils_the_marker_is_left_out_and_counted(cast: Cast) -> None:
    patient = scanned(cast.team, (("200", -10), ("400", 10)), marker="LDH")
    Draw.objects.filter(patient=patient, collected_at__date=SCAN + 10 * DAY).update(haemolysis="present")
    found = material(cast, marker="LDH")
    assert (found.readings.value.tolist(), found.spoilt) == ([200.0], 1)


def test_what_waits_for_a_second_person_is_in_no_course(cast: Cast) -> None:
    patient = scanned(cast.team)
    waiting = Result.objects.get(draw__patient=patient, value="4.0")
    Result.objects.filter(pk=waiting.pk).update(awaiting_check=SecondCheck.VERIFY, recorded_by=cast.nurse)
    assert days(material(cast)) == [-70, -14]


def test_one_synthetic_patient_makes_the_cohort_synthetic(cast: Cast) -> None:
    scanned(cast.team)
    assert not material(cast).synthetic
    scanned(cast.team, synthetic=True)
    assert material(cast).synthetic


def test_fifty_patients_cost_as_many_queries_as_one(cast: Cast) -> None:
    counts = []
    for wanted in (1, 50):
        while Patient.objects.count() < wanted:
            treated(scanned(cast.team, AROUND[:1]), "targeted", SCAN)
        with CaptureQueriesContext(connection) as queries:
            found = material(cast, group="treatment")
        assert len(found.groups) == wanted
        counts.append(len(queries))
    assert counts == [4, 4]


def test_who_is_in_no_team_has_an_empty_cohort(cast: Cast) -> None:
    scanned(cast.team)
    found = load_cohort(cast.stranger, choice())
    assert (found.visible, found.groups, days(found), found.synthetic) == (0, (), [], False)


def test_the_usual_day_is_the_one_that_more_of_the_viewers_patients_have(cast: Cast) -> None:
    assert usual_alignment(cast.clinician) == "bone_metastasis"
    scanned(cast.team)
    treated(make_patient(cast.team), "chemotherapy", SCAN)
    treated(make_patient(cast.other_team), "chemotherapy", SCAN)
    treated(make_patient(cast.team), "surgery", SCAN)
    assert usual_alignment(cast.clinician) == "bone_metastasis"  # one each
    treated(make_patient(cast.team), "targeted", SCAN)
    assert usual_alignment(cast.clinician) == "treatment"

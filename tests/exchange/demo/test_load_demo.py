"""The command: what it leaves on record, what it refuses, and how it goes on after an interruption."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.test.utils import override_settings

from accounts.models import Team, User
from audit.models import AuditEvent
from exchange.demo import loading
from exchange.demo.cohort import make_cohort
from exchange.demo.loading import RecordState, record_state
from exchange.demo.logins import LOGINS, TEAM_NAMES
from exchange.demo.types import DemoPatient
from exchange.management.commands import load_demo
from monitoring.models import Alert, Evaluation, EvaluationMark
from patients.models import Draw, FollowUpPlan, ImagingStudy, Patient, PatientIdentifier, Result, Treatment

pytestmark = pytest.mark.django_db
EACH_STORY_ONCE = 25


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path) -> Iterator[Path]:
    with override_settings(DATA_DIR=tmp_path):
        yield tmp_path


def load(*options: str) -> str:
    said = io.StringIO()
    call_command("load_demo", "--quiet", *options, stdout=said)
    return said.getvalue()


def as_loaded() -> tuple[DemoPatient, ...]:
    """The cohort of the day on which the record says the first patient was made."""
    created = AuditEvent.objects.filter(action="patient.created").order_by("pk").first()
    assert created is not None
    return make_cohort(anchor=created.at.date(), size=EACH_STORY_ONCE)


def real_patient() -> Patient:
    return Patient.objects.create(name="Somebody Real", care_team=Team.objects.create(name="Ward"))


def test_everything_of_the_cohort_is_on_record_and_evaluated(data_folder: Path) -> None:
    said = load("--patients", str(EACH_STORY_ONCE))
    cohort = as_loaded()
    draws = [draw for patient in cohort for draw in patient.draws]
    results = [result for draw in draws for result in draw.results]
    assert Patient.objects.count() == EACH_STORY_ONCE
    assert not Patient.objects.filter(is_synthetic=False).exists()
    assert Draw.objects.count() == len(draws)
    assert Result.objects.current().count() == len(results)
    assert Result.objects.count() == len(results) + sum(bool(result.first_reported) for result in results)
    assert ImagingStudy.objects.count() == sum(len(patient.imaging) for patient in cohort)
    assert Treatment.objects.count() == sum(len(patient.treatments) for patient in cohort)
    assert FollowUpPlan.objects.filter(is_active=True).count() == EACH_STORY_ONCE
    assert Evaluation.objects.count() == EACH_STORY_ONCE
    assert not EvaluationMark.objects.exists()
    assert f"{EACH_STORY_ONCE} synthetic patients, {len(draws)} draws, {len(results)} results" in said
    rising = {patient.person.number for patient in cohort[:5]}
    alerted = PatientIdentifier.objects.filter(patient__in=Alert.objects.values("patient")).values_list(
        "value", flat=True
    )
    assert rising <= set(alerted)
    assert AuditEvent.objects.filter(action="draw.recorded").count() >= len(draws)


def test_values_stand_on_record_as_the_laboratory_reported_them() -> None:
    load("--patients", str(EACH_STORY_ONCE))
    reported = set(Result.objects.values_list("marker_id", "as_typed", "unit"))
    for patient in as_loaded():
        for draw in patient.draws:
            for result in draw.results:
                assert (result.marker, result.text, result.unit) in reported
    corrected = Result.objects.get(version=2)
    assert corrected.status == "corrected"
    assert corrected.reason == "decimal point, corrected by the laboratory"


def test_the_demo_logins_sign_in(data_folder: Path) -> None:
    load("--patients", "1")
    rows = json.loads((data_folder / "demo-logins.json").read_text(encoding="utf-8"))
    assert [row["role"] for row in rows] == ["clinician", "nurse", "administrator", "clinician"]
    for row in rows:
        assert Client().login(username=row["username"], password=row["password"])
    teams = {user.username: sorted(user.teams.values_list("name", flat=True)) for user in User.objects.all()}
    both = sorted(TEAM_NAMES)
    assert teams == {
        "clinician": [TEAM_NAMES[0]],
        "nurse": [TEAM_NAMES[0]],
        "administrator": both,
        "clinician-zh": both,
    }
    assert User.objects.get(username="clinician-zh").language == "zh-hans"
    assert all(login.email.endswith("@demo.invalid") for login in LOGINS)


def test_a_second_load_is_refused_and_with_if_empty_only_says_so() -> None:
    load("--patients", "2")
    before = AuditEvent.objects.count()
    with pytest.raises(CommandError, match="on record already"):
        load()
    assert "on record already" in load("--if-empty")
    assert Patient.objects.count() == 2
    assert AuditEvent.objects.count() == before


def test_nothing_is_loaded_beside_real_patients() -> None:
    real_patient()
    with pytest.raises(CommandError, match="not synthetic"):
        load()
    assert "not synthetic" in load("--if-empty")
    assert Patient.objects.count() == 1
    assert not User.objects.exists()


def test_an_interrupted_load_is_continued_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(patient: DemoPatient, *, team: Team) -> int:
        if patient.person.number == "SYN-0003":
            raise KeyboardInterrupt
        return loading.load_patient(patient, team=team)

    with monkeypatch.context() as patched:
        patched.setattr(load_demo, "load_patient", interrupted)
        with pytest.raises(CommandError, match="Interrupted with 2 patients on record") as refused:
            load("--patients", "4")
    assert refused.value.returncode == 130
    assert record_state() is RecordState.PARTLY_LOADED
    assert "4 synthetic patients" in load("--patients", "4", "--if-empty")
    assert record_state() is RecordState.LOADED
    assert Evaluation.objects.count() == 4
    assert not EvaluationMark.objects.exists()
    numbers = PatientIdentifier.objects.order_by("value").values_list("value", flat=True)
    assert list(numbers) == ["SYN-0001", "SYN-0002", "SYN-0003", "SYN-0004"]


def test_a_user_name_that_is_taken_is_nobody_s_way_in() -> None:
    User.objects.create(username="nurse", email="nurse@hospital.example")
    with pytest.raises(CommandError, match="nurse belongs to somebody else"):
        load("--patients", "1")
    assert not Patient.objects.exists()
    assert not Team.objects.exists()


@pytest.mark.parametrize("size", ["0", "201", "many"])
def test_an_impossible_number_of_patients_is_refused(size: str) -> None:
    with pytest.raises(CommandError, match="not a whole number from 1 to 200"):
        load("--patients", size)

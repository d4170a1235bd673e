from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404

from accounts.roles import Permission
from accounts.services import leave_team
from audit.models import AuditEvent
from patients.access import access_patient, visible_batches, visible_draws, visible_patients, visible_teams
from patients.models import ImportBatch
from tests.cast import ACTOR, Cast, make_patient


def test_members_of_the_team_see_its_patients_and_nobody_else_does(cast: Cast) -> None:
    patient = make_patient(cast.team)
    elsewhere = make_patient(cast.other_team)
    for person in (cast.nurse, cast.clinician, cast.administrator):
        assert list(visible_patients(person)) == [patient]
    assert list(visible_patients(cast.stranger)) == [elsewhere]
    assert not visible_patients(AnonymousUser()).exists()


def test_absent_and_forbidden_look_the_same(cast: Cast) -> None:
    patient = make_patient(cast.other_team)
    messages = []
    for patient_id in (patient.pk, 987654):
        with pytest.raises(Http404) as refusal:
            access_patient(cast.nurse, patient_id)
        messages.append(str(refusal.value))
    assert messages[0] == messages[1]


def test_opening_a_record_and_being_refused_are_both_audited(cast: Cast) -> None:
    patient = make_patient(cast.team)
    access_patient(cast.nurse, patient.pk)
    with pytest.raises(Http404):
        access_patient(cast.stranger, patient.pk)
    seen = AuditEvent.objects.filter(action__in=["patient.viewed", "patient.refused"]).order_by("pk")
    assert [(event.actor, event.action, event.object_id) for event in seen] == [
        (cast.nurse.audit_name, "patient.viewed", str(patient.pk)),
        (cast.stranger.audit_name, "patient.refused", str(patient.pk)),
    ]


def test_a_role_that_may_not_is_refused_though_it_sees_the_patient(cast: Cast) -> None:
    patient = make_patient(cast.team)
    with pytest.raises(PermissionDenied):
        access_patient(cast.administrator, patient.pk, permission=Permission.ENTER_RESULTS)
    assert AuditEvent.objects.get(action="patient.refused").details == {"permission": "enter_results"}


def test_who_leaves_the_team_or_is_switched_off_sees_nothing_from_then_on(cast: Cast) -> None:
    make_patient(cast.team)
    leave_team(actor=ACTOR, user=cast.nurse, team=cast.team)
    assert not visible_patients(cast.nurse).exists()
    cast.clinician.is_active = False
    assert not visible_patients(cast.clinician).exists()
    assert not visible_teams(cast.clinician).exists()


def test_a_role_nobody_knows_may_nothing(cast: Cast) -> None:
    make_patient(cast.team)
    cast.nurse.role = "made up"
    assert not visible_patients(cast.nurse).exists()
    assert not visible_batches(cast.nurse).exists()
    assert not visible_draws(cast.nurse).exists()


def test_who_started_an_import_and_left_the_team_sees_it_no_more(cast: Cast) -> None:
    of_team = ImportBatch.objects.create(file_name="a", sha256="0", care_team=cast.team, started_by=cast.nurse)
    of_nobody = ImportBatch.objects.create(file_name="b", sha256="0", started_by=cast.nurse)
    assert set(visible_batches(cast.nurse)) == {of_team, of_nobody}
    assert set(visible_batches(cast.administrator)) == {of_team}
    assert not visible_batches(cast.stranger).exists()
    leave_team(actor=ACTOR, user=cast.nurse, team=cast.team)
    assert set(visible_batches(cast.nurse)) == {of_nobody}

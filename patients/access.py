"""The only gate to a patient. Absent and forbidden look the same (404); the default is nothing.

Restriction happens in SQL, by team membership: a query that forgets to ask here has no patients to show.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Final

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404
from django.utils import timezone

from accounts.models import Team, User
from accounts.roles import Permission
from audit.services import NewEvent, openings, record, record_many
from patients.models import Draw, ImportBatch, Patient

Viewer = User | AnonymousUser
# How long the opening of a page stands for what its script reads; after that the reading is an event again.
PAGE_OPEN: Final = dt.timedelta(hours=1)


def visible_patients(user: Viewer, *, permission: Permission = Permission.VIEW_PATIENT) -> QuerySet[Patient]:
    """The patients of the viewer's teams, or none."""
    if not isinstance(user, User) or not user.may(permission):
        return Patient.objects.none()
    return Patient.objects.filter(care_team__memberships__user=user, merged_into__isnull=True)


def visible_team_ids(user: Viewer, *, permission: Permission = Permission.VIEW_PATIENT) -> list[int]:
    """The teams whose patients `visible_patients` gives: for a list that is ordered by an index of each team."""
    if not isinstance(user, User) or not user.may(permission):
        return []
    return list(Team.objects.filter(memberships__user=user).order_by("pk").values_list("pk", flat=True))


def merged_patients(user: Viewer, *, permission: Permission = Permission.VIEW_PATIENT) -> QuerySet[Patient]:
    """The records of the viewer's teams that were merged into another: for who undoes it or comes by an old link."""
    if not isinstance(user, User) or not user.may(permission):
        return Patient.objects.none()
    return Patient.objects.filter(care_team__memberships__user=user, merged_into__isnull=False)


class RecordMerged(Exception):
    """The record asked for is part of another by now, which the viewer may see."""

    def __init__(self, survivor_id: int) -> None:
        self.survivor_id = survivor_id
        super().__init__(f"merged into patient {survivor_id}")


def kept_record(user: Viewer, patient_id: int) -> int | None:
    """Where a merged record of the viewer's went, over several merges; None where it was not merged or is not seen."""
    return kept_records(user, [patient_id]).get(patient_id)


def kept_records(user: Viewer, patient_ids: Collection[int]) -> dict[int, int]:
    """The same of many: merged record -> the record that was kept. Two queries for each merge in a row."""
    steps = {patient_id: patient_id for patient_id in patient_ids}
    found: dict[int, int] = {}
    while steps:
        known = merged_patients(user).filter(pk__in=set(steps.values()))
        into = {pk: step for pk, step in known.values_list("pk", "merged_into") if step is not None}
        steps = {patient_id: into[step] for patient_id, step in steps.items() if step in into}
        seen = set(visible_patients(user).filter(pk__in=set(steps.values())).values_list("pk", flat=True))
        found |= {patient_id: step for patient_id, step in steps.items() if step in seen}
        steps = {patient_id: step for patient_id, step in steps.items() if step not in seen}
    return found


def access_patient(
    user: Viewer, patient_id: int, *, permission: Permission = Permission.VIEW_PATIENT, purpose: str = "viewed"
) -> Patient:
    """The patient, if this person may do this to it; the opening (or the refusal) is audited.

    Raises
    ------
    Http404
        where the patient is absent or not the viewer's to see; both look the same.
    RecordMerged
        where it was merged into one the viewer may see; the middleware leads there.
    PermissionDenied
        where the viewer sees the patient but the role does not allow what is asked.
    """
    patient = visible_patients(user).select_related("care_team").filter(pk=patient_id).first()
    actor = user.audit_name if isinstance(user, User) else "anonymous"
    if patient is None:
        if kept := kept_record(user, patient_id):
            raise RecordMerged(kept)
        record(actor=actor, action="patient.refused", object_type="patient", object_id=patient_id)
        raise Http404("No such patient.")
    assert isinstance(user, User)
    if not user.may(permission):
        record(
            actor=actor,
            action="patient.refused",
            object_type="patient",
            object_id=patient.pk,
            patient_id=patient.pk,
            details={"permission": permission.value},
        )
        raise PermissionDenied
    record(actor=actor, action=f"patient.{purpose}", object_type="patient", object_id=patient.pk, patient_id=patient.pk)
    return patient


def read_along(
    user: User, patient_ids: Collection[int], *, permission: Permission = Permission.VIEW_PATIENT
) -> dict[int, Patient] | None:
    """What the script of an open page reads of its patients while somebody types; None where one is not the user's.

    Opening the page was audited. A read that no page of the last hour explains is audited itself, once: so nobody
    reads values here that the log does not tell of, and a key that is typed is no event. A refusal always is one.
    """
    opened = openings(actor=user.audit_name, since=timezone.now() - PAGE_OPEN).filter(patient_id=OuterRef("pk"))
    mine = visible_patients(user, permission=permission).annotate(told=Exists(opened))
    found = mine.in_bulk(list(patient_ids))
    if hidden := [pk for pk in patient_ids if pk not in found]:
        record(actor=user.audit_name, action="patient.refused", object_type="patient", object_id=hidden[0])
        return None
    events = [
        NewEvent(action="patient.read_along", object_type="patient", object_id=str(pk), patient_id=pk)
        for pk, patient in found.items()
        if not patient.told
    ]
    if events:
        record_many(actor=user.audit_name, events=events)
    return dict(found)


def cohort_read(user: User, *, purpose: str, patients: int, marker: str) -> None:
    """Tell the log that values of many patients were read together: how many, and never whose."""
    record(
        actor=user.audit_name,
        action=f"cohort.{purpose}",
        object_type="cohort",
        object_id=marker,
        details={"patients": patients},
    )


def scorecard_read(user: User, *, purpose: str, patients: int, team: str) -> None:
    """Tell the log that what became of many alerts was read together: of how many patients, and never whose."""
    record(
        actor=user.audit_name,
        action=f"scorecard.{purpose}",
        object_type="scorecard",
        object_id=team,
        details={"patients": patients},
    )


def record_printed(user: User, patient_ids: Collection[int]) -> None:
    """A printed list tells of each patient on it; the patients came from `visible_patients`."""
    record_many(
        actor=user.audit_name,
        events=[
            NewEvent(action="patient.printed", object_type="patient", object_id=str(pk), patient_id=pk)
            for pk in patient_ids
        ],
    )


def visible_draws(user: Viewer) -> QuerySet[Draw]:
    return Draw.objects.filter(patient__in=visible_patients(user))


def visible_teams(user: Viewer) -> QuerySet[Team]:
    if not isinstance(user, User) or not user.is_active:
        return Team.objects.none()
    return Team.objects.filter(memberships__user=user).order_by("name")


def visible_batches(user: Viewer) -> QuerySet[ImportBatch]:
    """Imports into the viewer's teams, and those of no team that the viewer started.

    Rejected lines hold numbers and values: who leaves a team sees its imports no more, whoever started them.
    """
    if not isinstance(user, User) or not user.may(Permission.IMPORT_FILES):
        return ImportBatch.objects.none()
    return ImportBatch.objects.filter(Q(care_team__in=visible_teams(user)) | Q(care_team=None, started_by=user))

"""What each role may do, as data. Which patients it may do it to is the team's matter (`patients.access`)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    NURSE = "nurse"
    CLINICIAN = "clinician"
    ADMINISTRATOR = "administrator"


class Permission(StrEnum):
    VIEW_PATIENT = "view_patient"
    EDIT_PATIENT = "edit_patient"
    ENTER_RESULTS = "enter_results"
    CHECK_RESULTS = "check_results"  # the second person of a laboratory that asks for one
    RECORD_EVENTS = "record_events"  # treatment, imaging, skeletal events
    ANSWER_ALERT = "answer_alert"
    WRITE_NOTES = "write_notes"  # and read them: who may not, learns of none
    IMPORT_FILES = "import_files"
    VIEW_OUTBOX = "view_outbox"
    MANAGE_LABORATORIES = "manage_laboratories"
    MANAGE_ACCOUNTS = "manage_accounts"
    MERGE_PATIENTS = "merge_patients"


ROLE_PERMISSIONS: Final[dict[Role, frozenset[Permission]]] = {
    Role.NURSE: frozenset(
        {
            Permission.VIEW_PATIENT,
            Permission.EDIT_PATIENT,
            Permission.ENTER_RESULTS,
            Permission.CHECK_RESULTS,
            Permission.RECORD_EVENTS,
            Permission.WRITE_NOTES,
            Permission.IMPORT_FILES,
        }
    ),
    Role.CLINICIAN: frozenset(
        {
            Permission.VIEW_PATIENT,
            Permission.EDIT_PATIENT,
            Permission.ENTER_RESULTS,
            Permission.CHECK_RESULTS,
            Permission.RECORD_EVENTS,
            Permission.ANSWER_ALERT,
            Permission.WRITE_NOTES,
            Permission.MERGE_PATIENTS,
        }
    ),
    # An administrator keeps the house running; whose record to open is still decided by team membership.
    Role.ADMINISTRATOR: frozenset(
        {
            Permission.VIEW_PATIENT,
            Permission.IMPORT_FILES,
            Permission.VIEW_OUTBOX,
            Permission.MANAGE_ACCOUNTS,
            Permission.MANAGE_LABORATORIES,
            Permission.MERGE_PATIENTS,
        }
    ),
}


def role_may(role: str, permission: Permission) -> bool:
    """False for a role that is not in the table: the default is nothing."""
    return role in ROLE_PERMISSIONS and permission in ROLE_PERMISSIONS[Role(role)]

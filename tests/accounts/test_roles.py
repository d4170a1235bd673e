"""What each role may do. The table is written out here again, so that a slip in the code is seen."""

from __future__ import annotations

import pytest

from accounts.models import User
from accounts.roles import Permission, Role, role_may

MAY = {
    Role.NURSE: {
        "view_patient",
        "edit_patient",
        "enter_results",
        "check_results",
        "record_events",
        "write_notes",
        "import_files",
    },
    Role.CLINICIAN: {
        "view_patient",
        "edit_patient",
        "enter_results",
        "check_results",
        "record_events",
        "answer_alert",
        "write_notes",
        "merge_patients",
    },
    Role.ADMINISTRATOR: {
        "view_patient",
        "import_files",
        "view_outbox",
        "manage_accounts",
        "manage_laboratories",
        "merge_patients",
    },
}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("permission", Permission)
def test_a_role_may_do_what_the_table_says_and_nothing_else(role: Role, permission: Permission) -> None:
    assert role_may(role, permission) is (permission.value in MAY[role])


@pytest.mark.parametrize("role", ["", "physician", "NURSE"])
def test_a_role_nobody_defined_may_do_nothing(role: str) -> None:
    assert not any(role_may(role, permission) for permission in Permission)


def test_a_person_who_is_not_active_may_do_nothing() -> None:
    user = User(username="lin", role=Role.CLINICIAN, is_active=False)
    assert not any(user.permissions.values())
    user.is_active = True
    assert {name for name, allowed in user.permissions.items() if allowed} == MAY[Role.CLINICIAN]


def test_the_order_of_asking_does_not_matter_and_an_unknown_permission_is_an_error() -> None:
    user = User(username="lin", role=Role.CLINICIAN)
    assert user.may("answer_alert")
    with pytest.raises(ValueError, match="fly"):
        user.may("fly")

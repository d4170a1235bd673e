"""The only writers of people and teams."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.models import Membership, Team, User
from accounts.roles import Role
from accounts.services import create_team, create_user, join_team, leave_team, record_failed_sign_in, record_sign_in
from audit.models import AuditEvent
from tests.cast import PASSWORD, Cast

pytestmark = pytest.mark.django_db


def actions() -> list[tuple[str, str, str]]:
    return list(AuditEvent.objects.order_by("pk").values_list("actor", "action", "object_type"))


def test_a_person_is_made_with_a_hashed_password_and_an_audit_event() -> None:
    user = create_user(
        actor="user:1", username="lin", password=PASSWORD, role=Role.CLINICIAN, email="lin@clinic.invalid"
    )
    user.refresh_from_db()
    assert PASSWORD not in user.password
    assert user.check_password(PASSWORD)
    event = AuditEvent.objects.get()
    assert (event.actor, event.action, event.object_id, event.details) == (
        "user:1",
        "user.created",
        str(user.pk),
        {"role": "clinician"},
    )


@pytest.mark.parametrize("password", ["short", "password1234", "lin.chen.lin"])
def test_a_weak_password_is_refused_and_nothing_is_written(password: str) -> None:
    with pytest.raises(ValidationError):
        create_user(actor="user:1", username="lin.chen", password=password, role=Role.NURSE)
    assert not User.objects.exists()
    assert actions() == []


def test_a_user_name_that_is_taken_is_refused() -> None:
    create_user(actor="user:1", username="lin", password=PASSWORD, role=Role.NURSE)
    with pytest.raises(ValidationError) as refused:
        create_user(actor="user:1", username="lin", password=PASSWORD, role=Role.NURSE)
    assert set(refused.value.message_dict) == {"username"}


@pytest.mark.parametrize("change", [{"role": "physician"}, {"language": "fr"}])
def test_the_database_refuses_a_role_or_language_it_does_not_know(cast: Cast, change: dict[str, str]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=cast.nurse.pk).update(**change)


def test_a_team_is_made_with_its_members(cast: Cast) -> None:
    team = create_team(actor="user:1", name="  Ward 7 ", members=[cast.nurse, cast.clinician])
    assert (team.name, set(team.members.all())) == ("Ward 7", {cast.nurse, cast.clinician})
    assert actions()[-3:] == [
        ("user:1", "team.created", "team"),
        ("user:1", "team.joined", "membership"),
        ("user:1", "team.joined", "membership"),
    ]


@pytest.mark.parametrize("name", ["", "   ", "Team A", "x" * 121])
def test_a_team_needs_a_name_of_its_own(cast: Cast, name: str) -> None:
    with pytest.raises(ValidationError):
        create_team(actor="user:1", name=name)
    assert Team.objects.count() == 2


def test_joining_twice_is_joining_once(cast: Cast) -> None:
    before = actions()
    first = join_team(actor="user:1", user=cast.stranger, team=cast.team, receives_alerts=False)
    again = join_team(actor="user:1", user=cast.stranger, team=cast.team)
    assert (again.pk, again.receives_alerts) == (first.pk, False)
    assert actions() == [*before, ("user:1", "team.joined", "membership")]


def test_a_person_who_may_not_sign_in_cannot_join(cast: Cast) -> None:
    cast.stranger.is_active = False
    with pytest.raises(ValidationError):
        join_team(actor="user:1", user=cast.stranger, team=cast.team)
    assert not Membership.objects.filter(user=cast.stranger, team=cast.team).exists()


def test_leaving_is_audited_once(cast: Cast) -> None:
    before = actions()
    leave_team(actor="user:1", user=cast.nurse, team=cast.team)
    leave_team(actor="user:1", user=cast.nurse, team=cast.team)
    assert not Membership.objects.filter(user=cast.nurse).exists()
    assert actions() == [*before, ("user:1", "team.left", "team")]


def test_signing_in_is_audited_and_a_refusal_keeps_no_typed_name(cast: Cast) -> None:
    record_sign_in(user=cast.nurse)
    record_failed_sign_in()
    signed_in, refused = AuditEvent.objects.order_by("-pk")[:2][::-1]
    assert (signed_in.actor, signed_in.action) == (cast.nurse.audit_name, "account.signed_in")
    assert (refused.actor, refused.action, refused.object_id, refused.details) == (
        "anonymous",
        "account.sign_in_refused",
        "unknown",
        {},
    )


def test_the_name_of_a_user_is_never_an_identifier_in_the_audit_log(cast: Cast) -> None:
    assert cast.nurse.audit_name == f"user:{cast.nurse.pk}"


def test_a_chinese_name_is_written_family_name_first_and_without_a_space() -> None:
    assert str(User(username="chen", first_name="例文", last_name="陈")) == "陈例文"
    assert str(User(username="clara", first_name="Clara", last_name="Beispiel")) == "Clara Beispiel"
    assert str(User(username="nobody")) == "nobody"

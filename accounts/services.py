"""The only writers of people and teams."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import Membership, Team, User
from accounts.roles import Role
from audit.services import record


@transaction.atomic
def create_user(
    *,
    actor: str,
    username: str,
    password: str,
    role: Role,
    email: str = "",
    first_name: str = "",
    last_name: str = "",
    language: str = "en",
) -> User:
    """One person who may sign in. Raises ValidationError where a field or the password does not do."""
    user = User(
        username=username, role=role, email=email, first_name=first_name, last_name=last_name, language=language
    )
    validate_password(password, user)
    user.set_password(password)
    user.full_clean()
    user.save()
    record(actor=actor, action="user.created", object_type="user", object_id=user.pk, details={"role": role.value})
    return user


@transaction.atomic
def create_team(*, actor: str, name: str, members: Iterable[User] = ()) -> Team:
    """A team with its first members. Raises ValidationError where the name is taken or empty."""
    team = Team(name=name.strip())
    team.full_clean()
    team.save()
    record(actor=actor, action="team.created", object_type="team", object_id=team.pk)
    for user in members:
        join_team(actor=actor, user=user, team=team)
    return team


@transaction.atomic
def join_team(*, actor: str, user: User, team: Team, receives_alerts: bool = True) -> Membership:
    """Idempotent: a second call changes nothing."""
    if not user.is_active:
        raise ValidationError("A person who may not sign in cannot join a team.")
    membership, created = Membership.objects.get_or_create(
        user=user, team=team, defaults={"receives_alerts": receives_alerts}
    )
    if created:
        record(
            actor=actor,
            action="team.joined",
            object_type="membership",
            object_id=membership.pk,
            details={"user": user.pk, "team": team.pk},
        )
    return membership


@transaction.atomic
def leave_team(*, actor: str, user: User, team: Team) -> None:
    """The person sees the team's patients no more, from the next request on."""
    removed, _ = Membership.objects.filter(user=user, team=team).delete()
    if removed:
        record(
            actor=actor,
            action="team.left",
            object_type="team",
            object_id=team.pk,
            details={"user": user.pk},
        )


def record_sign_in(*, user: User) -> None:
    record(actor=user.audit_name, action="account.signed_in", object_type="user", object_id=user.pk)


def record_failed_sign_in() -> None:
    """The name typed is not kept: people type passwords into the wrong field."""
    record(actor="anonymous", action="account.sign_in_refused", object_type="user", object_id="unknown")

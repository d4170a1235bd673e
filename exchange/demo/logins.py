"""Who may sign in to the demo. The passwords are for synthetic patients only: they stand here for everybody to read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction

from accounts.models import Team, User
from accounts.roles import Role
from accounts.services import create_team, create_user, join_team

MAIL_DOMAIN: Final = "demo.invalid"
TEAM_NAMES: Final = ("Thoracic oncology A", "Thoracic oncology B")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoLogin:
    """`teams` and `mailed` are places in TEAM_NAMES: where the person belongs, and whose alerts are mailed to them."""

    username: str
    password: str
    role: Role
    first_name: str
    last_name: str
    language: str
    teams: tuple[int, ...]
    mailed: tuple[int, ...]

    @property
    def email(self) -> str:
        return f"{self.username}@{MAIL_DOMAIN}"


LOGINS: Final = (
    DemoLogin(
        username="clinician",
        password="river-stone-lamp-41",  # noqa: S106  # demo only
        role=Role.CLINICIAN,
        first_name="Clara",
        last_name="Beispiel",
        language="en",
        teams=(0,),
        mailed=(0,),
    ),
    DemoLogin(
        username="nurse",
        password="maple-cloud-tray-52",  # noqa: S106  # demo only
        role=Role.NURSE,
        first_name="Niels",
        last_name="Voorbeeld",
        language="en",
        teams=(0,),
        mailed=(),  # an alert is a clinician's to answer
    ),
    DemoLogin(
        username="administrator",
        password="amber-gate-key-63",  # noqa: S106  # demo only
        role=Role.ADMINISTRATOR,
        first_name="Ada",
        last_name="Exempel",
        language="en",
        teams=(0, 1),
        mailed=(),
    ),
    DemoLogin(
        username="clinician-zh",
        password="bamboo-bridge-tea-74",  # noqa: S106  # demo only
        role=Role.CLINICIAN,
        first_name="例文",
        last_name="陈",
        language="zh-hans",
        teams=(0, 1),  # team B's alerts need somebody to answer them
        mailed=(0, 1),
    ),
)


class LoginTaken(Exception):
    """A user name of the demo belongs to somebody who is not of the demo."""


@transaction.atomic
def ensure_people(*, actor: str) -> tuple[Team, ...]:
    """The demo's teams and logins, made where they are missing; returns the teams in the order of TEAM_NAMES.

    Raises
    ------
    LoginTaken
        nobody is put into a demo team, or given a known password, because of a name.
    """
    usernames = [login.username for login in LOGINS]
    for username, email in User.objects.filter(username__in=usernames).values_list("username", "email"):
        if not email.endswith(f"@{MAIL_DOMAIN}"):
            raise LoginTaken(username)
    teams = tuple(Team.objects.filter(name=name).first() or create_team(actor=actor, name=name) for name in TEAM_NAMES)
    for login in LOGINS:
        user = User.objects.filter(username=login.username).first() or create_user(
            actor=actor,
            username=login.username,
            password=login.password,
            role=login.role,
            email=login.email,
            first_name=login.first_name,
            last_name=login.last_name,
            language=login.language,
        )
        for place in login.teams:
            join_team(actor=actor, user=user, team=teams[place], receives_alerts=place in login.mailed)
    return teams


def write_logins() -> Path:
    """Leave the logins where `make run` reads them to show them on the screen."""
    path = Path(settings.DATA_DIR) / "demo-logins.json"
    rows = [{"role": login.role.value, "username": login.username, "password": login.password} for login in LOGINS]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    return path

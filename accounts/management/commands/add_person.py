"""`manage.py add_person USERNAME --role nurse --team "Team A" --email …`: somebody new who may sign in."""

from __future__ import annotations

import getpass
import sys
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts.models import LANGUAGE_LABELS, Team
from accounts.roles import Role
from accounts.services import create_team, create_user, join_team


class Command(BaseCommand):
    help = "Add a person who may sign in, in the teams named; a team that does not exist yet is made."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--role", required=True, choices=[role.value for role in Role])
        parser.add_argument("--team", action="append", default=[], help="may be given more than once")
        parser.add_argument("--email", default="")
        parser.add_argument("--first-name", default="")
        parser.add_argument("--last-name", default="")
        parser.add_argument("--language", choices=list(LANGUAGE_LABELS), default="en")

    def handle(self, *_args: Any, **options: Any) -> None:
        # Never an argument: those stand in the process list and the shell's history.
        password = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
        try:
            with transaction.atomic():
                user = create_user(
                    actor="command:add_person",
                    username=options["username"],
                    password=password,
                    role=Role(options["role"]),
                    email=options["email"],
                    first_name=options["first_name"],
                    last_name=options["last_name"],
                    language=options["language"],
                )
                for name in options["team"]:
                    team = Team.objects.filter(name=name).first() or create_team(actor="command:add_person", name=name)
                    join_team(actor="command:add_person", user=user, team=team)
        except ValidationError as error:
            raise CommandError("Nobody was added. " + " ".join(error.messages)) from error
        self.stdout.write(f"Added {user.username} ({user.role}) to {len(options['team'])} team(s).")

"""`manage.py verify_audit`: walks the hash chain of the audit log and says whether it holds."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit import services


class Command(BaseCommand):
    help = "Compute the hash chain of the audit log again; exits 1 and names the first event that does not fit."

    def handle(self, *_args: Any, **_options: Any) -> None:
        report = services.verify()
        if not report.intact:
            raise CommandError(f"The audit log was altered at event {report.broken_event}.")
        self.stdout.write(
            f"{report.sealed} events sealed and intact, {report.unsealed} not sealed yet. Head {report.head}"
        )

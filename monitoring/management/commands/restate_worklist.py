"""`manage.py restate_worklist`: compare each stored place on the worklist with the record, and mend what differs."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from monitoring import services


class Command(BaseCommand):
    help = (
        "Make every stored place on the worklist true. Needed after CLINIC_TIME_ZONE was changed or rows were written "
        "past Leadtime; otherwise it finds nothing."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        self.stdout.write(f"{services.restate_everybody()} places were not as the record says, and are now.")

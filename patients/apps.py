from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PatientsConfig(AppConfig):
    name = "patients"

    def ready(self) -> None:
        from patients.services.catalogue import load_markers_after_migrate

        # The catalogue's data files are the source; the table only gives results a foreign key. Django itself fills
        # content types and permissions this way.
        post_migrate.connect(load_markers_after_migrate, sender=self, dispatch_uid="patients.load_markers")

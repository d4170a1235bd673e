from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from patients.signals import follow_up_changed, results_changed


class MonitoringConfig(AppConfig):
    name = "monitoring"

    def ready(self) -> None:
        from monitoring.models import Note
        from monitoring.receivers import fill_places, mark_for_evaluation, restate_place
        from patients.services.merging import goes_along

        results_changed.connect(mark_for_evaluation, dispatch_uid="monitoring.mark_for_evaluation")
        follow_up_changed.connect(restate_place, dispatch_uid="monitoring.restate_place")
        post_migrate.connect(fill_places, sender=self, dispatch_uid="monitoring.fill_places")
        # What colleagues wrote of a person is about the person: it goes with the patient, and back again.
        goes_along("note", Note)

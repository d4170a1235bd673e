from __future__ import annotations

from django.apps import AppConfig

from patients.signals import results_changed


class MonitoringConfig(AppConfig):
    name = "monitoring"

    def ready(self) -> None:
        from monitoring.models import Note
        from monitoring.receivers import mark_for_evaluation
        from patients.services.merging import goes_along

        results_changed.connect(mark_for_evaluation, dispatch_uid="monitoring.mark_for_evaluation")
        # What colleagues wrote of a person is about the person: it goes with the patient, and back again.
        goes_along("note", Note)

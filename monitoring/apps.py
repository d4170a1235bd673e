from __future__ import annotations

from django.apps import AppConfig

from patients.signals import results_changed


class MonitoringConfig(AppConfig):
    name = "monitoring"

    def ready(self) -> None:
        from monitoring.receivers import mark_for_evaluation

        results_changed.connect(mark_for_evaluation, dispatch_uid="monitoring.mark_for_evaluation")

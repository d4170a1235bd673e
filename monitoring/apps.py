from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from patients.signals import follow_up_changed, results_changed


class MonitoringConfig(AppConfig):
    name = "monitoring"

    def ready(self) -> None:
        from monitoring.receivers import fill_places, mark_for_evaluation, restate_place

        results_changed.connect(mark_for_evaluation, dispatch_uid="monitoring.mark_for_evaluation")
        follow_up_changed.connect(restate_place, dispatch_uid="monitoring.restate_place")
        post_migrate.connect(fill_places, sender=self, dispatch_uid="monitoring.fill_places")

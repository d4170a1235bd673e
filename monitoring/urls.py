"""Addresses of the pages of conclusions. They hold opaque ids only."""

from __future__ import annotations

from django.urls import path

from monitoring import (
    views_alerts,
    views_bands,
    views_charts,
    views_cohort,
    views_effects,
    views_outbox,
    views_patient,
    views_reports,
    views_worklist,
)

urlpatterns = [
    path("worklist/", views_worklist.worklist, name="worklist"),
    path("worklist/paper/", views_reports.worklist_paper, name="worklist_paper"),
    path("patients/<int:patient_id>/", views_patient.patient, name="patient"),
    path("patients/<int:patient_id>/paper/", views_reports.patient_paper, name="patient_paper"),
    path("patients/<int:patient_id>/charts/<str:marker>.csv", views_charts.chart_values_csv, name="chart_csv"),
    path("patients/<int:patient_id>/charts/<str:marker>.json", views_charts.chart_values_json, name="chart_json"),
    path("patients/<int:patient_id>/charts/<str:marker>/caption/", views_charts.chart_caption, name="chart_caption"),
    path("markers/effects/", views_effects.marker_effects, name="marker_effects"),
    path("cohort/", views_cohort.cohort, name="cohort"),
    path("cohort/values.csv", views_cohort.cohort_file, name="cohort_file"),
    path("alerts/<int:alert_id>/", views_alerts.alert, name="alert"),
    path("alerts/<int:alert_id>/acknowledge/", views_alerts.acknowledge, name="alert_acknowledge"),
    path("alerts/<int:alert_id>/repeat/", views_alerts.repeat, name="alert_repeat"),
    path("alerts/<int:alert_id>/imaging/", views_alerts.imaging, name="alert_imaging"),
    path("alerts/<int:alert_id>/close/", views_alerts.close, name="alert_close"),
    path("alerts/<int:alert_id>/snooze/", views_alerts.snooze, name="alert_snooze"),
    path("alerts/<int:alert_id>/wake/", views_alerts.wake, name="alert_wake"),
    path("alerts/<int:alert_id>/hand-over/", views_alerts.hand_over, name="alert_hand_over"),
    path("outbox/", views_outbox.outbox, name="outbox"),
    path("outbox/<str:name>/", views_outbox.outbox_message, name="outbox_message"),
    path("bands/", views_bands.entry_bands, name="entry_bands"),
]

"""Addresses of the pages of conclusions. They hold opaque ids only."""

from __future__ import annotations

from django.urls import path

from monitoring import views_bands, views_outbox, views_patient, views_reports, views_worklist

urlpatterns = [
    path("worklist/", views_worklist.worklist, name="worklist"),
    path("worklist/paper/", views_reports.worklist_paper, name="worklist_paper"),
    path("patients/<int:patient_id>/", views_patient.patient, name="patient"),
    path("patients/<int:patient_id>/paper/", views_reports.patient_paper, name="patient_paper"),
    path("alerts/<int:alert_id>/", views_patient.alert, name="alert"),
    path("alerts/<int:alert_id>/acknowledge/", views_patient.alert_acknowledge, name="alert_acknowledge"),
    path("outbox/", views_outbox.outbox, name="outbox"),
    path("outbox/<str:name>/", views_outbox.outbox_message, name="outbox_message"),
    path("bands/", views_bands.entry_bands, name="entry_bands"),
]

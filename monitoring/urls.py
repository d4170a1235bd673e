"""Addresses of the pages of conclusions. They hold opaque ids only."""

from __future__ import annotations

from django.urls import path

from monitoring import (
    views_alerts,
    views_bands,
    views_charts,
    views_cohort,
    views_effects,
    views_notes,
    views_outbox,
    views_patient,
    views_reports,
    views_scorecard,
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
    path("scorecard/", views_scorecard.scorecard, name="scorecard"),
    path("scorecard/figures.csv", views_scorecard.scorecard_file, name="scorecard_file"),
    path("alerts/<int:alert_id>/", views_alerts.alert, name="alert"),
    path("alerts/<int:alert_id>/acknowledge/", views_alerts.acknowledge, name="alert_acknowledge"),
    path("alerts/<int:alert_id>/repeat/", views_alerts.repeat, name="alert_repeat"),
    path("alerts/<int:alert_id>/imaging/", views_alerts.imaging, name="alert_imaging"),
    path("alerts/<int:alert_id>/close/", views_alerts.close, name="alert_close"),
    path("alerts/<int:alert_id>/snooze/", views_alerts.snooze, name="alert_snooze"),
    path("alerts/<int:alert_id>/wake/", views_alerts.wake, name="alert_wake"),
    path("alerts/<int:alert_id>/hand-over/", views_alerts.hand_over, name="alert_hand_over"),
    path("patients/<int:patient_id>/notes/", views_notes.patient_notes, name="patient_notes"),
    path("notes/<int:note_id>/", views_notes.note, name="note"),
    path("notes/<int:note_id>/amend/", views_notes.note_amend, name="note_amend"),
    path("notes/<int:note_id>/take-back/", views_notes.note_take_back, name="note_take_back"),
    path("mentions/", views_notes.mention_list, name="mention_list"),
    path("mentions/<int:mention_id>/", views_notes.mention_open, name="mention_open"),
    path("mentions/<int:mention_id>/read/", views_notes.mention_read, name="mention_read"),
    path("outbox/", views_outbox.outbox, name="outbox"),
    path("outbox/<str:name>/", views_outbox.outbox_message, name="outbox_message"),
    path("bands/", views_bands.entry_bands, name="entry_bands"),
]

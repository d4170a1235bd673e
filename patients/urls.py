"""Addresses of the record's pages. They hold opaque ids only, never a number or a name."""

from __future__ import annotations

from django.urls import path

from patients.views import clinic, dates, draws, entry_check, entry_drafts, events, markers, people

urlpatterns = [
    path("patients/", people.patient_list, name="patient_list"),
    path("patients/new/", people.patient_new, name="patient_new"),
    path("patients/<int:pk>/edit/", people.patient_edit, name="patient_edit"),
    path("enter/", draws.enter_results, name="enter_results"),
    path("patients/<int:pk>/draws/new/", draws.draw_new, name="draw_new"),
    path("patients/<int:pk>/draws/<int:draw_id>/", draws.draw, name="draw"),
    path("patients/<int:pk>/treatments/new/", events.treatment_new, name="treatment_new"),
    path("patients/<int:pk>/imaging/new/", events.imaging_new, name="imaging_new"),
    path("patients/<int:pk>/skeletal-events/new/", events.skeletal_event_new, name="skeletal_event_new"),
    path("patients/<int:pk>/conditions/new/", events.condition_new, name="condition_new"),
    path("patients/<int:pk>/plan/", events.plan_edit, name="plan_edit"),
    path("markers/", markers.marker_list, name="marker_list"),
    path("markers/<str:code>/", markers.marker_detail, name="marker_detail"),
    path("entry/drafts/<str:scope>/<str:key>/", entry_drafts.entry_draft, name="entry_draft"),
    path("entry/token/", entry_drafts.entry_token, name="entry_token"),
    path("entry/check/", entry_check.entry_check, name="entry_check"),
    path("enter/clinic/", clinic.clinic, name="clinic"),
    path("enter/clinic/draft/", clinic.clinic_draft, name="clinic_draft"),
    path("patients/<int:pk>/draws/dates/", dates.dates, name="dates"),
    path("patients/<int:pk>/draws/dates/draft/", dates.dates_draft, name="dates_draft"),
]

"""Addresses of the record's pages. They hold opaque ids only, never a number or a name."""

from __future__ import annotations

from django.urls import path

from patients.views import (
    clinic,
    corrections,
    dates,
    draws,
    entry_check,
    entry_drafts,
    events,
    laboratories,
    markers,
    merging,
    people,
    plan,
)

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
    path("laboratories/", laboratories.laboratory_list, name="laboratory_list"),
    path("laboratories/new/", laboratories.laboratory_new, name="laboratory_new"),
    path("laboratories/<int:pk>/", laboratories.laboratory_edit, name="laboratory_edit"),
    path("entry/drafts/<str:scope>/<str:key>/", entry_drafts.entry_draft, name="entry_draft"),
    path("entry/token/", entry_drafts.entry_token, name="entry_token"),
    path("entry/check/", entry_check.entry_check, name="entry_check"),
    path("patients/<int:pk>/follow-up/", plan.follow_up, name="follow_up"),
    path("patients/<int:pk>/follow-up/call/", plan.call_record, name="call_record"),
    path("patients/<int:pk>/follow-up/pause/", plan.plan_pause, name="plan_pause"),
    path("patients/<int:pk>/follow-up/resume/", plan.plan_resume, name="plan_resume"),
    path("patients/<int:pk>/follow-up/stop/", plan.plan_stop, name="plan_stop"),
    path("patients/<int:pk>/numbers/", merging.patient_numbers, name="patient_numbers"),
    path("patients/<int:pk>/merge/", merging.patient_merges, name="patient_merges"),
    path("patients/<int:pk>/merge/undo/", merging.patient_merge_undo, name="patient_merge_undo"),
    path("patients/<int:pk>/merge/<int:other_pk>/", merging.patient_merge, name="patient_merge"),
    path("patients/<int:pk>/draws/<int:draw_id>/correct/", corrections.draw_correct, name="draw_correct"),
    path("patients/<int:pk>/draws/<int:draw_id>/history/", corrections.draw_history, name="draw_history"),
    path("enter/clinic/", clinic.clinic, name="clinic"),
    path("enter/clinic/draft/", clinic.clinic_draft, name="clinic_draft"),
    path("patients/<int:pk>/draws/dates/", dates.dates, name="dates"),
    path("patients/<int:pk>/draws/dates/draft/", dates.dates_draft, name="dates_draft"),
]

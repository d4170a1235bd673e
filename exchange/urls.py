"""Pages of what comes in."""

from __future__ import annotations

from django.urls import path

from exchange import views, views_columns, views_results

urlpatterns = [
    path("imports/", views.import_list, name="import_list"),
    path("imports/<int:pk>/", views.import_detail, name="import_detail"),
    path("imports/<int:pk>/rejected.csv", views.import_rejected, name="import_rejected"),
    path("imports/<int:pk>/columns/", views_columns.import_columns, name="import_columns"),
    path("imports/<int:pk>/confirm/", views_columns.import_confirm, name="import_confirm"),
    path("imports/<int:pk>/discard/", views_columns.import_discard, name="import_discard"),
    path("patients/<int:patient_id>/results.csv", views_results.patient_results, name="patient_results"),
]

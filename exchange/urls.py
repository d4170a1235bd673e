"""Pages of what comes in."""

from __future__ import annotations

from django.urls import path

from exchange import views

urlpatterns = [
    path("imports/", views.import_list, name="import_list"),
    path("imports/<int:pk>/", views.import_detail, name="import_detail"),
    path("imports/<int:pk>/rejected.csv", views.import_rejected, name="import_rejected"),
]

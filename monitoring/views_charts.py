"""One chart taken away: its data as CSV or JSON, and what is written below its image. Each is an entry in the log.

The image itself is made by the script of the page from what it shows; it asks here for its caption, so that the log
tells of it too. No file's name holds a name or a number of the patient: it lies in the folder of downloads.
"""

from __future__ import annotations

from typing import Final

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from accounts.gate import signed_in
from monitoring.chart_export import chart_csv, chart_json, chart_rows, marker_panel, own_level
from monitoring.wording import moment_text
from patients.access import access_patient
from patients.catalogue import MarkerDefinition, catalogue
from patients.models import Patient

NOT_KEPT: Final = {"Cache-Control": "no-store"}


@login_required
@require_GET
def chart_values_csv(request: HttpRequest, patient_id: int, marker: str) -> HttpResponse:
    patient, known = _asked(request, patient_id, marker)
    content = chart_csv(chart_rows(marker_panel(patient, known), synthetic=patient.is_synthetic))
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    return _file(response, f"{_stem(known)}.csv")


@login_required
@require_GET
def chart_values_json(request: HttpRequest, patient_id: int, marker: str) -> HttpResponse:
    patient, known = _asked(request, patient_id, marker)
    panel = marker_panel(patient, known)
    rows = chart_rows(panel, synthetic=patient.is_synthetic)
    content = chart_json(known, rows, own=own_level(panel), now=timezone.now())
    response = JsonResponse(content, json_dumps_params={"ensure_ascii": False, "indent": 1})
    return _file(response, f"{_stem(known)}.json")


@login_required
@require_GET
def chart_caption(request: HttpRequest, patient_id: int, marker: str) -> HttpResponse:
    """What is written below the image, and what its file is called."""
    patient, known = _asked(request, patient_id, marker)
    made = gettext("Made by %(person)s, %(moment)s · Leadtime · Decision support, not a diagnosis") % {
        "person": signed_in(request),
        "moment": moment_text(timezone.now()),
    }
    synthetic = gettext("Synthetic data") if patient.is_synthetic else ""
    return JsonResponse({"made": made, "synthetic": synthetic, "file": _stem(known)}, headers=NOT_KEPT)


def _asked(request: HttpRequest, patient_id: int, marker: str) -> tuple[Patient, MarkerDefinition]:
    """Raises Http404 for a marker that is none, before anything is told to the log as taken away."""
    known = catalogue().by_code.get(marker)
    if known is None:
        raise Http404("No such marker.")
    return access_patient(request.user, patient_id, purpose="exported"), known


def _stem(marker: MarkerDefinition) -> str:
    return f"chart-{marker.code}-{timezone.localdate():%Y-%m-%d}"


def _file(response: HttpResponse, name: str) -> HttpResponse:
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = NOT_KEPT["Cache-Control"]
    return response

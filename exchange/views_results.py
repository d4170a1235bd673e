"""The results of one patient, as a file for the person who may see them."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, StreamingHttpResponse
from django.views.decorators.http import require_safe

from exchange.results_csv import results_csv
from patients.access import access_patient


@login_required
@require_safe
def patient_results(request: HttpRequest, patient_id: int) -> StreamingHttpResponse:
    patient = access_patient(request.user, patient_id, purpose="exported")
    response = StreamingHttpResponse(results_csv(patient), content_type="text/csv; charset=utf-8")
    # The file's name holds no name and no number: it lies in the folder of downloads.
    response.headers["Content-Disposition"] = f'attachment; filename="results-{patient.pk}.csv"'
    return response

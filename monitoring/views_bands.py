"""The personal bands beside the cells of the entry page, as JSON.

GET ?patients=12,13&at=2026-03-02T08:10 gives {"12": {"CEA": {"expected", "low", "high", "rcv_up", "rcv_down",
"draws"}}}: canonical units, reference changes in whole percent. `at` without an offset is the clinic's time. A marker
of which the engine has no figure is left out.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from accounts.gate import may
from accounts.roles import Permission
from monitoring.entry_bands import Band, bands
from monitoring.wording import figures
from patients.access import read_along
from patients.views.entry_check import WrongRequest, moment, signed_out

MOST_PATIENTS: Final = 60
DIGITS: Final = 3


@require_safe
def entry_bands(request: HttpRequest) -> JsonResponse:
    if not request.user.is_authenticated:
        return signed_out()
    user = may(request, Permission.VIEW_PATIENT)
    try:
        ids = _ids(request.GET.get("patients", ""))
        at = moment(request.GET.get("at"))
    except WrongRequest as problem:
        return JsonResponse({"error": str(problem)}, status=HTTPStatus.BAD_REQUEST)
    if read_along(user, ids) is None:
        return JsonResponse({"error": gettext("There is no such patient.")}, status=HTTPStatus.NOT_FOUND)
    found = bands(ids, at=at)
    return JsonResponse(
        {str(pk): {code: _shown(band) for code, band in markers.items()} for pk, markers in found.items()}
    )


def _shown(band: Band) -> dict[str, Any]:
    return {
        "expected": float(figures(band.expected, DIGITS)),
        "low": float(figures(band.low, DIGITS)),
        "high": float(figures(band.high, DIGITS)),
        "rcv_up": round(band.rcv_up_percent),
        "rcv_down": round(band.rcv_down_percent),
        "draws": band.draws,
    }


def _ids(text: str) -> list[int]:
    parts = text.split(",")
    if len(parts) > MOST_PATIENTS or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
        raise WrongRequest(f'"patients" must be up to {MOST_PATIENTS} ids of patients with commas between them.')
    return list(dict.fromkeys(int(part) for part in parts))

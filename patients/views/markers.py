"""The catalogue as pages: what each marker is, and how far each figure can be trusted."""

from __future__ import annotations

import itertools

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from patients.catalogue import Figure, MarkerDefinition, catalogue
from patients.wording import interval_text, number_text

FAMILIES = {
    "tumour": _("Tumour markers"),
    "bone_turnover": _("Bone turnover"),
    "mineral": _("Mineral"),
    "blood_count": _("Blood count"),
    "inflammation": _("Inflammation and general"),
}
FASTING = {
    "no": _("not needed"),
    "preferred": _("fasting preferred"),
    "required_morning": _("fasting, in the morning: otherwise the value counts for less"),
}
DIRECTIONS = {"up": _("a rise"), "down": _("a fall"), "both": _("a rise or a fall")}
# The interval of which everybody asks first: adults, as unstratified as the catalogue has it.
STRATA = ("sex", "age_from", "age_to", "menopause", "smoking")


@login_required
@require_safe
def marker_list(request: HttpRequest) -> HttpResponse:
    markers = sorted(catalogue().markers, key=lambda marker: (list(FAMILIES).index(marker.family), marker.order))
    groups = [
        {"family": family, "label": FAMILIES[family], "rows": [_row(marker) for marker in members]}
        for family, members in itertools.groupby(markers, key=lambda marker: marker.family)
    ]
    return render(request, "patients/marker_list.html", {"groups": groups, "catalogue": catalogue()})


def _row(marker: MarkerDefinition) -> dict[str, object]:
    interval = min(
        marker.reference_intervals,
        key=lambda each: sum(getattr(each, stratum) is not None for stratum in STRATA),
        default=None,
    )
    variation = marker.cv_patients or marker.cvi  # the one the engine reads by, where there is a choice
    return {
        "marker": marker,
        "variation": variation,
        "variation_text": f"{number_text(variation.value)} %" if variation else "",
        "interval": interval,
        "interval_text": interval_text(interval.low, interval.high) if interval else "",
    }


@login_required
@require_safe
def marker_detail(request: HttpRequest, code: str) -> HttpResponse:
    try:
        marker = catalogue().marker(code)
    except KeyError:
        raise Http404("No such marker.") from None
    context = {
        "marker": marker,
        "family": FAMILIES[marker.family],
        "fasting": FASTING[marker.fasting],
        "direction": DIRECTIONS[marker.direction],
        "intervals": [(each, interval_text(each.low, each.high)) for each in marker.reference_intervals],
        "figures": _figures(marker),
        "catalogue": catalogue(),
    }
    return render(request, "patients/marker_detail.html", context)


def _figures(marker: MarkerDefinition) -> list[tuple[object, str, str, Figure]]:
    """Label, printed value, unit ("%" or "d" or the marker's) and the figure, for all that there are."""
    unit = marker.unit
    labelled: tuple[tuple[object, Figure | None, str], ...] = (
        (_("Variation within a person (CVI)"), marker.cvi, "%"),
        (_("Variation between people (CVG)"), marker.cvg, "%"),
        (_("Variation of the assay (CVA)"), marker.cva, "%"),
        (_("Variation seen in stable patients"), marker.cv_patients, "%"),
        (_("Usual value of a person (median)"), marker.set_point_median, unit),
        (_("Spread of usual values (log SD)"), marker.set_point_log_sd, ""),
        (_("Decision limit"), marker.decision_limit, unit),
        (_("Half-life"), marker.half_life_days, "d"),
        (_("Refused below"), marker.plausible_limits[0], unit),
        (_("Refused above"), marker.plausible_limits[1], unit),
        (_("To be typed twice below"), marker.warn_low, unit),
        (_("To be typed twice above"), marker.warn_high, unit),
        (_("Urgent at or below"), marker.urgent_low, unit),
        (_("Urgent at or above"), marker.urgent_high, unit),
    )
    return [(label, number_text(figure.value), each, figure) for label, figure, each in labelled if figure is not None]

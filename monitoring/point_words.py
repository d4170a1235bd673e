"""All that is to say of one value: what hovering tells, a line a thought. The cumulative table says the same."""

from __future__ import annotations

from decimal import Decimal
from html import escape

from django.utils.translation import gettext

from monitoring.draw_notes import care_texts, left_out_text
from monitoring.points import PointView
from monitoring.ranges import LIMIT_DIGITS
from monitoring.wording import days_text, figures, interval_text, limit_text, moment_text, percent_text
from patients.catalogue import MarkerDefinition
from patients.wording import MINUS, unit_text


def hover_text(marker: MarkerDefinition, view: PointView) -> str:
    point = view.point
    lines = [
        " ".join(escape(part) for part in (marker.short_name, view.reported, view.unit, view.flag) if part),
        escape(moment_text(point.collected_at, time_known=point.time_known)),
        *(escape(line) for line in point_lines(marker, view)),
    ]
    return "<br>".join(line for line in lines if line)


def point_lines(marker: MarkerDefinition, view: PointView) -> list[str]:
    """Everything else to say of one value, plain text, one thought a line."""
    point = view.point
    lines = []
    if view.converted:
        lines.append(
            gettext("drawn as %(value)s %(unit)s") % {"value": figures(view.y, 4), "unit": unit_text(marker.unit)}
        )
    lines.append(_change_line(view, unit_text(marker.unit)))
    lines.append(_range_line(view))
    lines.append(_band_line(view))
    if view.left_out:
        lines.append(left_out_text(view))
    elif view.supports:
        lines.append(gettext("supports the fall") if marker.direction == "down" else gettext("supports the rise"))
    if view.reading is not None:
        lines += care_texts(view.reading)
    lines.append(" · ".join(part for part in (point.laboratory, point.assay) if part))
    if point.version > 1:
        lines.append(gettext("corrected value"))
    if view.entered_by:
        lines.append(gettext("entered by %(person)s") % {"person": view.entered_by})
    lines.append(view.note)
    return [line for line in lines if line]


def _change_line(view: PointView, unit: str) -> str:
    if view.change is None or view.change_percent is None or view.days_since_previous is None:
        return ""
    line = gettext("%(change)s in %(days)s since the previous draw") % {
        "change": f"{_absolute(view.change)} {unit}".strip() + f", {percent_text(view.change_percent)}",
        "days": days_text(view.days_since_previous),
    }
    rcv = view.reading.rcv_percent if view.reading else None
    if rcv is None:
        return line
    rcv = _reference_change(rcv, rises=view.change_percent > 0)
    beyond = view.change_percent > rcv if rcv > 0 else view.change_percent < rcv
    verdict = gettext("more than noise (%(rcv)s)") if beyond else gettext("within noise (%(rcv)s)")
    return gettext("%(change)s, %(verdict)s") % {"change": line, "verdict": verdict % {"rcv": limit_text(rcv)}}


def _absolute(change: Decimal) -> str:
    sign = "+" if change > 0 else MINUS if change < 0 else ""
    return f"{sign}{figures(abs(change))}"


def _reference_change(percent: float, *, rises: bool) -> float:
    """That of a rise or of a fall, as asked: of a log-normal value the one is the reciprocal of the other."""
    return percent if (percent > 0) == rises else 100 * (1 / (1 + percent / 100) - 1)


def _range_line(view: PointView) -> str:
    """The range of this very draw, in the unit of the axis, and whose it is."""
    within = view.within
    if within is None:
        return ""
    limits = interval_text(within.low, within.high, digits=LIMIT_DIGITS)
    return gettext("reference %(limits)s (%(label)s)") % {"limits": limits, "label": within.label}


def _band_line(view: PointView) -> str:
    reading = view.reading
    if reading is None or reading.band_low is None or reading.band_high is None or view.censored:
        return ""
    if view.breaks:
        return ""  # what was expected was expected of the assay before
    band = {"band": interval_text(reading.band_low, reading.band_high)}
    if view.y > reading.band_high:
        return gettext("above what was expected of this person (%(band)s)") % band
    if view.y < reading.band_low:
        return gettext("below what was expected of this person (%(band)s)") % band
    return gettext("as expected of this person (%(band)s)") % band

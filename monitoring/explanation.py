"""Why the level is what it is, in plain words and numbers, from the stored findings.

Nothing here concludes anything: each sentence says one thing the engine found, or what it was not given. Of a trend it
is said what rose, against what, since when and how sure; what the rise is due to is never said.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from monitoring.points import PointView
from monitoring.trends.types import MarkerFinding
from monitoring.wording import date_text, days_text, figures, interval_text, percent_text
from patients.catalogue import Grade, MarkerDefinition
from patients.wording import marker_name, unit_text

REASONS: Final[dict[str, str | Promise]] = {
    "not_fasting": gettext_lazy("drawn after food"),
    "haemolysed": gettext_lazy("sample haemolysed"),
    "treatment_window": gettext_lazy("too soon after a treatment was started"),
    "limit_above_band": gettext_lazy("the reporting limit lies above what was expected, so it says nothing"),
    "limit_below_band": gettext_lazy("the reporting limit lies below what was expected, so it says nothing"),
    "first_in_segment": gettext_lazy("first value, nothing of this person to compare it with"),
    "no_variation_estimate": gettext_lazy("how much this marker varies in a person is not known"),
    "value_not_positive": gettext_lazy("a value of 0 has no relative change"),
    "value_not_a_number": gettext_lazy("no number was reported"),
}
STATES: Final[dict[str, str | Promise]] = {
    "sustained_rise": gettext_lazy("sustained rise"),
    "single_rise": gettext_lazy("one draw beyond what was expected"),
    "calm": gettext_lazy("as expected"),
    "not_enough_data": gettext_lazy("not enough draws yet"),
    "no_verdict": gettext_lazy("shown, not judged"),
}
# Keyed by the side and whether that is the side the marker is watched on: there, calm means within noise.
CALM_BEYOND: Final[dict[tuple[str, bool], str | Promise]] = {
    ("above", True): gettext_lazy("above expected, within noise"),
    ("above", False): gettext_lazy("above expected"),
    ("below", True): gettext_lazy("below expected, within noise"),
    ("below", False): gettext_lazy("below expected"),
}
FALLING_STATES: Final[dict[str, str | Promise]] = {"sustained_rise": gettext_lazy("sustained fall")}
NO_DOUBLING: Final[dict[str, str | Promise]] = {
    "too_few_draws": gettext_lazy("not given: fewer than three measurable draws in the rise"),
    "span_too_short": gettext_lazy("not given: the draws lie too close together in time"),
    "not_rising": gettext_lazy("not given: the rise does not go on"),
    "interval_too_wide": gettext_lazy("rising, rate not yet estimable"),
}
GRADES: Final[dict[str, str | Promise]] = {
    Grade.P: gettext_lazy("read in the primary source"),
    Grade.S: gettext_lazy("read in a secondary source"),
    Grade.D: gettext_lazy("computed from published figures"),
    Grade.R: gettext_lazy("recalled, not seen in a source"),
    Grade.A: gettext_lazy("assumed, not measured"),
}
WEAK_GRADES: Final = {Grade.R, Grade.A}
PATTERNS: Final[dict[str, str | Promise]] = {
    "tumour": gettext_lazy("tumour markers"),
    "bone": gettext_lazy("bone markers"),
    "tumour_and_bone": gettext_lazy("tumour and bone markers together"),
    "other": gettext_lazy("other markers"),
}
MOVED: Final = ("sustained_rise", "single_rise")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One draw that was shown and not used, and why."""

    at: dt.datetime
    day: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerWhy:
    """One marker, ready to be printed; an empty text means there is nothing to say."""

    code: str
    short_name: str
    name: str
    family: str
    state: str
    state_label: str
    moved: bool
    sustained: bool
    baseline: str
    last: str
    last_flag: str
    unit: str
    converted: str  # the last value in the unit of all that is computed, where it was reported in another
    change: str
    expected: str
    support: tuple[str, ...]
    since: str
    noise: str
    doubling: str
    lower: str
    left_out: tuple[LeftOut, ...]
    grade: str
    grade_is_weak: bool


def explain_marker(
    finding: MarkerFinding, *, marker: MarkerDefinition, views: Sequence[PointView], since: dt.date | None
) -> MarkerWhy:
    """What the engine found of one series, in words. `since` is the first draw of the rise on the clinic's calendar."""
    unit = unit_text(marker.unit)
    last = _last_read(finding, views)
    supporting = [view for view in views if view.point.draw_id in set(finding.supporting_draw_ids)]
    return MarkerWhy(
        code=marker.code,
        short_name=marker.short_name,
        name=marker_name(marker),
        family=marker.family,
        state=finding.state,
        state_label=state_text(finding),
        moved=finding.state in MOVED,
        sustained=finding.state == "sustained_rise",
        baseline=_baseline(finding, unit=unit if last and last.converted else ""),
        last=last.reported if last else "",
        last_flag=last.flag if last else "",
        unit=last.unit if last else unit,
        converted=last.canonical_text if last else "",
        change="" if finding.change_percent is None else percent_text(finding.change_percent),
        expected=_expected(finding, unit=unit),
        support=_support(supporting),
        since=date_text(since) if since else "",
        noise=_noise(finding),
        doubling=_doubling(finding),
        lower=_lower(finding, marker=marker, unit=unit),
        left_out=_left_out(finding, views),
        grade=grade_text(finding.grade),
        grade_is_weak=finding.grade in WEAK_GRADES,
    )


def against(findings: Mapping[str, MarkerFinding], markers: Mapping[str, MarkerDefinition]) -> list[str]:
    """What speaks against: markers of the moving families that stay where they were expected, or that fell."""
    families = {markers[code].family for code, finding in findings.items() if finding.state in MOVED}
    sentences = []
    for code, finding in findings.items():
        marker = markers[code]
        if marker.family not in families or finding.state != "calm" or not finding.readings:
            continue
        last = finding.readings[-1]
        band = interval_text(last.band_low, last.band_high)
        if last.stance == "against" and finding.direction == "down":
            sentence = gettext("%(marker)s lies at or above this person's own level (expected %(band)s).")
        elif last.stance == "against":
            sentence = gettext("%(marker)s lies at or below this person's own level (expected %(band)s).")
        elif last.stance == "neutral" and band and not _beyond_band(finding):
            sentence = gettext("%(marker)s is as expected (%(band)s).")
        else:
            continue
        sentences.append(sentence % {"marker": marker.short_name, "band": f"{band} {unit_text(marker.unit)}".strip()})
    return sentences


def state_text(finding: MarkerFinding) -> str:
    beyond = _beyond_band(finding) if finding.state == "calm" else ""
    if beyond:
        return str(CALM_BEYOND[beyond, (beyond == "below") == (finding.direction == "down")])
    if finding.direction == "down" and finding.state in FALLING_STATES:
        return str(FALLING_STATES[finding.state])
    return str(STATES.get(finding.state, finding.state))


def pattern_text(pattern: str) -> str:
    return str(PATTERNS.get(pattern, ""))


def reason_text(code: str) -> str:
    """Why a draw was not used; a code nobody has put into words is shown as it is, never dropped."""
    return str(REASONS.get(code, code))


def grade_text(grade: str) -> str:
    return str(GRADES.get(grade, ""))


def _last_read(finding: MarkerFinding, views: Sequence[PointView]) -> PointView | None:
    """The value that the change is the change of: the newest that was not left out, or else the newest."""
    for view in reversed(views):
        if view.reading and (view.reading.day, view.reading.value) == (finding.last_day, finding.last_value):
            return view
    return views[-1] if views else None


def _beyond_band(finding: MarkerFinding) -> str:
    """ "above", "below" or "": a draw may leave the band and still be no evidence, which is not "as expected"."""
    last = finding.readings[-1] if finding.readings else None
    if last is None or last.stance == "not_used" or last.censoring or last.band_low is None or last.band_high is None:
        return ""
    if last.value > last.band_high:
        return "above"
    return "below" if last.value < last.band_low else ""


def _baseline(finding: MarkerFinding, *, unit: str) -> str:
    return f"{figures(finding.baseline.level)} {unit}".strip() if finding.baseline else ""


def _expected(finding: MarkerFinding, *, unit: str) -> str:
    reading = finding.readings[-1] if finding.readings else None
    band = interval_text(reading.band_low, reading.band_high) if reading else ""
    return f"{band} {unit}".strip() if band else ""


def _support(supporting: Sequence[PointView]) -> tuple[str, ...]:
    return tuple(date_text(dt.date.fromisoformat(view.x[:10])) for view in supporting)


def _noise(finding: MarkerFinding) -> str:
    """The reference change value: what two results of a person who did not change may differ by."""
    rcv = finding.rcv_up_percent
    if rcv is None:
        return ""
    return gettext("up to %(rcv)s between two draws may be chance") % {"rcv": percent_text(rcv)}


def _doubling(finding: MarkerFinding) -> str:
    """The mean rate over the draws of a sustained rise. Approximate: the draws were chosen because they rose."""
    if finding.state != "sustained_rise" or finding.direction == "down":
        return ""
    doubling, slope = finding.doubling_time, finding.slope
    if doubling is None or slope is None:
        return str(NO_DOUBLING.get(finding.doubling_time_reason, finding.doubling_time_reason))
    return gettext(
        "about %(days)s, averaged over %(draws)d draws in %(span)s (approximate 95 %% interval %(low)d to %(high)d)"
    ) % {
        "days": days_text(round(doubling.days)),
        "draws": slope.draws,
        "span": days_text(round(slope.span_days)),
        "low": round(doubling.low),
        "high": round(doubling.high),
    }


def _lower(finding: MarkerFinding, *, marker: MarkerDefinition, unit: str) -> str:
    limit = finding.what_would_lower_it
    if limit is None or finding.state not in MOVED:
        return ""
    words = {"marker": marker.short_name, "limit": f"{figures(limit)} {unit}".strip()}
    if finding.direction == "down":
        return gettext("a next %(marker)s above %(limit)s") % words
    return gettext("a next %(marker)s below %(limit)s") % words


def _left_out(finding: MarkerFinding, views: Sequence[PointView]) -> tuple[LeftOut, ...]:
    """Newest first. What no draw of this marker can help is said once, by the state, not draw by draw."""
    return tuple(
        LeftOut(
            at=view.point.collected_at,
            day=date_text(dt.date.fromisoformat(view.x[:10])),
            value=view.reported,
            reason=reason_text(view.reading.reason),
        )
        for view in reversed(views)
        if view.left_out and view.reading is not None
    )

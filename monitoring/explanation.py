"""Why the level is what it is, in plain words and numbers, from the stored findings.

Nothing here concludes anything: each sentence says one thing the engine found, or what it was not given. Of a trend it
is said what rose, against what, since when and how sure; what the rise is due to is never said.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy, ngettext

from monitoring.classical_table import ClassicalRow, classical_rows
from monitoring.draw_notes import DrawNote, DrawRow, draw_notes, last_draws, reason_text
from monitoring.evaluation import clinic_zone, date_of
from monitoring.findings import MOVED
from monitoring.own_change import own_change_text
from monitoring.points import PointView
from monitoring.trends.types import MarkerFinding, RiseEvidence
from monitoring.wording import date_text, days_text, figures, interval_text, limit_text
from patients.catalogue import Grade, MarkerDefinition
from patients.wording import marker_name, unit_text

STATES: Final[dict[str, str | Promise]] = {
    "sustained_rise": gettext_lazy("sustained rise"),
    "single_rise": gettext_lazy("rise, not yet confirmed"),
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
FALLING_STATES: Final[dict[str, str | Promise]] = {
    "sustained_rise": gettext_lazy("sustained fall"),
    "single_rise": gettext_lazy("fall, not yet confirmed"),
}
# How strong the evidence of a rise is, by its odds: bounds after Kass and Raftery 1995,
# doi:10.1080/01621459.1995.10476572 (recalled). Of the rise, not of what it is due to.
STRENGTHS: Final[tuple[tuple[float, str | Promise], ...]] = (
    (150.0, gettext_lazy("very strong")),
    (20.0, gettext_lazy("strong")),
    (3.0, gettext_lazy("clear")),
    (1.0, gettext_lazy("moderate")),
    (0.0, gettext_lazy("weak")),
)
NO_DOUBLING: Final[dict[str, str | Promise]] = {
    "too_few_draws": gettext_lazy("not given: fewer than three draws in the rise"),
    "span_too_short": gettext_lazy("not given: the draws lie too close together in time"),
    "not_rising": gettext_lazy("not given: the rise is not confirmed"),
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
SAME_NOISE: Final = 0.05  # a ratio so near to 1 would be printed as 1.0


@dataclass(frozen=True, slots=True)
class Weight:
    """What a marker brings to the patient's level: whether it is a reason, and its part of the index in words."""

    tells: bool
    share: str


NO_WEIGHT: Final = Weight(tells=False, share="")


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerWhy:
    """One marker, ready to be printed; an empty text means there is nothing to say."""

    code: str
    short_name: str
    name: str
    family: str
    state: str
    state_label: str
    moved: bool  # it speaks for a rise, be it too weakly to count by itself
    sustained: bool
    baseline: str
    own_level: str
    last: str
    last_flag: str
    unit: str
    canonical_unit: str
    converted: str  # the last value in the unit of all that is computed, where it was reported in another
    change: str
    expected: str
    support: tuple[str, ...]
    since: str
    visible: str  # where the value of that first draw alone showed nothing yet: from which draw on one did
    onset: str
    confirmed: str
    strength: str
    noise: str
    doubling: str
    lower: str
    notes: tuple[DrawNote, ...]
    draws: tuple[DrawRow, ...]
    classical: tuple[ClassicalRow, ...]
    grade: str
    grade_is_weak: bool


def explain_marker(
    finding: MarkerFinding,
    *,
    marker: MarkerDefinition,
    views: Sequence[PointView],
    since: dt.date | None,
    weight: Weight = NO_WEIGHT,
) -> MarkerWhy:
    """What the engine found of one series, in words. `since` is the first draw of the rise on the clinic's calendar."""
    unit = unit_text(marker.unit)
    last = _last_read(finding, views)
    supporting = [view for view in views if view.point.draw_id in set(finding.supporting_draw_ids)]
    moved = finding.state in MOVED or weight.tells
    return MarkerWhy(
        code=marker.code,
        short_name=marker.short_name,
        name=marker_name(marker),
        family=marker.family,
        state=finding.state,
        state_label=state_text(finding, tells=weight.tells),
        moved=moved,
        sustained=finding.state == "sustained_rise",
        baseline=_baseline(finding, unit=unit if last and last.converted else ""),
        own_level=_own_level(finding, unit=unit),
        last=last.reported if last else "",
        last_flag=last.flag if last else "",
        unit=last.unit if last else unit,
        canonical_unit=unit,
        converted=last.canonical_text if last else "",
        change=_change(finding, last, views),
        expected=_expected(finding, unit=unit),
        support=_support(supporting),
        since=date_text(since) if since else "",
        visible=_visible(finding, supporting) if since else "",
        onset=_onset(finding.evidence),
        confirmed=_confirmed(finding),
        strength=_strength(finding.evidence, weight),
        noise=_noise(finding),
        doubling=_doubling(finding),
        lower=_lower(finding, marker=marker, unit=unit),
        notes=draw_notes(views),
        draws=last_draws(views) if moved else (),
        classical=classical_rows(finding.classical, unit=unit, direction=finding.direction) if moved else (),
        grade=grade_text(finding.grade),
        grade_is_weak=finding.grade in WEAK_GRADES,
    )


def against(
    findings: Mapping[str, MarkerFinding], markers: Mapping[str, MarkerDefinition], *, told: Collection[str] = ()
) -> list[str]:
    """What speaks against: markers of the moving families that stay where they were expected, or that fell.

    `told`: the markers that are reasons of the level, be they calm for themselves.
    """
    speaking = {code for code, finding in findings.items() if finding.state in MOVED or code in told}
    families = {markers[code].family for code in speaking}
    sentences = []
    for code, finding in findings.items():
        marker = markers[code]
        if marker.family not in families or code in speaking or finding.state != "calm" or not finding.readings:
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


def state_text(finding: MarkerFinding, *, tells: bool = False) -> str:
    """`tells`: it is a reason of the level although it is calm for itself."""
    if tells and finding.state == "calm":
        return gettext("weak sign, only beside others")
    beyond = _beyond_band(finding) if finding.state == "calm" else ""
    if beyond:
        return str(CALM_BEYOND[beyond, (beyond == "below") == (finding.direction == "down")])
    if finding.direction == "down" and finding.state in FALLING_STATES:
        return str(FALLING_STATES[finding.state])
    return str(STATES.get(finding.state, finding.state))


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


def _change(finding: MarkerFinding, last: PointView | None, views: Sequence[PointView]) -> str:
    """Against the own level, as `own_change` decides."""
    if last is None:
        return ""
    return own_change_text(
        finding.change_percent,
        last=last.point,
        level_draws=finding.baseline.draw_ids if finding.baseline else (),
        points=[view.point for view in views],
    )


def _baseline(finding: MarkerFinding, *, unit: str) -> str:
    return f"{figures(finding.baseline.level)} {unit}".strip() if finding.baseline else ""


def _own_level(finding: MarkerFinding, *, unit: str) -> str:
    """The level before the rise, how well it is known, and from how many draws."""
    own = finding.baseline
    if own is None:
        return ""
    text = ngettext(
        "%(level)s (95 %% interval %(interval)s), from %(draws)d draw",
        "%(level)s (95 %% interval %(interval)s), from %(draws)d draws",
        own.draws,
    ) % {
        "level": f"{figures(own.level)} {unit}".strip(),
        "interval": interval_text(own.low, own.high),
        "draws": own.draws,
    }
    return gettext("%(level)s, re-based by an event") % {"level": text} if own.start == "segment" else text


def _expected(finding: MarkerFinding, *, unit: str) -> str:
    reading = finding.readings[-1] if finding.readings else None
    band = interval_text(reading.band_low, reading.band_high) if reading else ""
    return f"{band} {unit}".strip() if band else ""


def _support(supporting: Sequence[PointView]) -> tuple[str, ...]:
    return tuple(date_text(dt.date.fromisoformat(view.x[:10])) for view in supporting)


def _visible(finding: MarkerFinding, supporting: Sequence[PointView]) -> str:
    """The first draw of a rise fits it, looked back from the later ones; by itself it may have been as expected."""
    if not supporting or not _has_band(supporting[0]) or _beyond(finding, supporting[0]):
        return ""
    shown = next((view for view in supporting if _beyond(finding, view)), None)
    if shown is None:
        return gettext("each value by itself as expected of this person")
    return gettext("by itself beyond what was expected from %(day)s on") % {"day": _support([shown])[0]}


def _has_band(view: PointView) -> bool:
    return view.reading is not None and view.reading.band_low is not None and view.reading.band_high is not None


def _beyond(finding: MarkerFinding, view: PointView) -> bool:
    """On the side that matters of this marker."""
    reading = view.reading
    if reading is None or reading.band_low is None or reading.band_high is None:
        return False
    return view.y < reading.band_low if finding.direction == "down" else view.y > reading.band_high


def _onset(evidence: RiseEvidence | None) -> str:
    """When the rise that fits best began; without an interval where that was not worked out."""
    if evidence is None:
        return ""
    tz = clinic_zone()
    about, low, high = (
        date_text(date_of(day, tz=tz)) for day in (evidence.onset_day, evidence.onset_low, evidence.onset_high)
    )
    if low == high:
        return gettext("about %(day)s") % {"day": about}
    words = {"day": about, "low": low, "high": high}
    return gettext("about %(day)s (approximate 95 %% interval %(low)s to %(high)s)") % words


def _confirmed(finding: MarkerFinding) -> str:
    if finding.evidence is None:
        return ""
    if finding.evidence.confirmed:
        return gettext("yes, the latest draw speaks for it, and so do the others without the strongest one")
    used = [reading for reading in finding.readings if reading.stance != "not_used"]
    if used and used[-1].watch_only:
        return gettext("no, the last draw carries no alert: %(reason)s") % {"reason": reason_text(used[-1].watch_only)}
    return gettext("not yet: the latest draw and another one must both speak for it")


def _strength(evidence: RiseEvidence | None, weight: Weight) -> str:
    if evidence is None:
        return ""
    word = next(word for bound, word in STRENGTHS if evidence.odds >= bound)
    return gettext("%(strength)s, %(share)s") % {"strength": word, "share": weight.share} if weight.share else str(word)


def _noise(finding: MarkerFinding) -> str:
    """The reference change value (what two results of a person who did not change may differ by), and whether this
    person varies as much as that says."""
    sentences = []
    if finding.rcv_up_percent is not None:
        rcv = limit_text(finding.rcv_up_percent)
        sentences.append(gettext("up to %(rcv)s between two draws may be chance") % {"rcv": rcv})
    if finding.evidence is not None:
        ratio = math.sqrt(finding.evidence.noise)
        if abs(ratio - 1) < SAME_NOISE:
            sentences.append(gettext("this person varies as stated"))
        else:
            times = {"times": f"{ratio:.1f}"}
            sentences.append(gettext("this person varies %(times)s times as much as stated") % times)
    return gettext("; ").join(sentences)


def _doubling(finding: MarkerFinding) -> str:
    """Of what the rise adds to the person's own level; of a marker whose fall matters there is none."""
    if finding.state not in MOVED or finding.direction == "down":
        return ""
    doubling = finding.doubling_time
    if doubling is None:
        return str(NO_DOUBLING.get(finding.doubling_time_reason, finding.doubling_time_reason))
    return gettext(
        "what is added to the own level doubles in about %(days)s (approximate 95 %% interval %(low)d to %(high)d)"
    ) % {"days": days_text(round(doubling.days)), "low": round(doubling.low), "high": round(doubling.high)}


def _lower(finding: MarkerFinding, *, marker: MarkerDefinition, unit: str) -> str:
    limit = finding.what_would_lower_it
    if limit is None or finding.state not in MOVED:
        return ""
    words = {"marker": marker.short_name, "limit": f"{figures(limit)} {unit}".strip()}
    if finding.direction == "down":
        return gettext("a next %(marker)s above %(limit)s") % words
    return gettext("a next %(marker)s below %(limit)s") % words

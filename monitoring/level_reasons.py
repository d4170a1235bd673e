"""Why the patient has the level, in words: the reasons, the indices, what was weighed.

The index says how much speaks for a rise, never how likely a metastasis is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from monitoring.detection import detection_file, group_of
from monitoring.explanation import Weight
from monitoring.trends.fusion import BONE
from monitoring.trends.types import MarkerFinding, PatientFinding, Reason
from monitoring.wording import days_text, figures, listed, share_text
from patients.catalogue import catalogue

REASONS: Final[dict[str, str | Promise]] = {
    "tumour_marker_sustained": gettext_lazy("Sustained rise of a tumour marker: %(markers)s"),
    "bone_markers_sustained": gettext_lazy("Bone pattern, several bone markers rise together: %(markers)s"),
    "bone_marker_sustained": gettext_lazy("Bone pattern of one marker, a lower grade: %(markers)s"),
    "other_marker_sustained": gettext_lazy("Sustained change of another marker: %(markers)s"),
    "single_supporting_draw": gettext_lazy("Not confirmed by a second draw: %(markers)s"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelWhy:
    """The patient's level, ready to be printed; an empty text means there is nothing to say."""

    reasons: tuple[str, ...]
    together: str
    label: str
    index: str
    repeat: str
    weighed: str
    not_weighed: tuple[str, ...]
    weighed_count: int


def explain_level(found: PatientFinding, *, repeat: str = "") -> LevelWhy:
    """`found` with the findings of its markers; `repeat` says when a further draw would tell (`repeat_words`)."""
    brings = [one.marker for one in found.markers if _part(one) > 0]
    return LevelWhy(
        reasons=_reasons(found.reasons),
        together=_together(found),
        label=_label(found),
        index=_index(found),
        repeat=repeat,
        weighed=_names(brings),
        not_weighed=() if found.watch_index is None else _not_weighed(found.markers),
        weighed_count=len(brings),
    )


def weights(found: PatientFinding) -> Mapping[str, Weight]:
    """What each marker brings to the level. Of markers that measure the same thing only the strongest counts."""
    told = {reason.marker for reason in found.reasons}
    strongest: dict[str, MarkerFinding] = {}
    for one in found.markers:
        held = strongest.get(group_of(one.marker))
        if held is None or _part(one) > _part(held):
            strongest[group_of(one.marker)] = one
    return {
        one.marker: Weight(
            tells=one.marker in told, share=_share(one, strongest[group_of(one.marker)], found.watch_index)
        )
        for one in found.markers
        if one.evidence is not None
    }


def _part(one: MarkerFinding) -> float:
    return one.evidence.part if one.evidence else 0.0


def _share(one: MarkerFinding, counted: MarkerFinding, whole: float | None) -> str:
    if not _part(one) or not whole:
        return gettext("not weighed")
    if counted is not one:
        return gettext("counted once, with %(marker)s") % {"marker": _names([counted.marker])}
    return gettext("%(share)s of the index") % {"share": share_text(_part(one) / whole)}


def _reasons(reasons: Sequence[Reason]) -> tuple[str, ...]:
    """One sentence a kind of reason, in the engine's order: the sustained first."""
    markers: dict[str, list[str]] = defaultdict(list)
    for reason in reasons:
        markers[reason.code].append(reason.marker)
    return tuple(str(REASONS[code]) % {"markers": _names(named)} for code, named in markers.items())


def _together(found: PatientFinding) -> str:
    """Said where there is a level that no marker reaches by itself."""
    if found.level == "none" or found.watch_threshold is None:
        return ""
    if max((_part(one) for one in found.markers), default=0.0) >= found.watch_threshold:
        return ""
    return gettext("No marker reaches the level by itself; together they do.")


def _label(found: PatientFinding) -> str:
    """ESMO guideline on bone health 2020, known here from work that reports it (grade S)."""
    families = {one.marker: one.family for one in found.markers}
    if not any(families.get(reason.marker) == BONE for reason in found.reasons):
        return ""
    return gettext("Bone-marker layer: not recommended for routine follow-up (ESMO 2020, III B).")


def _index(found: PatientFinding) -> str:
    if found.watch_index is None or found.watch_threshold is None or found.alert_threshold is None:
        return ""
    words = {
        "watch": figures(found.watch_index),
        "watch_from": figures(found.watch_threshold),
        "alert_from": figures(found.alert_threshold),
        "days": days_text(round(found.interval_days or 0)),
    }
    if found.alert_index is None:
        return (
            gettext(
                "Watch index %(watch)s, watch from %(watch_from)s, alert from %(alert_from)s at draws every %(days)s; "
                "no confirmed marker that may carry an alert."
            )
            % words
        )
    return gettext(
        "Watch index %(watch)s, watch from %(watch_from)s; alert index %(alert)s, alert from %(alert_from)s, "
        "at draws every %(days)s."
    ) % {**words, "alert": figures(found.alert_index)}


def _not_weighed(markers: Sequence[MarkerFinding]) -> tuple[str, ...]:
    named: dict[str, list[str]] = defaultdict(list)
    for one in markers:
        if _part(one) <= 0:
            named[_why_not(one)].append(one.marker)
    return tuple(
        gettext("%(reason)s: %(markers)s") % {"reason": reason, "markers": _names(codes)}
        for reason, codes in named.items()
    )


def _why_not(one: MarkerFinding) -> str:
    if one.state == "no_verdict":
        return gettext("variation in a person not known")
    if one.marker not in detection_file().markers:
        return gettext("how often it rises in a progression is not known")
    if one.evidence is None:
        return gettext("not enough draws yet")
    return gettext("bone-marker layer switched off")


def _names(codes: Sequence[str]) -> str:
    """In the order of the catalogue; a marker that left it goes by its code."""
    chosen = set(codes)
    known = [marker.short_name for marker in catalogue().markers if marker.code in chosen]
    return listed([*known, *sorted(chosen - set(catalogue().by_code))])

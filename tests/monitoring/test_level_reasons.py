"""Why a patient has a level, in words."""

from __future__ import annotations

from dataclasses import replace

from monitoring.findings import nothing_found
from monitoring.level_reasons import LevelWhy, explain_level, weights
from monitoring.trends.types import MarkerFinding, PatientFinding, Reason, ReasonCode
from tests.monitoring.figures import evidence, finding, reading


def moved(marker: str, *, part: float = 2.0, state: str = "sustained_rise") -> MarkerFinding:
    return replace(finding([reading(1)], marker=marker, state=state), evidence=evidence(part=part))


def reason(code: ReasonCode, marker: str) -> Reason:
    return Reason(code=code, marker=marker, direction="up", draw_ids=(1,), since_day=1.0)


CEA = moved("CEA")
ALERT = PatientFinding(
    patient=1,
    level="alert",
    reasons=(reason("tumour_marker_sustained", "CEA"),),
    markers=(CEA,),
    since_day=1.0,
    pattern="tumour",
    watch_index=2.5,
    alert_index=2.31,
    watch_threshold=1.3,
    alert_threshold=2.2,
    interval_days=42.2,
    weighed=("CEA",),
    next_draw_days=21.0,
)


def told(found: PatientFinding) -> LevelWhy:
    return explain_level(found)


def test_each_kind_of_reason_is_one_sentence_that_names_its_markers() -> None:
    found = replace(
        ALERT,
        reasons=(
            reason("tumour_marker_sustained", "CYFRA211"),
            reason("tumour_marker_sustained", "CEA"),
            reason("bone_markers_sustained", "BCTX"),
            reason("bone_markers_sustained", "BAP"),
            reason("other_marker_sustained", "LDH"),
            reason("single_supporting_draw", "NSE"),
        ),
    )
    assert told(found).reasons == (
        "Sustained rise of a tumour marker: CEA, CYFRA 21-1",
        "Bone pattern, several bone markers rise together: BAP, β-CTx",
        "Sustained change of another marker: LDH",
        "Not confirmed by a second draw: NSE",
    )


def test_a_bone_marker_alone_is_called_a_lower_grade_and_labelled_as_not_recommended() -> None:
    found = replace(ALERT, reasons=(reason("bone_marker_sustained", "BAP"),), markers=(moved("BAP"),))
    assert told(found).reasons == ("Bone pattern of one marker, a lower grade: BAP",)
    assert told(found).label == "Bone-marker layer: not recommended for routine follow-up (ESMO 2020, III B)."


def test_without_a_bone_marker_among_the_reasons_there_is_no_label() -> None:
    assert told(replace(ALERT, markers=(CEA, moved("BAP")))).label == ""


def test_both_indices_stand_beside_what_they_need() -> None:
    assert told(ALERT).index == (
        "Watch index 2.5, watch from 1.3; alert index 2.31, alert from 2.2, at draws every 42 days."
    )
    assert told(replace(ALERT, alert_index=None)).index == (
        "Watch index 2.5, watch from 1.3, alert from 2.2 at draws every 42 days; no confirmed marker that may carry "
        "an alert."
    )


def test_where_nothing_was_weighed_there_is_no_index() -> None:
    assert told(nothing_found(1)).index == ""
    assert told(replace(ALERT, watch_threshold=None, alert_threshold=None)).index == ""


def test_several_markers_too_weak_alone_are_said_to_reach_the_level_together() -> None:
    weak = tuple(moved(code, part=0.8, state="calm") for code in ("CEA", "CYFRA211"))
    found = replace(ALERT, level="watch", markers=weak, watch_index=1.6)
    assert told(found).together == "No marker reaches the level by itself; together they do."
    assert told(ALERT).together == ""
    assert told(replace(found, level="none", reasons=())).together == ""


def test_the_share_of_the_index_counts_markers_of_one_thing_once() -> None:
    found = replace(ALERT, markers=(CEA, moved("ALP", part=0.2), moved("BAP", part=0.5), moved("NEUT", part=0.0)))
    assert {code: one.share for code, one in weights(found).items()} == {
        "CEA": "80\xa0% of the index",
        "ALP": "counted once, with BAP",
        "BAP": "20\xa0% of the index",
        "NEUT": "not weighed",
    }
    assert [code for code, one in weights(found).items() if one.tells] == ["CEA"]


def test_a_share_that_rounds_to_nothing_is_not_called_nothing() -> None:
    found = replace(ALERT, markers=(CEA, moved("LDH", part=0.001)))
    assert weights(found)["LDH"].share == "<1\xa0% of the index"


def test_what_was_not_weighed_is_named_with_the_reason() -> None:
    unknown = finding([reading(1)], marker="PROGRP", state="no_verdict")
    fresh = finding([reading(1)], marker="NSE", state="not_enough_data")
    switched_off = moved("BCTX", part=0.0)
    said = told(replace(ALERT, markers=(CEA, unknown, fresh, switched_off, moved("NEUT", part=0.0))))
    assert said.weighed == "CEA"
    assert said.not_weighed == (
        "variation in a person not known: ProGRP",
        "not enough draws yet: NSE",
        "bone-marker layer switched off: β-CTx",
        "how often it rises in a progression is not known: Neut",
    )


def test_a_finding_of_an_earlier_version_says_nothing_of_what_it_weighed() -> None:
    old = replace(nothing_found(1), markers=(finding([reading(1)]),))
    assert (told(old).weighed, told(old).not_weighed, told(old).repeat) == ("", (), "")

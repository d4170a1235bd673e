"""The chart as data: what is drawn, in which unit, what is not joined, and which words stand beside it."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import math
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation

from monitoring.chart_axes import linear_range, log_range
from monitoring.chart_panels import Panel
from monitoring.charts import Events, focus_draws, patient_chart
from monitoring.point_words import hover_text
from patients.models import Condition, Finding, ImagingStudy, SkeletalEvent, Treatment
from tests.monitoring.figures import finding, panel, point, reading

TODAY = dt.date(2026, 9, 1)


def chart(*panels: Panel, events: Events | None = None) -> dict[str, Any]:
    made = patient_chart(panels, events=events or Events(), today=TODAY)
    assert made is not None
    return made


def traces(made: dict[str, Any], role: str, marker: str = "CEA") -> list[dict[str, Any]]:
    return [one for one in made["data"] if one.get("meta") == {"marker": marker, "role": role}]


def shapes(made: dict[str, Any], name: str, scale: str = "linear") -> list[dict[str, Any]]:
    drawn = [*made["layout"]["shapes"], *made["scales"][scale]["shapes"]]
    return [{**made["templates"].get(name, {}), **one} for one in drawn if one["name"] == name]


def notes(made: dict[str, Any], name: str, scale: str = "linear") -> list[str]:
    written = [*made["layout"]["annotations"], *made["scales"][scale]["annotations"]]
    return [one["text"] for one in written if one["name"] == name]


def cea(*values: str, **same: str) -> Panel:
    return panel([point("CEA", value, draw=at, **same) for at, value in enumerate(values, start=1)])  # type: ignore[arg-type]


# --- values and lines -----------------------------------------------------------------------------------------------
def test_values_stand_at_their_true_dates_in_the_markers_unit() -> None:
    made = chart(cea("2.0", "2.1", "1.9"))
    (used,) = traces(made, "used")
    assert used["x"] == ["2026-01-05T08:00:00", "2026-02-16T08:00:00", "2026-03-30T08:00:00"]
    assert used["y"] == [2.0, 2.1, 1.9]
    assert made["layout"]["xaxis"]["type"] == "date"
    assert notes(made, "title") == ["CEA ng/mL"]


def test_lines_are_straight_and_gaps_are_never_bridged() -> None:
    (line,) = traces(chart(cea("2.0", "2.1")), "line")
    assert (line["line"]["shape"], line["connectgaps"]) == ("linear", False)


def test_a_censored_value_is_an_open_glyph_and_not_joined_as_a_number() -> None:
    made = chart(cea("2.0", "<0.5", "2.2", ">1000"))
    (censored,) = traces(made, "censored")
    assert censored["marker"]["symbol"] == ["triangle-down-open", "triangle-up-open"]
    assert censored["y"] == [0.5, 1000.0]
    (line,) = traces(made, "line")
    assert line["y"] == [2.0, None, 2.2, None]


def test_two_values_of_one_day_are_both_drawn() -> None:
    twice = [point("CEA", "2.0"), point("CEA", "3.0")]
    (used,) = traces(chart(panel(twice)), "used")
    assert used["y"] == [2.0, 3.0]


def test_zero_is_drawn_on_the_linear_scale() -> None:
    made = chart(cea("0", "2.0"))
    (used,) = traces(made, "used")
    assert used["y"] == [0.0, 2.0]


def test_a_draw_that_was_not_used_is_hollow_and_says_why() -> None:
    found = finding([reading(1), reading(2, stance="not_used", reason="haemolysed"), reading(3)])
    made = chart(panel([point("CEA", "2", draw=1), point("CEA", "9", draw=2), point("CEA", "2", draw=3)], found))
    (hollow,) = traces(made, "left_out")
    assert hollow["marker"]["symbol"] == ["circle-open"]
    assert "not used: sample haemolysed" in hollow["hovertext"][0]
    (line,) = traces(made, "line")
    assert line["y"] == [2.0, 2.0]


def test_a_draw_that_counts_for_less_has_its_own_glyph_and_says_why() -> None:
    spoiled = reading(2, uncertain="haemolysed", watch_only="haemolysed")
    found = finding([reading(1), spoiled, reading(3, uncertain="not_in_the_morning"), reading(4, watch_only="biotin")])
    made = chart(panel([point("CEA", str(at), draw=at) for at in (1, 2, 3, 4)], found))
    (used,) = traces(made, "used")
    assert used["marker"]["symbol"] == ["circle", "circle-open-dot", "circle-open-dot", "circle-open-dot"]
    assert not traces(made, "left_out")
    said = [[line for line in text.split("<br>") if ": " in line] for text in used["hovertext"]]
    assert said == [
        [],
        ["counts for less: sample haemolysed", "carries no alert: sample haemolysed"],
        ["counts for less: not drawn in the morning"],
        ["carries no alert: biotin can make this marker read low"],
    ]
    (line,) = traces(made, "line")
    assert line["y"] == [1.0, 2.0, 3.0, 4.0]
    assert [one["items"] for one in made["draws"]][1:3] == [
        ["CEA 2 ng/mL (counts for less: sample haemolysed · carries no alert: sample haemolysed)"],
        ["CEA 3 ng/mL (counts for less: not drawn in the morning)"],
    ]


def test_a_marker_nobody_can_judge_is_drawn_as_any_other() -> None:
    found = finding([reading(1, stance="not_used", reason="no_variation_estimate", band=None)], state="no_verdict")
    assert len(traces(chart(panel([point("CEA", "2")], found)), "used")) == 1


def test_supporting_draws_are_larger_and_rimmed() -> None:
    found = finding([reading(1), reading(2, stance="supports")], state="single_rise")
    (used,) = traces(chart(panel([point("CEA", "2", draw=1), point("CEA", "7", draw=2)], found)), "used")
    assert used["marker"]["size"] == [7, 11]
    assert used["marker"]["line"]["color"] == ["var(--tumour)", "var(--ink)"]


def test_family_is_told_by_colour_and_by_shape() -> None:
    made = chart(cea("2"), panel([point("ALP", "80")]), panel([point("PLT", "200")]), panel([point("CA", "2.3")]))
    used = [one["marker"] for one in made["data"] if one.get("meta", {}).get("role") == "used"]
    assert [(one["color"], one["symbol"][0]) for one in used] == [
        ("var(--tumour)", "circle"),
        ("var(--bone)", "square"),
        ("var(--blood)", "diamond"),
        ("var(--mineral)", "cross"),
    ]


# --- breaks ---------------------------------------------------------------------------------------------------------
def test_the_line_breaks_where_the_assay_changed_and_says_so() -> None:
    series = [point("CEA", "2", draw=1, assay="Roche"), point("CEA", "3", draw=2, assay="Abbott")]
    made = chart(panel(series))
    (line,) = traces(made, "line")
    assert line["y"] == [2.0, None, 3.0]
    (mark,) = shapes(made, "break")
    assert (mark["x0"], mark["x1"], mark["line"]["dash"]) == ("2026-02-16T08:00:00", "2026-02-16T08:00:00", "dot")
    assert notes(made, "break") == ["assay changed: Roche → Abbott"]


def test_the_same_laboratory_spelt_otherwise_is_no_break() -> None:
    series = [point("CEA", "2", draw=1, laboratory="Central"), point("CEA", "3", draw=2, laboratory="central ")]
    assert shapes(chart(panel(series)), "break") == []


# --- bands ----------------------------------------------------------------------------------------------------------
def test_the_reference_band_is_drawn_when_its_lower_limit_is_zero() -> None:
    (band,) = shapes(chart(cea("2", "3", low="0", high="5")), "reference")
    assert (band["y0"], band["y1"], band["fillcolor"], band["layer"]) == (0.0, 5.0, "var(--ink)@0.06", "below")


def test_a_range_below_five_is_drawn_from_the_foot_of_the_axis() -> None:
    made = chart(cea("2", "3", high="< 5"))
    (band,) = shapes(made, "reference")
    assert (band["y0"], band["y1"]) == (made["scales"]["linear"]["yaxis.range"][0], 5.0)


def test_a_range_with_a_lower_limit_alone_is_drawn_to_the_top() -> None:
    made = chart(cea("2", "3", low="1"))
    (band,) = shapes(made, "reference")
    assert (band["y0"], band["y1"]) == (1.0, made["scales"]["linear"]["yaxis.range"][1])


def test_the_band_steps_where_the_laboratory_changed_its_range() -> None:
    series = [point("CEA", "2", draw=1, low="0", high="5"), point("CEA", "3", draw=2, low="0", high="4")]
    first, second = shapes(chart(panel(series)), "reference")
    assert (first["y1"], second["y1"]) == (5.0, 4.0)
    assert first["x1"] == second["x0"] == "2026-02-16T08:00:00"


def test_the_personal_band_is_a_patch_in_the_familys_colour() -> None:
    found = finding([reading(1, band=None), reading(2), reading(3, band=(1.4, 2.8))])
    made = chart(panel([point("CEA", "2", draw=at) for at in (1, 2, 3)], found))
    (band,) = traces(made, "personal_band")
    assert band["y"] == [2.6, 2.8, 1.4, 1.5]
    assert band["fillcolor"] == "var(--tumour)@0.12"


# --- axes -----------------------------------------------------------------------------------------------------------
def test_the_value_axis_holds_the_reference_range_and_does_not_start_at_zero_by_force() -> None:
    low, high = linear_range(panel([point("ALB", "44", draw=1), point("ALB", "45", draw=2)]))
    assert 30 < low < 40
    assert 55 < high < 60


def test_a_logarithmic_axis_is_named_and_its_band_ends_where_the_axis_ends() -> None:
    made = chart(cea("2", "20", low="0", high="5"))
    scale = made["scales"]["log"]
    assert scale["yaxis.type"] == "log"
    (band,) = shapes(made, "reference", "log")
    assert band["y0"] == pytest.approx(10 ** scale["yaxis.range"][0])
    assert notes(made, "remark", "log") == ["reference 0–5 · log scale · 0 stands at the foot: a log scale has no 0"]
    assert notes(made, "remark", "linear") == ["reference 0–5"]


def test_a_series_of_zeros_stays_linear() -> None:
    zeros = cea("0", "0", low="0", high="0")
    assert log_range(zeros) is None
    assert chart(zeros)["scales"]["log"]["yaxis.type"] == "linear"


def test_all_panels_share_one_time_axis_and_do_not_overlap() -> None:
    made = chart(cea("2", "3"), panel([point("ALP", "80")]), events=Events(treatments=[_osimertinib()]))
    domains = [made["layout"][key]["domain"] for key in ("yaxis", "yaxis2", "yaxis3")]
    assert all(upper[0] > lower[1] for upper, lower in itertools.pairwise(domains))
    assert {one["xaxis"] for one in made["data"] if "marker" in one.get("meta", {})} == {"x"}
    assert made["layout"]["xaxis2"]["matches"] == "x"


def test_the_last_value_is_given_as_reported_with_its_flag() -> None:
    assert notes(chart(cea("2", "7.40", low="0", high="5")), "last") == ["7.40 ng/mL H"]


# --- windows --------------------------------------------------------------------------------------------------------
def test_windows_end_shortly_after_today_and_all_shows_everything() -> None:
    windows = chart(cea("2", "3", "4", "5", "6"))["windows"]
    assert {name: one["range"][1] for name, one in windows.items()} == dict.fromkeys(
        ("6m", "1y", "2y", "all"), "2026-09-11"
    )
    assert windows["all"]["range"][0] == "2025-12-26"
    assert windows["6m"]["text"] == "Shown: 12-Mar-2026 to 11-Sep-2026"


def test_a_record_that_ended_long_ago_is_shown_up_to_its_end() -> None:
    made = patient_chart([cea("2", "3")], events=Events(), today=dt.date(2036, 1, 1))
    assert made is not None
    assert made["windows"]["1y"]["range"][1] == "2026-02-26"


def test_no_value_is_no_chart() -> None:
    assert patient_chart([], events=Events(), today=TODAY) is None


# --- lanes ----------------------------------------------------------------------------------------------------------
def _osimertinib(**changes: Any) -> Treatment:
    fields = {"pk": 1, "kind": "targeted", "name": "osimertinib", "started_on": dt.date(2026, 1, 1)} | changes
    return Treatment(**fields)


def test_an_open_treatment_runs_to_today_and_overlapping_ones_lie_below_each_other() -> None:
    zoledronate = _osimertinib(
        pk=2, kind="bone_agent", name="zoledronate", started_on=dt.date(2026, 2, 1), ended_on=dt.date(2026, 3, 1)
    )
    made = chart(cea("2"), events=Events(treatments=[_osimertinib(), zoledronate]))
    bars = next(one for one in made["data"] if one["type"] == "bar")
    assert bars["base"] == ["2026-01-01", "2026-02-01"]
    assert bars["x"] == [243 * 86_400_000, 28 * 86_400_000]
    assert bars["y"] == [0, 1]
    assert bars["hovertext"][0] == "osimertinib<br>targeted therapy<br>01-Jan-2026 – continuing"


def test_imaging_is_told_by_shape_and_colour() -> None:
    studies = [
        ImagingStudy(performed_on=dt.date(2026, 1, at), modality="ct", finding=found)
        for at, found in enumerate((Finding.NONE, Finding.EQUIVOCAL, Finding.BONE_METASTASIS), start=1)
    ]
    made = chart(cea("2"), events=Events(imaging=studies))
    lane = next(one for one in made["data"] if one["name"] == "imaging")
    assert lane["marker"]["symbol"] == ["circle-open", "diamond-open", "x"]
    assert lane["hovertext"][0] == "CT 01-Jan-2026<br>no bone metastasis seen"


def test_skeletal_events_have_a_lane_of_their_own() -> None:
    fracture = SkeletalEvent(kind="fracture", occurred_on=dt.date(2026, 2, 3), site="L2")
    made = chart(cea("2"), events=Events(skeletal=[fracture]))
    lane = next(one for one in made["data"] if one["name"] == "skeletal events")
    assert lane["hovertext"] == ["fracture 03-Feb-2026<br>L2"]


def test_conditions_have_a_lane_of_their_own_that_says_when_each_ended() -> None:
    infection = Condition(
        kind="infection", occurred_on=dt.date(2026, 2, 3), ended_on=dt.date(2026, 2, 12), note="<pneumonia>"
    )
    renal = Condition(kind="renal_impairment", occurred_on=dt.date(2026, 3, 1))
    made = chart(cea("2"), events=Events(conditions=[infection, renal]))
    bars, lane = (one for one in made["data"] if one["name"] == "conditions")
    assert (bars["base"], bars["x"]) == (
        ["2026-02-03", "2026-03-01"],
        [9 * 86_400_000, 184 * 86_400_000],  # the other goes on
    )
    assert lane["x"] == ["2026-02-03", "2026-03-01"]
    assert lane["text"] == ["infection", "renal impairment"]
    assert lane["hovertext"] == [
        "infection<br>03-Feb-2026 – 12-Feb-2026<br>&lt;pneumonia&gt;",
        "renal impairment<br>01-Mar-2026 – no end recorded",
    ]


def test_conditions_that_overlap_lie_one_below_the_other_and_a_later_one_takes_the_row_that_is_free() -> None:
    renal = Condition(kind="renal_impairment", occurred_on=dt.date(2026, 1, 5))
    infection = Condition(kind="infection", occurred_on=dt.date(2026, 2, 3), ended_on=dt.date(2026, 2, 12))
    another = Condition(kind="infection", occurred_on=dt.date(2026, 2, 12), ended_on=dt.date(2026, 2, 12))
    made = chart(cea("2"), events=Events(conditions=[another, infection, renal]))
    bars, marks = (one for one in made["data"] if one["name"] == "conditions")
    assert marks["x"] == bars["base"] == ["2026-01-05", "2026-02-03", "2026-02-12"]
    assert marks["y"] == bars["y"] == [0, 1, 1]


def test_skeletal_events_of_one_day_are_named_together_at_the_last_mark() -> None:
    one, other, later = (
        SkeletalEvent(kind=kind, occurred_on=dt.date(2026, 2, on), site="")
        for kind, on in (("fracture", 3), ("bone_surgery", 3), ("fracture", 9))
    )
    made = chart(cea("2"), events=Events(skeletal=[later, one, other]))
    lane = next(one for one in made["data"] if one["name"] == "skeletal events")
    assert lane["text"] == ["", "fracture, surgery to bone", "fracture"]
    assert lane["hovertext"][:2] == ["fracture 03-Feb-2026", "surgery to bone 03-Feb-2026"]


# --- words ----------------------------------------------------------------------------------------------------------
def test_the_hover_says_value_date_change_noise_laboratory_and_note() -> None:
    found = finding([reading(1), reading(2, stance="supports")], state="single_rise")
    series = [
        point("CEA", "2", draw=1),
        point("CEA", "7.40", draw=2, laboratory="Central", assay="Roche", low="0", high="5"),
    ]
    shown = panel(series, found)
    assert hover_text(shown.marker, shown.views[1]).split("<br>") == [
        "CEA 7.40 ng/mL H",
        "16-Feb-2026 08:00",
        "+5.4 ng/mL, ×3.7 in 42 days since the previous draw, more than noise (+55\xa0%)",
        "reference 0–5 (reported with the value)",
        "above what was expected of this person (1.5–2.6)",
        "supports the rise",
        "Central · Roche",
    ]


def test_the_hover_says_what_was_held_back_of_a_draw() -> None:
    held = reading(2, rebased="laboratory_change", uncertain="infection_window", watch_only="bone_flare_window")
    shown = panel([point("ALP", "80", draw=1), point("ALP", "82", draw=2)], finding([reading(1), held], marker="ALP"))
    assert hover_text(shown.marker, shown.views[1]).split("<br>")[-3:] == [
        "own level re-based: the laboratory changed",
        "counts for less: infection moves this marker",
        "carries no alert: early in targeted therapy, when healing bone can raise this marker",
    ]


def test_the_hover_says_who_entered_the_value() -> None:
    shown = panel([point("CEA", "2", draw=1)])
    assert "entered by" not in hover_text(shown.marker, shown.views[0])
    by = replace(shown.views[0], entered_by="Nora <Nurse>")
    assert hover_text(shown.marker, by).split("<br>")[-1] == "entered by Nora &lt;Nurse&gt;"


def test_nothing_a_person_typed_becomes_markup() -> None:
    shown = panel([point("CEA", "<2", laboratory="<b>x</b>")], note="<a href='javascript:1'>note</a>")
    text = hover_text(shown.marker, shown.views[0])
    assert "<b>" not in text
    assert "<a" not in text
    assert text.startswith("CEA &lt;2 ng/mL")


def test_no_text_holds_markup_that_the_policy_would_block() -> None:
    made = chart(cea("2", "3", low="0", high="5"), events=Events(treatments=[_osimertinib()]))
    text = json.dumps(made)
    assert not any(tag in text for tag in ("<b>", "<i>", "<span", "style="))


def test_the_focus_line_reads_out_every_marker_of_a_draw_those_that_moved_first() -> None:
    found = finding([reading(1), reading(2, stance="supports")], marker="ALP", state="single_rise")
    bone = panel([point("ALP", "80", draw=1), point("ALP", "160", draw=2)], found)
    draws = focus_draws([cea("2.0", "<0.5"), bone])
    assert [one["day"] for one in draws] == ["05-Jan-2026", "16-Feb-2026"]
    assert draws[1]["items"] == ["ALP 160 U/L H", "CEA <0.5 ng/mL"]
    assert (draws[1]["codes"], draws[1]["values"]) == (["ALP", "CEA"], ["160 H", "<0.5"])


def test_a_value_beside_another_is_read_out_with_its_unit_where_it_is_not_the_panels() -> None:
    in_dl = replace(point("ALB", "3.3", draw=1), unit="g/dL", canonical=Decimal(33), factor=Decimal(10))
    draws = focus_draws([panel([in_dl, point("ALB", "34", draw=2)])])
    assert [one["values"] for one in draws] == [["3.3 g/dL L"], ["34 L"]]


def test_dates_are_numbers_in_chinese() -> None:
    with translation.override("zh-hans"):
        made = chart(cea("2"))
    assert [one["value"] for one in made["layout"]["xaxis"]["tickformatstops"]] == ["%m-%d\n%Y", "%Y-%m", "%Y"]


def test_the_chart_is_plain_json_without_a_number_that_is_none() -> None:
    made = chart(cea("2", "<1", "3"))
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert all(math.isfinite(end) for end in made["scales"]["log"]["yaxis.range"])


def whole_change_line(percent_from: str, percent_to: str, *, rcv: float) -> str:
    readings = [reading(1), replace(reading(2, band=None), rcv_percent=rcv)]
    shown = panel([point("CEA", percent_from), point("CEA", percent_to, draw=2)], finding(readings))
    return hover_text(shown.marker, shown.views[1]).split("<br>")[2]


def test_a_fall_is_held_against_the_reference_change_of_a_fall() -> None:
    """Twice as much is what a rise may be by chance, so half as much is what a fall may be."""
    since = "in 42 days since the previous draw"

    def change_line(old: str, new: str, *, rcv: float) -> str:
        return whole_change_line(old, new, rcv=rcv).partition("ng/mL, ")[2]

    assert change_line("10", "2", rcv=100.0) == f"−80\xa0% {since}, more than noise (−50\xa0%)"
    assert change_line("10", "6", rcv=100.0) == f"−40\xa0% {since}, within noise (−50\xa0%)"
    assert change_line("10", "25", rcv=-50.0) == f"+150\xa0% {since}, more than noise (+100\xa0%)"
    assert change_line("10", "18", rcv=-50.0) == f"+80\xa0% {since}, within noise (+100\xa0%)"


def test_a_change_is_stated_in_the_unit_of_the_axis_too() -> None:
    assert whole_change_line("10", "2", rcv=100.0).startswith("−8 ng/mL, −80\xa0% in 42 days")
    assert whole_change_line("2", "2.0", rcv=100.0).startswith("0 ng/mL, 0\xa0% in 42 days")


def test_no_change_is_stated_from_one_assay_to_another() -> None:
    series = [point("CEA", "2", assay="Roche"), point("CEA", "3", draw=2, assay="Abbott")]
    before, after = panel(series).views
    assert (after.breaks, after.change_percent) == ("assay changed: Roche → Abbott", None)
    assert "previous draw" not in hover_text(panel(series).marker, after)
    assert (before.breaks, before.change_percent) == ("", None)


def test_days_between_draws_are_those_of_the_calendar() -> None:
    early = replace(point("CEA", "3", draw=2), collected_at=dt.datetime(2026, 1, 12, 7, 30, tzinfo=dt.UTC))
    _, after = panel([point("CEA", "2"), early]).views
    assert after.days_since_previous == 7


def test_a_last_value_in_another_unit_than_the_axis_is_given_in_both() -> None:
    found = replace(finding([reading(1, stance="supports")], marker="ALB", state="single_rise"), direction="down")
    albumin = replace(point("ALB", "3.3"), unit="g/dL", canonical=Decimal(33), factor=Decimal(10))
    shown = panel([albumin], found)
    assert notes(chart(shown), "last") == ["3.3 g/dL (33 g/L) L"]
    assert "supports the fall" in hover_text(shown.marker, shown.views[0]).split("<br>")


def bands_of(made: dict[str, Any]) -> list[list[str | None]]:
    return [one["x"] for one in made["data"] if one.get("meta", {}).get("role") == "personal_band"]


def test_no_band_is_drawn_across_a_draw_that_has_none_nor_into_another_assay() -> None:
    points = [point("CEA", "2", draw=at, assay="B" if at > 5 else "A") for at in range(1, 8)]
    found = finding([reading(at, band=None if at == 3 else (1.5, 2.6)) for at in range(1, 8)])
    shown = panel(points, found)
    x = [view.x for view in shown.views]
    made = chart(shown)
    assert bands_of(made) == [[x[0], x[1], x[1], x[0], None, x[3], x[4], x[4], x[3]]]


def test_the_focus_line_knows_which_values_are_of_another_assay() -> None:
    made = chart(panel([point("CEA", "2", draw=1, assay="A"), point("CEA", "3", draw=2, assay="B")]))
    assert [draw["assays"] for draw in made["draws"]] == [[0], [1]]

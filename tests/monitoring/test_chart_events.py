"""What events do, drawn: the spans agree with what the engine marks, say why, and stand in the table too."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from monitoring.chart_events import clinical_events, span_rows, spans_of
from monitoring.charts import Events, effects_on, patient_chart
from monitoring.effects_page import effect_rows
from monitoring.event_spans import EventSpan, event_spans
from monitoring.events import EVENT_KINDS, ClinicalEvent, DrawState, read_draws
from monitoring.rules import event_rules
from patients.catalogue import catalogue
from patients.models import Condition, SkeletalEvent, Treatment
from tests.cast import Cast
from tests.monitoring.figures import finding, panel, point, reading
from tests.monitoring.test_charts import TODAY

DAY = 739_000


def fracture(**changes: Any) -> SkeletalEvent:
    return SkeletalEvent(**{"kind": "fracture", "occurred_on": dt.date(2026, 1, 10), **changes})


@pytest.mark.parametrize("kind", EVENT_KINDS)
@pytest.mark.parametrize("lasts", [None, 10])
def test_a_draw_lies_in_a_span_exactly_where_the_engine_holds_it_back(kind: str, lasts: int | None) -> None:
    details = ("chemotherapy", "targeted", "immunotherapy", "radiotherapy") if kind == "treatment_start" else ("",)
    draws = [DrawState(float(DAY + at)) for at in range(-2, 320)]
    for detail in details:
        happened = [ClinicalEvent(kind, float(DAY), None if lasts is None else float(DAY + lasts), "", detail)]
        for marker in catalogue().markers:
            spans = event_spans(marker.code, marker.family, happened, event_rules())
            marks = read_draws(marker.code, marker.family, draws, happened, event_rules())
            held = zip(draws, marks.exclusions, marks.watch_only, marks.extra_codes, strict=True)
            for draw, blank, watch, extra in held:
                within = {span.kind for span in spans if span.first <= draw.day <= span.last}
                assert ("blank" in within) is bool(blank), (marker.code, kind, draw.day)
                if not blank:  # one reason is enough
                    assert ("watch_only" in within, "uncertain" in within) == (bool(watch), bool(extra))


def test_spans_that_say_the_same_and_touch_are_one() -> None:
    cycles = [ClinicalEvent("g_csf", float(DAY + at), float(DAY + at)) for at in (0, 21, 80)]
    spans = event_spans("NEUT", "blood_count", cycles, event_rules())
    assert spans == (
        EventSpan(DAY + 1, DAY + 42, "blank", "g_csf_window"),
        EventSpan(DAY + 81, DAY + 101, "blank", "g_csf_window"),
    )


def test_a_span_is_hatched_by_kind_from_foot_to_top_and_says_why() -> None:
    shown = panel([point("ALP", "80", draw=1), point("ALP", "90", draw=2)])
    made = patient_chart([shown], events=Events(skeletal=[fracture()]), today=TODAY)
    assert made is not None
    (span,) = [one for one in made["data"] if one.get("meta", {}).get("role") == "span"]
    assert span["x"] == ["2026-01-11", "2026-01-11", "2026-06-12", "2026-06-12"]
    assert (span["y"], span["fillpattern"]["shape"], span["hoveron"]) == ([0, 1, 1, 0], "/", "fills")
    assert span["text"] == "11-Jan-2026 – 11-Jun-2026 carries no alert: a healing fracture raises this marker"
    used = next(one for one in made["data"] if one.get("meta", {}).get("role") == "used")
    assert (span["yaxis"], made["data"].index(span) < made["data"].index(used)) == (used["yaxis"], True)


def test_a_panel_that_the_event_does_not_move_is_not_hatched() -> None:
    assert effects_on([panel([point("CEA", "2")])], Events(skeletal=[fracture()])) == {}


def test_what_a_draw_says_the_patient_was_on_is_drawn_too() -> None:
    shown = panel([point("NEUT", "4", taken=["g_csf"])])
    events = clinical_events([shown], treatments=(), skeletal=(), conditions=())
    (span,) = spans_of(shown, events)
    assert (dt.date.fromordinal(span.first), span.kind) == (dt.date(2026, 1, 5), "blank")


def test_markers_of_one_span_share_a_line_of_the_table_the_newest_first() -> None:
    shown = [panel([point(code, "80")]) for code in ("ALP", "BAP")]
    infection = Condition(kind="cholestasis", occurred_on=dt.date(2026, 8, 1), ended_on=dt.date(2026, 8, 3))
    found = effects_on(shown, Events(skeletal=[fracture()], conditions=[infection]))
    rows = span_rows(found)
    assert [(row.markers, row.first, row.what) for row in rows] == [
        ("BAP", "01-Aug-2026", "carries no alert"),
        ("BAP", "01-Aug-2026", "counts for less"),
        ("ALP", "01-Aug-2026", "left out as evidence"),
        ("ALP, BAP", "11-Jan-2026", "carries no alert"),
    ]


def test_where_an_event_re_based_the_level_a_line_says_so_and_a_new_assay_is_not_said_twice() -> None:
    series = [point("CEA", "2", draw=1), point("CEA", "2", draw=2), point("CEA", "2", draw=3)]
    shown = panel(series, finding([reading(1), reading(2, rebased="surgery"), reading(3)]))
    made = patient_chart([shown], events=Events(treatments=[]), today=TODAY)
    assert made is not None
    (line,) = [one for one in made["layout"]["shapes"] if one["name"] == "rebased"]
    assert line["x0"] == "2026-02-16T08:00:00"
    (label,) = [one["text"] for one in made["layout"]["annotations"] if one["name"] == "rebased"]
    assert label == "↺ level re-based: surgery"
    changed = [point("CEA", "2", draw=1, assay="A"), point("CEA", "2", draw=2, assay="B")]
    twice = panel(changed, finding([reading(1), reading(2, rebased="assay_change")]))
    made = patient_chart([twice], events=Events(), today=TODAY)
    assert made is not None
    assert [one["name"] for one in made["layout"]["shapes"]] == ["break"]


def test_every_rule_is_a_row_with_its_days_source_and_grade(client: Client, cast: Cast) -> None:
    rows = effect_rows()
    assert len(rows) == len(event_rules().events)
    of_fracture = next(row for row in rows if row.event == "fracture")
    assert (of_fracture.effects, of_fracture.grade) == (("day 1 to 152: carries no alert",), "A")
    infection = next(row for row in rows if row.event == "infection")
    assert infection.effects[0] == "day 0 to 28 days after the end (without an end: after 14 days): carries no alert"
    client.force_login(cast.nurse)
    page = client.get(reverse("marker_effects")).content.decode()
    assert page.count('<th scope="row">') == len(rows)
    assert page.count("grade-weak") == sum(row.grade in "RA" for row in rows)


def test_the_events_have_a_name_in_words_in_every_row() -> None:
    with translation.override("en"):
        assert not [row.event for row in effect_rows() if "_" in row.event]


def test_an_open_treatment_is_an_event_from_its_start() -> None:
    started = Treatment(pk=1, kind="targeted", name="osimertinib", started_on=dt.date(2026, 1, 1))
    found = effects_on([panel([point("CEA", "2")])], Events(treatments=[started]))
    assert found["CEA"][0].first == dt.date(2026, 1, 2).toordinal()

"""What events and samples take away from evidence, day by day."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.events import (
    EVENT_KINDS,
    ClinicalEvent,
    DrawMarks,
    DrawState,
    EventRule,
    EventRules,
    calendar_day,
    changes_of,
    read_draws,
)
from monitoring.rules import event_rules
from patients.catalogue import catalogue

ROOT = Path(__file__).parents[2]
FEW = settings(max_examples=100, deadline=None, derandomize=True)
DAY = 739_000.0
SURGERY = EventRule(
    kinds=("surgery",),
    families=("tumour",),
    blank_to_day=42,
    rebase_sd={"CEA": 0.5, "tumour": 0.4},
    code="surgery_window",
    source="test",
    grade="A",
)


def marks_of(
    marker: str,
    days: Sequence[float],
    *events: ClinicalEvent,
    rules: EventRules | None = None,
    states: Sequence[DrawState] = (),
) -> DrawMarks:
    """Days are counted from the day of the first event."""
    family = catalogue().marker(marker).family
    draws = states or [DrawState(DAY + day) for day in days]
    return read_draws(marker, family, draws, events, rules or event_rules())


def event(kind: str, detail: str = "", *, at: float = 0, lasts: float | None = None, marker: str = "") -> ClinicalEvent:
    return ClinicalEvent(kind, DAY + at, None if lasts is None else DAY + at + lasts, marker, detail)


def only(*rules: EventRule) -> EventRules:
    return EventRules(events=rules, samples=())


def columns(marks: DrawMarks) -> list[list[object]]:
    return [
        list(marks.exclusions),
        list(marks.rebase_codes),
        marks.rebase_sd.tolist(),
        list(marks.extra_codes),
        marks.extra_sd.tolist(),
        list(marks.watch_only),
    ]


# --- the spans of the shipped rules ---------------------------------------------------------------------------------
BLANK = [
    ("CEA", event("treatment_start", "chemotherapy"), 1, 42, "treatment_window"),
    ("CEA", event("treatment_start", "targeted"), 1, 42, "treatment_window"),
    ("CYFRA211", event("treatment_start", "immunotherapy"), 1, 42, "treatment_window"),
    ("NSE", event("treatment_start", "second line"), 1, 42, "treatment_window"),
    ("CEA", event("treatment_start"), 1, 42, "treatment_window"),
    ("CEA", event("surgery"), 1, 42, "surgery_window"),
    ("ALP", event("bone_agent_start"), 1, 28, "bone_agent_window"),
    ("BCTX", event("bone_agent_start"), 1, 28, "bone_agent_window"),
    ("NEUT", event("g_csf"), 1, 21, "g_csf_window"),
    ("NLR", event("g_csf", lasts=4), 1, 25, "g_csf_window"),
    ("ALP", event("cholestasis"), 0, 88, "cholestasis_window"),
    ("ALP", event("cholestasis", lasts=10), 0, 38, "cholestasis_window"),
]
WATCH_ONLY = [
    ("CEA", event("treatment_start", "immunotherapy"), 43, 84, "immunotherapy_window"),  # blanked before
    ("ALP", event("treatment_start", "targeted"), 1, 84, "bone_flare_window"),
    ("NEUT", event("treatment_start", "chemotherapy"), 1, 154, "chemotherapy_counts_window"),
    ("LYMPH", event("treatment_start", "chemotherapy", lasts=63), 1, 91, "chemotherapy_counts_window"),
    ("BCTX", event("bone_agent_stop"), 1, 274, "bone_agent_stop_window"),
    ("BAP", event("fracture"), 1, 152, "fracture_window"),
    ("P1NP", event("bone_surgery"), 1, 152, "bone_surgery_window"),
    ("ALP", event("g_csf"), 1, 21, "g_csf_window"),
    ("LYMPH", event("steroid"), 1, 42, "steroid_window"),
    ("NLR", event("steroid", lasts=100), 1, 114, "steroid_window"),
    ("CYFRA211", event("infection"), 0, 42, "infection_window"),
    ("SII", event("infection", lasts=7), 0, 35, "infection_window"),
    ("CEA", event("cholestasis"), 0, 88, "cholestasis_window"),
    ("PROGRP", event("renal_impairment"), 0, 118, "renal_impairment_window"),
    ("BCTX", event("renal_impairment", lasts=30), 0, 58, "renal_impairment_window"),
]
UNCERTAIN = [
    ("ALP", event("g_csf"), 1, 21, "g_csf_window", 0.32),
    ("LDH", event("g_csf", lasts=7), 1, 28, "g_csf_window", 0.24),
    ("NEUT", event("steroid"), 1, 42, "steroid_window", 0.4),
    ("SII", event("steroid", lasts=1), 1, 15, "steroid_window", 0.7),
    ("CYFRA211", event("infection"), 0, 42, "infection_window", 0.4),
    ("PLT", event("infection", lasts=3), 0, 31, "infection_window", 0.2),
    ("BAP", event("cholestasis", lasts=0), 0, 28, "cholestasis_window", 0.4),
]


@pytest.mark.parametrize(("marker", "happened", "first", "last", "code"), BLANK)
def test_a_draw_is_left_out_from_the_first_to_the_last_day_of_the_span(
    marker: str, happened: ClinicalEvent, first: int, last: int, code: str
) -> None:
    days = [first - 1, first, last, last + 1]
    assert marks_of(marker, days, happened).exclusions == ("", code, code, "")


@pytest.mark.parametrize(("marker", "happened", "first", "last", "code"), WATCH_ONLY)
def test_a_draw_may_carry_no_alert_from_the_first_to_the_last_day_of_the_span(
    marker: str, happened: ClinicalEvent, first: int, last: int, code: str
) -> None:
    days = [first - 1, first, last, last + 1]
    assert marks_of(marker, days, happened).watch_only == ("", code, code, "")


@pytest.mark.parametrize(("marker", "happened", "first", "last", "code", "sd"), UNCERTAIN)
def test_a_draw_is_uncertain_from_the_first_to_the_last_day_of_the_span(
    marker: str, happened: ClinicalEvent, first: int, last: int, code: str, sd: float
) -> None:
    marks = marks_of(marker, [first - 1, first, last, last + 1], happened)
    assert marks.extra_codes == ("", code, code, "")
    assert marks.extra_sd.tolist() == [0.0, sd, sd, 0.0]


@pytest.mark.parametrize(
    ("marker", "happened"),
    [
        ("CEA", event("bone_agent_start")),
        ("CEA", event("fracture")),
        ("CEA", event("infection")),
        ("CEA", event("g_csf")),
        ("ALP", event("treatment_start", "chemotherapy")),
        ("ALP", event("surgery")),
        ("BAP", event("renal_impairment")),
        ("TRACP5B", event("renal_impairment")),
        ("NEUT", event("treatment_start", "targeted")),
        ("ALB", event("infection")),
        ("BCTX", event("hypercalcaemia")),
    ],
)
def test_an_event_leaves_alone_the_markers_it_does_not_move(marker: str, happened: ClinicalEvent) -> None:
    before, after = columns(marks_of(marker, [0, 10], happened)), columns(marks_of(marker, [0, 10]))
    assert before == after == [["", ""], ["", ""], [0.0, 0.0], ["", ""], [0.0, 0.0], ["", ""]]


def test_radiotherapy_moves_the_level_and_leaves_no_draw_out() -> None:
    marks = marks_of("CEA", [0, 1, 20], event("treatment_start", "radiotherapy"))
    assert marks.exclusions == ("", "", "")
    assert marks.rebase_codes == ("", "treatment_start", "")
    assert marks.rebase_sd.tolist() == [0.0, 0.25, 0.0]


# --- re-basing ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("marker", "happened", "sd"),
    [
        ("CEA", event("treatment_start", "targeted"), 0.25),
        ("CYFRA211", event("treatment_start", "chemotherapy"), 0.2),
        ("SCC", event("surgery"), 0.25),
        ("ALP", event("bone_agent_start"), 0.15),
        ("BAP", event("bone_agent_start"), 0.25),
        ("BCTX", event("bone_agent_start"), 0.6),
        ("TRACP5B", event("bone_agent_start"), 0.25),
        ("NSE", event("surgery"), 0.2),
        ("P1NP", event("renal_impairment", at=1), 0.4),
        ("NSE", event("assay_change", at=1, marker="NSE"), 0.3),
        ("PLT", event("laboratory_change", at=1), 0.1),
        ("CA", event("assay_change", at=1), 0.05),
    ],
)
def test_the_first_draw_after_an_event_is_re_based_blanked_or_not(
    marker: str, happened: ClinicalEvent, sd: float
) -> None:
    marks = marks_of(marker, [-30, 0, 1, 50, 60], happened)
    assert marks.rebase_codes == ("", "", happened.kind, "", "")
    assert marks.rebase_sd.tolist() == [0.0, 0.0, sd, 0.0, 0.0]


def test_without_a_draw_before_the_event_there_is_no_level_to_forget() -> None:
    marks = marks_of("CEA", [20, 60], event("surgery"))
    assert marks.exclusions == ("surgery_window", "")
    assert marks.rebase_codes == ("", "")


def test_an_event_after_the_last_draw_re_bases_nothing_yet() -> None:
    assert marks_of("CEA", [-40, 0], event("surgery")).rebase_codes == ("", "")


def test_of_two_events_before_one_draw_the_larger_counts_once() -> None:
    marks = marks_of("CYFRA211", [0, 30], event("treatment_start", "targeted"), event("renal_impairment", at=5))
    assert marks.rebase_codes == ("", "renal_impairment")
    assert marks.rebase_sd.tolist() == [0.0, 0.5]


def test_of_two_changes_alike_the_same_one_is_named_whichever_is_given_first() -> None:
    changes = [event("laboratory_change", at=9), event("assay_change", at=5)]
    assert marks_of("CEA", [0, 30], *changes).rebase_codes == ("", "assay_change")
    assert marks_of("CEA", [0, 30], *reversed(changes)).rebase_codes == ("", "assay_change")


def test_a_change_of_the_assay_of_one_marker_is_none_of_another() -> None:
    change = event("assay_change", at=20, marker="CYFRA211")
    assert marks_of("CEA", [0, 30], change).rebase_codes == ("", "")
    assert marks_of("CYFRA211", [0, 30], change).rebase_codes == ("", "assay_change")


@pytest.mark.parametrize(("marker", "code"), [("CA_CORR", "assay_change"), ("ALB", "assay_change"), ("CA", "")])
def test_a_change_of_the_assay_of_an_input_is_one_of_what_is_computed_from_it(marker: str, code: str) -> None:
    assert marks_of(marker, [0, 30], event("assay_change", at=20, marker="ALB")).rebase_codes == ("", code)


def test_of_two_draws_of_a_day_the_one_from_the_new_assay_is_re_based() -> None:
    states = [DrawState(DAY), DrawState(DAY), DrawState(DAY, change="assay_change"), DrawState(DAY + 30)]
    marks = marks_of("CEA", [], states=states)
    assert marks.rebase_codes == ("", "", "assay_change", "")
    assert marks.rebase_sd.tolist() == [0.0, 0.0, 0.3, 0.0]
    assert marks.exclusions == ("", "", "", "")


# --- the sample -----------------------------------------------------------------------------------------------------
def test_a_draw_that_is_left_out_is_not_called_uncertain_or_watch_only_besides() -> None:
    draw = DrawState(DAY + 3, fasting="no")
    marks = marks_of("BCTX", [], event("bone_agent_start"), event("fracture"), states=[draw])
    assert columns(marks) == [["bone_agent_window"], [""], [0.0], [""], [0.0], [""]]


def test_of_two_causes_of_doubt_the_larger_is_named() -> None:
    marks = marks_of("NEUT", [5], event("infection"), event("steroid"))
    assert (marks.extra_codes, marks.extra_sd.tolist()) == (("infection_window",), [0.6])
    assert marks.watch_only == ("steroid_window",)  # the rule that stands first in the file


# --- days -----------------------------------------------------------------------------------------------------------
def test_whole_days_are_counted_whatever_the_hour() -> None:
    late = ClinicalEvent("surgery", DAY + 0.99)
    marks = marks_of("CEA", [0.0, 1.0, 42.99, 43.0], late, rules=only(SURGERY))
    assert marks.exclusions == ("", "surgery_window", "surgery_window", "")


def test_days_may_be_counted_from_any_origin_also_before_it() -> None:
    draws = [DrawState(day) for day in (-50.5, -49.0, -8.0, -7.0)]
    marks = read_draws("CEA", "tumour", draws, [ClinicalEvent("surgery", -49.5)], only(SURGERY))
    assert marks.exclusions == ("", "surgery_window", "surgery_window", "")
    assert marks.rebase_codes == ("", "surgery", "", "")


def test_a_calendar_day_is_that_of_the_zone() -> None:
    moment = dt.datetime(2025, 3, 3, 17, tzinfo=dt.UTC)  # 01:00 on the 4th in Shanghai
    assert calendar_day(moment, tz=ZoneInfo("Asia/Shanghai")) == dt.date(2025, 3, 4).toordinal()
    assert calendar_day(moment, tz=dt.UTC) == dt.date(2025, 3, 3).toordinal()


# --- changes of assay and laboratory --------------------------------------------------------------------------------
def test_a_change_is_named_after_the_assay_where_both_changed() -> None:
    names = [("North", "A"), ("North", "A"), ("South", "A"), ("South", "B"), ("North", "C")]
    assert changes_of(names) == (
        (0, ""),
        (0, ""),
        (1, "laboratory_change"),
        (2, "assay_change"),
        (3, "assay_change"),
    )


def test_what_is_not_named_did_not_change_and_hides_no_change() -> None:
    assert changes_of([("", ""), ("North", ""), ("", "A"), ("north ", ""), ("South", "")]) == (
        (0, ""),
        (0, ""),
        (0, ""),
        (0, ""),
        (1, "laboratory_change"),
    )


# --- what holds for every series ------------------------------------------------------------------------------------
MARKERS = tuple((marker.code, marker.family) for marker in catalogue().markers)
DAYS = st.integers(0, 900).map(float)
SOME_EVENTS = st.lists(
    st.builds(
        lambda kind, day, lasts, detail: ClinicalEvent(kind, day, None if lasts is None else day + lasts, "", detail),
        st.sampled_from(EVENT_KINDS),
        DAYS,
        st.none() | st.integers(0, 200).map(float),
        st.sampled_from(["", "chemotherapy", "targeted", "immunotherapy", "radiotherapy", "unknown agent"]),
    ),
    max_size=6,
)
SOME_DAYS = st.lists(DAYS, max_size=12).map(sorted)


@FEW
@given(st.sampled_from(MARKERS), SOME_DAYS)
def test_without_events_and_with_sound_samples_nothing_is_marked(of: tuple[str, str], days: list[float]) -> None:
    states = [DrawState(day, "yes", "none", clock="morning", biotin="no") for day in days]
    none, zero = [""] * len(days), [0.0] * len(days)
    assert columns(read_draws(*of, states, [], event_rules())) == [none, none, zero, none, zero, none]


@FEW
@given(st.sampled_from(MARKERS), SOME_DAYS, SOME_EVENTS, st.randoms(use_true_random=False))
def test_the_order_of_events_is_none(
    of: tuple[str, str], days: list[float], events: list[ClinicalEvent], random: object
) -> None:
    states = [DrawState(day) for day in days]
    shuffled = list(events)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random
    again = [*shuffled, *events]  # an event that is on record twice is one
    assert columns(read_draws(*of, states, events, event_rules())) == columns(
        read_draws(*of, states, again, event_rules())
    )


@FEW
@given(st.sampled_from(MARKERS), SOME_DAYS, SOME_EVENTS)
def test_a_rebase_lands_once_per_event_and_marker(
    of: tuple[str, str], days: list[float], events: list[ClinicalEvent]
) -> None:
    states = [DrawState(day) for day in days]
    for happened in events:
        marks = read_draws(*of, states, [happened], event_rules())
        rebased = [day for day, code in zip(days, marks.rebase_codes, strict=True) if code]
        assert len(rebased) <= 1
        if rebased and happened.kind in ("treatment_start", "surgery", "bone_agent_start"):
            before = [day for day in days if day <= happened.day]
            assert before
            assert rebased == [days[len(before)]]
    together = read_draws(*of, states, events, event_rules())
    assert sum(bool(code) for code in together.rebase_codes) <= len(events)


@FEW
@given(st.sampled_from(MARKERS), SOME_DAYS, SOME_EVENTS)
def test_a_later_draw_changes_no_mark_of_an_earlier_one(
    of: tuple[str, str], days: list[float], events: list[ClinicalEvent]
) -> None:
    states = [DrawState(day) for day in days]
    whole = columns(read_draws(*of, states, events, event_rules()))
    for count in range(len(days)):
        part = columns(read_draws(*of, states[:count], events, event_rules()))
        assert part == [column[:count] for column in whole]


def test_reading_events_needs_no_django() -> None:
    program = "import monitoring.events, sys; print('django' in sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "False"

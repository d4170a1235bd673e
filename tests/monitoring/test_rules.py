"""The rule files: what stands in them, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Collection
from pathlib import Path

import pytest

from monitoring.backtest.quantities import DOUBTFUL
from monitoring.backtest.series import BIOTIN, CLOCK, FASTING, HAEMOLYSIS
from monitoring.errors import RuleProblem
from monitoring.events import EVENT_KINDS, EventRule
from monitoring.rules import event_rules, read_events, read_sample_conditions
from monitoring.rules.wording import DRAW_CODES, EVENT_CODES
from patients.catalogue import catalogue
from patients.models import ConditionKind, SkeletalEventKind

CONDITION = """
[[condition]]
marker = "NSE"
field = "haemolysis"
value = "present"
effect = "exclude"
code = "haemolysed"
source = "somewhere"
grade = "P"
"""
WRONG_WATCH = ("rule_value_invalid", "watch_only")
EVENT = """
[[event]]
kinds = ["surgery"]
families = ["tumour"]
from_day = 1
blank_to_day = 42
rebase_sd = { tumour = 0.5 }
code = "surgery_window"
source = "somewhere"
grade = "S"
"""


def entries_of(kind: str) -> list[EventRule]:
    return [rule for rule in event_rules().events if kind in rule.kinds]


# --- what is shipped ------------------------------------------------------------------------------------------------
def test_every_marker_that_must_be_drawn_fasting_has_its_rule() -> None:
    must = {marker.code for marker in catalogue().markers if marker.fasting == "required_morning"}
    for code in ("not_fasting", "not_in_the_morning"):
        assert must == {one.marker for one in event_rules().samples if one.code == code}


def test_a_meal_makes_beta_ctx_uncertain_by_what_the_source_measured() -> None:
    (fed,) = (one for one in event_rules().samples if one.code == "not_fasting")
    assert (fed.effect, fed.extra_sd, fed.grade) == ("uncertain", round(-math.log(1 - 0.178), 3), "D")


def test_half_the_swing_of_a_day_makes_beta_ctx_uncertain() -> None:
    (late,) = (one for one in event_rules().samples if one.code == "not_in_the_morning")
    assert (late.effect, late.extra_sd, late.grade) == ("uncertain", round(math.log(1.33 / 0.67) / 2, 2), "A")


def test_a_haemolysed_sample_is_left_out_or_for_nse_in_doubt() -> None:
    haemolysed = {one.marker: (one.effect, one.watch_only) for one in event_rules().samples if one.code == "haemolysed"}
    assert haemolysed == {"NSE": ("uncertain", True), "PHOS": ("exclude", False), "LDH": ("exclude", False)}


def test_what_haemolysis_adds_to_nse_is_one_sd() -> None:
    (nse,) = (one for one in event_rules().samples if (one.marker, one.code) == ("NSE", "haemolysed"))
    assert (nse.extra_sd, nse.grade) == (round(math.log((11.4 + 9) / 11.4), 2), "D")


def test_biotin_counts_for_the_markers_whose_catalogue_entry_names_it() -> None:
    named = {one.code for one in catalogue().markers if "biotin" in {cause.key for cause in one.confounders}}
    ruled = [one for one in event_rules().samples if one.code == "biotin"]
    assert {one.marker for one in ruled} == named == {"CEA", "CYFRA211", "NSE", "P1NP", "BCTX"}
    assert all(one.watch_only and one.assays for one in ruled)


def test_every_condition_is_the_doubtful_state_of_its_field() -> None:
    """The back-test looks at the conditions only of cohorts that have such a state."""
    doubtful = {"fasting": FASTING, "haemolysis": HAEMOLYSIS, "clock": CLOCK, "biotin": BIOTIN}
    assert all(one.value == doubtful[one.field][DOUBTFUL] for one in event_rules().samples)


@pytest.mark.parametrize(
    ("kind", "markers"),
    [
        ("treatment_start", {"CEA", "CYFRA211", "NSE", "PROGRP", "SCC"}),
        ("surgery", {"CEA", "CYFRA211", "NSE", "PROGRP", "SCC"}),
        ("bone_agent_start", {"ALP", "BAP", "BAP_U", "BCTX", "P1NP", "NMID", "TRACP5B"}),
        ("assay_change", {marker.code for marker in catalogue().markers}),
        ("laboratory_change", {marker.code for marker in catalogue().markers}),
        ("renal_impairment", {"CYFRA211", "PROGRP", "SCC", "BCTX", "P1NP", "NMID"}),
        ("bone_agent_stop", set()),
        ("g_csf", set()),
        ("steroid", set()),
        ("fracture", set()),
        ("infection", set()),
        ("cholestasis", set()),
    ],
)
def test_the_level_is_re_based_for_these_markers_and_no_others(kind: str, markers: Collection[str]) -> None:
    rebasing = [rule for rule in entries_of(kind) if rule.rebase_sd]
    assert {
        marker.code for marker in catalogue().markers for rule in rebasing if rule.concerns(marker.code, marker.family)
    } == markers


def test_the_design_gives_the_sds_of_a_rebase() -> None:
    of_treatment = next(rule for rule in entries_of("treatment_start") if "chemotherapy" in rule.details)
    (of_bone_agent,) = entries_of("bone_agent_start")
    assert (of_treatment.rebase_sd["CEA"], of_treatment.rebase_sd["CYFRA211"]) == (0.25, 0.2)
    assert [of_bone_agent.rebase_sd[marker] for marker in ("ALP", "BAP", "BCTX")] == [0.15, 0.25, 0.6]


def test_every_kind_the_record_knows_is_a_kind_of_event() -> None:
    assert {*SkeletalEventKind.values, *ConditionKind.values} < set(EVENT_KINDS)


def test_kinds_without_a_rule_are_those_no_source_speaks_of() -> None:
    ruled = {kind for rule in event_rules().events for kind in rule.kinds}
    assert set(EVENT_KINDS) - ruled == {"cord_compression", "bone_radiotherapy", "hypercalcaemia"}


def test_every_code_that_a_rule_can_give_has_words() -> None:
    rules = event_rules()
    of_draws = {one.code for one in rules.samples}
    of_draws |= {
        rule.code
        for rule in rules.events
        if (rule.blank_to_day, rule.watch_only_to_day, rule.extra_to_day) != (None, None, None)
    }
    assert of_draws == set(DRAW_CODES)
    assert {kind for rule in rules.events if rule.rebase_sd for kind in rule.kinds} == set(EVENT_CODES)


# --- what is refused ------------------------------------------------------------------------------------------------
def test_the_examples_themselves_are_taken(tmp_path: Path) -> None:
    conditions, events = tmp_path / "conditions.toml", tmp_path / "events.toml"
    conditions.write_text(CONDITION, encoding="utf-8")
    events.write_text(EVENT, encoding="utf-8")
    assert [one.marker for one in read_sample_conditions(conditions)] == ["NSE"]
    assert [(one.kinds, one.families, one.from_day, one.blank_to_day) for one in read_events(events)] == [
        (("surgery",), ("tumour",), 1, 42)
    ]


@pytest.mark.parametrize(
    ("old", "new", "code", "key"),
    [
        ('marker = "NSE"', 'marker = "NSX"', "rule_value_invalid", "marker"),
        ('field = "haemolysis"', 'field = "note"', "rule_value_invalid", "field"),
        ('value = "present"', 'value = "no"', "rule_value_invalid", "value"),
        ('effect = "exclude"', 'effect = "hide"', "rule_value_invalid", "effect"),
        ('effect = "exclude"', "", "rule_key_missing", "effect"),
        ('effect = "exclude"', 'effect = "uncertain"', "rule_value_invalid", "extra_sd"),
        ('effect = "exclude"', 'effect = "uncertain"\nextra_sd = 0.0', "rule_value_invalid", "extra_sd"),
        ('effect = "exclude"', 'effect = "uncertain"\nextra_sd = nan', "rule_value_invalid", "extra_sd"),
        ('effect = "exclude"', 'effect = "exclude"\nextra_sd = 0.2', "rule_value_invalid", "extra_sd"),
        ('effect = "exclude"', 'effect = "exclude"\nwatch_only = true', "rule_value_invalid", "watch_only"),
        ('effect = "exclude"', 'effect = "uncertain"\nextra_sd = 0.2\nwatch_only = 1', *WRONG_WATCH),
        ('effect = "exclude"', 'effect = "uncertain"\nextra_sd = 0.2\nwatch_only = false', *WRONG_WATCH),
        ('effect = "exclude"', 'effect = "exclude"\nassays = []', "rule_value_invalid", "assays"),
        ('effect = "exclude"', 'effect = "exclude"\nassays = "roche"', "rule_value_invalid", "assays"),
        ('effect = "exclude"', 'effect = "exclude"\nassays = [" "]', "rule_value_invalid", "assays"),
        ('field = "haemolysis"', 'field = "clock"', "rule_value_invalid", "value"),
        ('grade = "P"', 'grade = "Q"', "rule_value_invalid", "grade"),
        ('source = "somewhere"', 'source = " "', "rule_value_invalid", "source"),
        ('grade = "P"', "", "rule_key_missing", "grade"),
        ('grade = "P"', 'grade = "P"\ncolour = "red"', "rule_key_unknown", "colour"),
        ("[[condition]]", "[[conditions]]", "rule_key_unknown", "conditions"),
    ],
)
def test_a_sample_condition_that_says_nonsense_is_refused(
    tmp_path: Path, old: str, new: str, code: str, key: str
) -> None:
    file = tmp_path / "conditions.toml"
    file.write_text(CONDITION.replace(old, new), encoding="utf-8")
    with pytest.raises(RuleProblem) as refused:
        read_sample_conditions(file)
    assert (refused.value.code, refused.value.params["key"]) == (code, key)


@pytest.mark.parametrize(
    ("old", "new", "code", "key"),
    [
        ('["surgery"]', '["hope"]', "rule_value_invalid", "kinds"),
        ('["surgery"]', "[]", "rule_value_invalid", "kinds"),
        ('["surgery"]', '["surgery", "surgery"]', "rule_value_invalid", "kinds"),
        ('["tumour"]', '"tumour"', "rule_value_invalid", "families"),
        ('["tumour"]', '["bone"]', "rule_value_invalid", "families"),
        ('families = ["tumour"]', 'markers = ["CEX"]', "rule_value_invalid", "markers"),
        ('families = ["tumour"]', "", "rule_key_missing", "families"),
        ("from_day = 1", "from_day = 1\ndetails = ['prayer']", "rule_value_invalid", "details"),
        ("from_day = 1", "from_day = -1", "rule_value_invalid", "from_day"),
        ("from_day = 1", "", "rule_key_missing", "from_day"),
        ("from_day = 1", "from_day = 43", "rule_value_invalid", "blank_to_day"),
        ("blank_to_day = 42", "blank_to_day = 0", "rule_value_invalid", "blank_to_day"),
        ("blank_to_day = 42", "blank_to_day = true", "rule_value_invalid", "blank_to_day"),
        ("blank_to_day = 42", "blank_to_day = 42.0", "rule_value_invalid", "blank_to_day"),
        ("blank_to_day = 42", "watch_only_to_day = 0", "rule_value_invalid", "watch_only_to_day"),
        ("blank_to_day = 42", "extra_to_day = 42", "rule_value_invalid", "extra_to_day"),
        ("blank_to_day = 42", "extra_sd = { tumour = 0.2 }", "rule_value_invalid", "extra_to_day"),
        ("{ tumour = 0.5 }", "0.5", "rule_value_invalid", "rebase_sd"),
        ("{ tumour = 0.5 }", "{ CEA = 0.5 }", "rule_value_invalid", "rebase_sd"),
        ("{ tumour = 0.5 }", "{ tumour = 0.5, ALP = 0.3 }", "rule_value_invalid", "rebase_sd"),
        ("{ tumour = 0.5 }", "{ tumour = 0.0 }", "rule_value_invalid", "rebase_sd"),
        ("{ tumour = 0.5 }", "{ tumour = inf }", "rule_value_invalid", "rebase_sd"),
        ("{ tumour = 0.5 }", "{ tumour = '0.5' }", "rule_value_invalid", "rebase_sd"),
        ("blank_to_day = 42\nrebase_sd = { tumour = 0.5 }", "", "rule_key_missing", "rebase_sd"),
        ("from_day = 1", "from_day = 1\ncounted_from = 'middle'", "rule_value_invalid", "counted_from"),
        ("from_day = 1", "from_day = 1\ncounted_from = 'end'", "rule_value_invalid", "assumed_days"),
        ("from_day = 1", "from_day = 1\nassumed_days = 14", "rule_value_invalid", "assumed_days"),
        (
            "from_day = 1",
            "from_day = 1\ncounted_from = 'end'\nassumed_days = -1",
            "rule_value_invalid",
            "assumed_days",
        ),
        ('grade = "S"', 'grade = "Q"', "rule_value_invalid", "grade"),
        ('code = "surgery_window"', "", "rule_key_missing", "code"),
        ('grade = "S"', 'grade = "S"\nto_day = 3', "rule_key_unknown", "to_day"),
        ("[[event]]", "[[window]]", "rule_key_unknown", "window"),
    ],
)
def test_an_event_that_says_nonsense_is_refused(tmp_path: Path, old: str, new: str, code: str, key: str) -> None:
    file = tmp_path / "events.toml"
    assert old in EVENT
    file.write_text(EVENT.replace(old, new), encoding="utf-8")
    with pytest.raises(RuleProblem) as refused:
        read_events(file)
    assert (refused.value.code, refused.value.params["key"]) == (code, key)
    assert refused.value.params["where"].startswith("events.toml")

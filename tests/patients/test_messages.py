from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.utils import translation

from patients import consistency, forms_interval, interval_checks, plausibility
from patients.catalogue import catalogue
from patients.messages import TEMPLATES, explain
from patients.services.errors import RecordError
from patients.units import UnitProblem, canonicalise
from patients.values import ValueProblem, parse_value

CHECKS = (plausibility, consistency, interval_checks)


def codes_of_plausibility() -> set[str]:
    """Every second argument of a Concern, wherever it is made; of a choice between two codes, both."""
    sources = [Path(str(module.__file__)).read_text(encoding="utf-8") for module in CHECKS]
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    calls = [node for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    made = [call.args[1] for call in calls if call.func.id in {"Concern", "_concern"}]  # type: ignore[attr-defined]
    words = [word for argument in made for word in ast.walk(argument) if isinstance(word, ast.Constant)]
    return {str(word.value) for word in words if "_" in str(word.value)}


def codes_of_forms() -> set[str]:
    """Every code that a form puts into words by itself: of a choice that stands, not of one that is refused."""
    nodes = ast.walk(ast.parse(Path(str(forms_interval.__file__)).read_text(encoding="utf-8")))
    calls = [node for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    said = [call.args[0] for call in calls if call.func.id == "explain"]  # type: ignore[attr-defined]
    return {str(code.value) for code in said if isinstance(code, ast.Constant)}


def codes_of_services() -> set[str]:
    return {RecordError.code, *(kind.code for kind in RecordError.__subclasses__())}


def test_every_code_that_can_be_raised_has_a_text_and_no_text_is_left_over() -> None:
    raised = set(ValueProblem.texts) | set(UnitProblem.texts) | codes_of_plausibility()
    raised |= codes_of_services() | codes_of_forms()
    assert codes_of_plausibility()
    assert raised == set(TEMPLATES)


def test_each_text_uses_only_what_the_code_carries() -> None:
    for code, english in (ValueProblem.texts | UnitProblem.texts).items():
        carried = set(re.findall(r"{(\w+)", english)) | {"reason", "value"}
        assert set(re.findall(r"%\((\w+)\)", str(TEMPLATES[code]))) <= carried, code


@pytest.mark.parametrize("text", ["", "abc", "<", "-3", "1-2", "~3", "1e3", "1,5", "9" * 13, "1" * 40])
def test_a_refused_value_is_explained_without_an_empty_place(text: str) -> None:
    with pytest.raises(ValueProblem) as refusal:
        parse_value(text)
    sentence = explain(refusal.value.code, refusal.value.params)
    assert sentence
    assert "%(" not in sentence
    assert "“”" not in sentence


def test_a_refused_unit_names_the_right_ones_and_the_reason_in_the_readers_language() -> None:
    from decimal import Decimal

    with pytest.raises(UnitProblem) as refusal:
        canonicalise(catalogue().marker("BAP"), Decimal(31), "U/L")
    problem = refusal.value
    assert problem.params["reason_en"] in explain(problem.code, problem.params)
    assert "µg/L" in explain(problem.code, problem.params)
    with translation.override("zh-hans"):
        assert problem.params["reason_zh"] in explain(problem.code, problem.params)


def test_a_code_nobody_described_is_still_said() -> None:
    assert "brand_new_code" in explain("brand_new_code", {})


def test_numbers_are_written_out_and_markers_called_by_their_short_name() -> None:
    sentence = explain("value_unusually_high", {"marker": "BCTX", "value": "4.100", "limit": "3.0", "unit": "ng/mL"})
    assert sentence == "4.1 ng/mL is unusually high for β-CTx (above 3)."

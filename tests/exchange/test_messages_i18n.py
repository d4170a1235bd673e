from __future__ import annotations

import re

import pytest

from exchange.csv.messages import FileRefused, LineProblem
from exchange.messages_i18n import TEMPLATES, explain
from exchange.preparing import LineRefused
from exchange.rejected_csv import safe

TEXTS = {**FileRefused.texts, **LineProblem.texts, **LineRefused.texts}


@pytest.mark.parametrize("code", TEXTS)
def test_every_reason_of_a_refusal_is_put_into_words(code: str) -> None:
    wanted = set(re.findall(r"%\((\w+)\)s", str(TEMPLATES[code])))
    given = set(re.findall(r"{(\w+)", TEXTS[code]))
    assert wanted - {"column"} <= given
    assert explain(code, dict.fromkeys(wanted, "here")).count("here") >= len(wanted)


def test_reasons_of_the_record_are_said_in_its_own_words() -> None:
    assert "one of" in explain("unit_missing", {"marker": "CEA", "unit": "", "units": "ng/mL"})


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\tx", "\rx"])
def test_what_a_spreadsheet_would_run_is_made_harmless(cell: str) -> None:
    assert safe(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["3.2", "-3.2", "+3", "-4,7", "CEA", "", "<0.5", "'quoted"])
def test_numbers_and_words_stay_as_they_are(cell: str) -> None:
    assert safe(cell) == cell

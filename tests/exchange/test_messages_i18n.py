from __future__ import annotations

import re

import pytest

from exchange.csv.messages import FileRefused, LineProblem
from exchange.messages_i18n import TEMPLATES, explain
from exchange.preparing import LineRefused
from patients import messages

TEXTS = {**FileRefused.texts, **LineProblem.texts, **LineRefused.texts}


@pytest.mark.parametrize("code", sorted(set(TEXTS) & set(TEMPLATES)))
def test_every_reason_of_a_refusal_is_put_into_words(code: str) -> None:
    wanted = set(re.findall(r"%\((\w+)\)s", str(TEMPLATES[code])))
    given = set(re.findall(r"{(\w+)", TEXTS[code]))
    assert wanted - {"column"} <= given
    assert explain(code, dict.fromkeys(wanted, "here")).count("here") >= len(wanted)


def test_no_reason_is_without_words() -> None:
    assert set(TEXTS) <= {*TEMPLATES, *messages.TEMPLATES}


def test_reasons_of_the_record_are_said_in_its_own_words() -> None:
    assert "one of" in explain("unit_missing", {"marker": "CEA", "unit": "", "units": "ng/mL"})

from __future__ import annotations

from dataclasses import dataclass

from django.utils import translation
from django.utils.html import urlize

from patients.templatetags.record import in_language


@dataclass(frozen=True, slots=True)
class Note:
    text_en: str = "Read in https://doi.org/10.1/x and elsewhere"
    text_zh: str = "见https://doi.org/10.1/x，另见他处"


def test_an_address_in_a_chinese_note_is_a_link_to_that_address_alone() -> None:
    with translation.override("zh-hans"):
        assert 'href="https://doi.org/10.1/x"' in urlize(in_language(Note(), "text"))


def test_an_english_note_stays_as_it_is() -> None:
    assert in_language(Note(), "text") == "Read in https://doi.org/10.1/x and elsewhere"

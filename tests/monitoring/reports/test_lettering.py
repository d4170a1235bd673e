"""Where a line of a sheet breaks, and what becomes of characters that no font holds."""

from __future__ import annotations

import hashlib
import re

import pytest

from monitoring.reports.lettering import FILES, FOLDER, font_of, lost, printable, runs, shortened, width_of, wrapped
from patients.catalogue import catalogue
from patients.wording import unit_text


def test_the_fonts_are_the_ones_whose_hash_is_noted() -> None:
    noted = (FOLDER / "README.md").read_text(encoding="utf-8")
    for file in FILES.values():
        assert hashlib.sha256((FOLDER / file).read_bytes()).hexdigest() in noted


def test_every_character_of_gb2312_and_of_what_leadtime_prints_is_held() -> None:
    common = {
        chr_
        for high in range(0xB0, 0xF8)
        for low in range(0xA1, 0xFF)
        if (chr_ := bytes([high, low]).decode("gb2312", errors="ignore"))
    }
    assert len(common) == 6763
    units = "".join(unit_text(marker.unit) + marker.short_name + marker.name_zh for marker in catalogue().markers)
    signs = "▲△○…“”–−≤≥<>·×→？，：；（）"
    assert [one for one in common | set(units) | set(signs) if not font_of(one)] == []


def test_letters_and_chinese_are_set_in_their_own_font_and_nothing_is_lost() -> None:
    parts = runs("CEA 癌胚抗原 ≥ 5")
    assert "".join(text for _font, text in parts) == "CEA 癌胚抗原 ≥ 5"
    assert ("LeadtimeChinese", "癌胚抗原") in parts


@pytest.mark.parametrize(
    ("text", "shown"),
    [("김", "[U+AE40]"), ("a\nb\tc", "a b c"), ("e\u0301", "é"), ("\ufa0f", "\ufa0f"), ("☄", "[U+2604]")],
)
def test_what_cannot_be_printed_is_shown_as_its_number(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert lost(text) is shown.startswith("[U+")


def test_no_line_is_wider_than_its_column_and_no_character_is_dropped() -> None:
    text = "Sustained rise: 持续升高，癌胚抗原、细胞角蛋白19片段；" * 4 + "a" * 90
    lines = wrapped(text, 8, 100)
    assert all(width_of(line, 8) <= 100 for line in lines)
    assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", text)
    assert not any(line[0] in "，、；：" for line in lines)


def test_a_text_that_is_cut_says_so() -> None:
    assert shortened("short", 8, 100) == "short"
    cut = shortened("a text that is too long for its place", 8, 60)
    assert cut.endswith("…")
    assert width_of(cut, 8) <= 60
    assert wrapped("one two three four five six", 8, 40, most=2)[-1].endswith("…")

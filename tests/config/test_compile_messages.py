from __future__ import annotations

import gettext
import os
from pathlib import Path

from config.compile_messages import compile_catalogues

SOURCE = """msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

msgid "Draw"
msgstr "采血"

#, fuzzy
msgid "Result"
msgstr "结局"
"""


def write(locale: Path, text: str) -> Path:
    source = locale / "zh_Hans" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(text, encoding="utf-8")
    return source


def test_a_catalogue_is_compiled_so_that_gettext_reads_it_and_fuzzy_entries_stay_english(tmp_path: Path) -> None:
    write(tmp_path, SOURCE)
    (compiled,) = compile_catalogues(tmp_path)
    with compiled.open("rb") as file:
        translations = gettext.GNUTranslations(file)
    assert translations.gettext("Draw") == "采血"
    assert translations.gettext("Result") == "Result"


def test_only_a_changed_catalogue_is_compiled_again(tmp_path: Path) -> None:
    source = write(tmp_path, SOURCE)
    (compiled,) = compile_catalogues(tmp_path)
    assert compile_catalogues(tmp_path) == ()
    later = compiled.stat().st_mtime + 1
    os.utime(source, (later, later))
    assert compile_catalogues(tmp_path) == (compiled,)
    assert [path.name for path in sorted(source.parent.iterdir())] == ["django.mo", "django.po"]

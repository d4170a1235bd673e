"""The Chinese catalogue is complete, says what the English says, and reaches the pages and the mails."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import polib
import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from django.utils import translation

from monitoring.notifications.email import compose
from monitoring.notifications.letter import WORDS, Letter

PROJECT = Path(__file__).resolve().parent.parent
CATALOGUE = Path("locale") / "zh_Hans" / "LC_MESSAGES" / "django.po"
# Codes, and names that Chinese records write in Latin letters.
SAME_IN_BOTH = {"×%%(times)s", "CT", "PET-CT", "MRI", "G-CSF", "Leadtime", "1 = %(limit)s %(unit)s"}
PLACEHOLDER = re.compile(r"%%|%\(\w+\)[a-z]|\{\w*\}|</?[a-z][^>]*>")
# The English says one of these wherever the Chinese may say 转移 (metastasis).
OF_THE_RECORD = re.compile(r"metasta|\bbone\b", re.IGNORECASE)

Key = tuple[str | None, str, str]


def entries(project: Path = PROJECT) -> polib.POFile:
    return polib.pofile(str(project / CATALOGUE))


def keys(catalogue: polib.POFile) -> set[Key]:
    return {(entry.msgctxt, entry.msgid, entry.msgid_plural) for entry in catalogue if not entry.obsolete}


def chinese_of(entry: polib.POEntry) -> str:
    return str(entry.msgstr_plural[0] if entry.msgid_plural else entry.msgstr)


def placeholders(text: str) -> Counter[str]:
    return Counter(PLACEHOLDER.findall(text))


def extraction_arguments() -> list[str]:
    """What `make messages` hands to makemessages, so that the two cannot drift apart."""
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    found = re.search(r"manage\.py makemessages (.+)", makefile)
    assert found, "the target `messages` calls makemessages no more"
    return found[1].split()


def mails(language: str) -> list[EmailMultiAlternatives]:
    return [
        compose(Letter(kind=kind, address="a@example.org", language=language, message_id="<1@x>", link="https://x/1"))
        for kind in WORDS
    ]


def test_every_message_is_translated_and_none_is_left_over() -> None:
    catalogue = entries()
    assert [entry.msgid for entry in catalogue.untranslated_entries()] == []
    assert [entry.msgid for entry in catalogue.fuzzy_entries()] == []
    assert [entry.msgid for entry in catalogue.obsolete_entries()] == []


def test_the_catalogue_holds_exactly_the_messages_of_the_source(tmp_path: Path) -> None:
    if shutil.which("xgettext") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI needs GNU gettext (apt-get install gettext)")
        pytest.skip("no GNU gettext: the source cannot be searched for messages")
    copy = tmp_path / "copy"
    skipped = shutil.ignore_patterns(".*", "var", "static", "tests", "benchmarks", "docs", "deploy", "__pycache__")
    shutil.copytree(PROJECT, copy, ignore=skipped)
    run = subprocess.run(
        [sys.executable, "manage.py", "makemessages", *extraction_arguments()],
        cwd=copy,
        env={**os.environ, "LEADTIME_DATA_DIR": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    here, source = keys(entries()), keys(entries(copy))
    assert sorted(source - here, key=str) == [], "run `make messages` and translate what it found"
    assert sorted(here - source, key=str) == [], "run `make messages`: the source does not say this any more"


def test_a_translation_keeps_the_placeholders_and_the_markup() -> None:
    different = {
        entry.msgid: chinese_of(entry)
        for entry in entries()
        if placeholders(entry.msgid_plural or entry.msgid) != placeholders(chinese_of(entry))
    }
    assert different == {}


def test_no_translation_breaks_percent_formatting() -> None:
    stray = {
        entry.msgid: chinese_of(entry)
        for entry in entries()
        if "python-format" in entry.flags and "%" in re.sub(r"%%|%\(\w+\)[sd]", "", chinese_of(entry))
    }
    assert stray == {}


def test_nothing_is_left_in_english_but_codes() -> None:
    same = {entry.msgid for entry in entries() if chinese_of(entry) == entry.msgid}
    assert same - SAME_IN_BOTH == set()


def test_chinese_speaks_of_metastasis_only_where_the_english_speaks_of_the_bones_on_record() -> None:
    beyond = [
        entry.msgid for entry in entries() if "转移" in chinese_of(entry) and not OF_THE_RECORD.search(entry.msgid)
    ]
    assert beyond == []


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_no_mail_speaks_of_metastasis(language: str) -> None:
    for mail in mails(language):
        html = str(mail.alternatives[0][0])
        for text in (str(mail.subject), str(mail.body), html):
            assert not re.search(r"metasta|转移", text, re.IGNORECASE)


def test_a_chinese_mail_says_nothing_in_english() -> None:
    for mail in mails("zh-hans"):
        words = re.findall(r"[A-Za-z]{2,}", f"{mail.subject}\n{mail.body}".replace("https://x/1", ""))
        assert set(words) <= {"Leadtime"}


def test_the_sentence_about_silence_is_said_in_chinese() -> None:
    with translation.override("zh-hans"):
        assert translation.gettext("No alert does not mean no progression.") == "没有警示不代表没有进展。"


@pytest.mark.parametrize(
    ("source", "chinese"), [("calm", "平稳"), ("watch", "关注"), ("alert", "警示"), ("sustained rise", "持续升高")]
)
def test_the_words_of_the_levels_are_the_agreed_ones(source: str, chinese: str) -> None:
    with translation.override("zh-hans"):
        assert translation.gettext(source) == chinese


@pytest.mark.django_db
def test_a_refused_sign_in_is_explained_in_chinese() -> None:
    chinese = Client(headers={"accept-language": "zh-CN"})
    with translation.override("en"):  # puts back what the requests leave behind in this thread
        wrong = chinese.post("/accounts/login/", {"login": "nobody", "password": "wrong-on-purpose"}).content.decode()
        empty = chinese.post("/accounts/login/", {"login": "", "password": ""}).content.decode()
    assert "您提供的用户名或密码不正确。" in wrong
    assert "这个字段是必填项。" in empty
    assert '<html lang="zh-hans">' in wrong


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "This password is too short: it needs at least 12 characters."),
        ("zh-hans", "密码过短：至少需要 12 个字符。"),
    ],
)
def test_a_short_password_is_refused_in_the_language_of_the_page(language: str, text: str) -> None:
    with translation.override(language), pytest.raises(ValidationError) as refused:
        validate_password("qwrtzx")
    assert refused.value.messages == [text]

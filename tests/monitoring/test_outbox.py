from __future__ import annotations

import os
from email.message import EmailMessage
from pathlib import Path

import pytest

from monitoring.outbox import mail_heads, read_mail


def write(folder: Path, name: str, *, subject: str = "Leadtime: an alert", at: float = 1_000_000) -> Path:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, "leadtime@localhost", "lin@clinic.invalid"
    message.set_content("Somebody's markers rose.\n")
    message.add_alternative("<p>Somebody's <b>markers</b> rose.</p>", subtype="html")
    path = folder / name
    path.write_bytes(message.as_bytes() + b"\n" + b"-" * 79 + b"\n")
    os.utime(path, (at, at))
    return path


def test_mails_are_listed_newest_first(tmp_path: Path) -> None:
    write(tmp_path, "20260301-1.log", subject="older", at=1_000)
    write(tmp_path, "20260302-1.log", subject="newer", at=2_000)
    assert [(one.name, one.subject, one.recipient) for one in mail_heads(tmp_path)] == [
        ("20260302-1.log", "newer", "lin@clinic.invalid"),
        ("20260301-1.log", "older", "lin@clinic.invalid"),
    ]


def test_a_folder_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    assert mail_heads(tmp_path / "outbox") == []


def test_the_text_part_is_shown_and_the_html_part_only_told_of(tmp_path: Path) -> None:
    write(tmp_path, "20260301-1.log")
    mail = read_mail(tmp_path, "20260301-1.log")
    assert mail is not None
    assert mail.text.strip() == "Somebody's markers rose."
    assert mail.has_html
    assert "<b>" not in mail.text


def test_a_chinese_subject_is_decoded(tmp_path: Path) -> None:
    write(tmp_path, "20260301-1.log", subject="Leadtime：有一条警报")
    assert mail_heads(tmp_path)[0].subject == "Leadtime：有一条警报"


@pytest.mark.parametrize(
    "name",
    ["../secret.log", "..", "a/b.log", "/etc/passwd", "secret.txt", ".log", "", "a.log/..", "a\x00.log", "..log"],
)
def test_nothing_outside_the_folder_can_be_named(tmp_path: Path, name: str) -> None:
    write(tmp_path, "secret.log")
    folder = tmp_path / "outbox"
    folder.mkdir()
    assert read_mail(folder, name) is None


def test_a_link_in_the_folder_is_not_followed(tmp_path: Path) -> None:
    target = write(tmp_path, "secret.log")
    folder = tmp_path / "outbox"
    folder.mkdir()
    (folder / "link.log").symlink_to(target)
    assert read_mail(folder, "link.log") is None
    assert mail_heads(folder) == []


def test_bytes_that_are_no_mail_are_read_without_an_error(tmp_path: Path) -> None:
    (tmp_path / "odd.log").write_bytes(b"\xff\xfe\x00 no headers here")
    mail = read_mail(tmp_path, "odd.log")
    assert mail is not None
    assert mail.head.subject == ""

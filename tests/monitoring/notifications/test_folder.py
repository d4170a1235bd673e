"""Mails written to a folder, one file each."""

from __future__ import annotations

from pathlib import Path

from django.core.mail import EmailMessage

from monitoring.notifications.folder import EmailBackend, file_name


def message(number: int, body: str = "hello") -> EmailMessage:
    return EmailMessage("Subject", body, to=["a@clinic.invalid"], headers={"Message-ID": f"<{number}.1@host.invalid>"})


def test_mails_of_one_second_do_not_share_a_file(tmp_path: Path) -> None:
    for number in range(50):
        EmailBackend(file_path=str(tmp_path)).send_messages([message(number)])
    assert len(list(tmp_path.iterdir())) == 50


def test_a_mail_sent_twice_is_one_file(tmp_path: Path) -> None:
    backend = EmailBackend(file_path=str(tmp_path / "made"))
    assert backend.send_messages([message(1, "first"), message(1, "second")]) == 2
    (file,) = (tmp_path / "made").iterdir()
    assert file.name == "1-1-host-invalid.eml"
    assert "second" in file.read_text(encoding="utf-8")


def test_a_file_name_cannot_leave_the_folder() -> None:
    assert file_name("<../../etc/passwd@x>") == "etc-passwd-x.eml"
    assert len(file_name("<" + "x" * 500 + ">")) == 124

"""The mails that were written to a folder, listed and read. Only what lies directly in that folder can be named."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import re
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Final

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,120}\.(log|eml)")
NEWEST: Final = 200
LONGEST_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class MailHead:
    """One line of the list."""

    name: str
    written_at: dt.datetime
    subject: str
    recipient: str


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail, as text: the HTML part is said to exist and is not shown as HTML."""

    head: MailHead
    sender: str
    text: str
    has_html: bool


def mail_heads(folder: Path) -> list[MailHead]:
    """The newest mails first; a folder that is not there yet is an empty one."""
    if not folder.is_dir():
        return []
    files = [
        path for path in folder.iterdir() if NAME.fullmatch(path.name) and path.is_file() and not path.is_symlink()
    ]
    files.sort(key=lambda path: (path.stat().st_mtime, path.name), reverse=True)
    return [_head(path, _parse(path)) for path in files[:NEWEST]]


def read_mail(folder: Path, name: str) -> Mail | None:
    """The mail of that name; None for anything that is not the plain name of a file in the folder."""
    if not NAME.fullmatch(name):
        return None
    path = folder / name
    if not _is_mail(path):
        return None
    message = _parse(path)
    plain = message.get_body(preferencelist=("plain",))
    return Mail(
        head=_head(path, message),
        sender=str(message.get("From", "")),
        text=str(plain.get_content()) if plain is not None else "",
        has_html=message.get_body(preferencelist=("html",)) is not None,
    )


def _is_mail(path: Path) -> bool:
    return bool(NAME.fullmatch(path.name)) and path.is_file() and not path.is_symlink()


def _parse(path: Path) -> EmailMessage:
    with path.open("rb") as file:
        content = file.read(LONGEST_BYTES)
    # Django's file backend ends each mail with a line of dashes, which is no part of it.
    content = re.sub(rb"\n-{70,}\s*\Z", b"\n", content)
    return email.message_from_bytes(content, policy=email.policy.default)


def _head(path: Path, message: EmailMessage) -> MailHead:
    return MailHead(
        name=path.name,
        written_at=dt.datetime.fromtimestamp(path.stat().st_mtime, tz=dt.UTC),
        subject=str(message.get("Subject", "")),
        recipient=str(message.get("To", "")),
    )

"""A mail backend that writes each message to a file of its own, for an installation without a mail server.

Django's file backend names files by the second and appends, so that two mails of one second land in one file. Here the
name is the Message-ID: two mails never share a file, and a mail sent twice is one file.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import EmailMessage

UNSAFE: Final = re.compile(r"[^A-Za-z0-9]+")
LONGEST_NAME: Final = 120
SUFFIX: Final = ".eml"


class EmailBackend(BaseEmailBackend):
    def __init__(self, *args: Any, file_path: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.folder = Path(file_path or settings.EMAIL_FILE_PATH)

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        self.folder.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            self._write(message)
        return len(email_messages)

    def _write(self, message: EmailMessage) -> None:
        """Under another name first, so that nobody ever reads half a mail."""
        mail = message.message()
        number, name = tempfile.mkstemp(dir=self.folder, prefix=".", suffix=".part")
        try:
            with os.fdopen(number, "wb") as file:
                file.write(mail.as_bytes())
            Path(name).replace(self.folder / file_name(str(mail["Message-ID"])))
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def file_name(message_id: str) -> str:
    return UNSAFE.sub("-", message_id).strip("-")[:LONGEST_NAME] + SUFFIX

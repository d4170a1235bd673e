"""How a line of the log is written: ids and code only.

The text of an error may quote what it stumbled over: PostgreSQL names the whole failing row, a parser the value. So the
log holds an error's kind and where it arose. The frames hold source lines, never what the variables held.
"""

from __future__ import annotations

import copy
import logging
import traceback
from typing import Any


class ShieldedFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        own = copy.copy(record)
        own.exc_text = None  # what another handler has made of the error would be taken over as it is
        if isinstance(own.args, dict) and "exc" in own.args:
            # Celery writes the error into the message itself, as repr: ValueError('...').
            own.args = {**own.args, "exc": str(own.args["exc"]).partition("(")[0], "traceback": ""}
        return super().format(own)

    def formatException(self, ei: Any) -> str:
        problem: BaseException | None = ei[1]
        told = []
        while problem is not None:
            frames = "".join(traceback.format_tb(problem.__traceback__)).rstrip()
            told.append(f"{type(problem).__qualname__}\n{frames}".rstrip())
            problem = problem.__cause__ or (None if problem.__suppress_context__ else problem.__context__)
        return "\ncaused by ".join(told)

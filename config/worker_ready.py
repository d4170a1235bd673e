"""Tells the start command that a worker takes tasks: `celery -A config worker --include config.worker_ready`.

A file, and not a line in the log, because LOG_LEVEL may silence the log.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from celery.signals import worker_ready

READY_FILE = "LEADTIME_WORKER_READY_FILE"


@worker_ready.connect
def say_so(**_signal: Any) -> None:
    if name := os.environ.get(READY_FILE):
        Path(name).touch()

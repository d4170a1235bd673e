from __future__ import annotations

import logging
import sys

from config.logs import ShieldedFormatter

FORMATTER = ShieldedFormatter("{levelname} {message}", style="{")


def line_of(problem: Exception, message: str = "it broke", *args: object) -> str:
    try:
        raise problem
    except Exception:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, message, args, sys.exc_info())
    logging.Formatter().format(record)  # another handler was first and left its own text on the record
    return FORMATTER.format(record)


def test_of_an_error_the_log_holds_its_kind_and_its_place_and_not_its_text() -> None:
    line = line_of(ValueError("Failing row contains (Quibble, 1958-04-17, 7.25)"))
    assert line.startswith("ERROR it broke\nValueError\n")
    assert "in line_of\n    raise problem" in line
    assert not any(secret in line for secret in ("Quibble", "1958", "7.25", "Failing row"))


def test_the_errors_behind_an_error_are_told_in_the_same_way() -> None:
    problem = RuntimeError("about Quibble")
    problem.__cause__ = KeyError("Zhuo")
    line = line_of(problem)
    assert "RuntimeError\n" in line
    assert line.endswith("caused by KeyError")
    assert "Quibble" not in line
    assert "Zhuo" not in line


def test_what_celery_says_of_a_failed_task_keeps_the_kind_alone() -> None:
    context = {"name": "monitoring.tasks.evaluate", "exc": "ValueError('Quibble 7.25')", "traceback": "Quibble"}
    line = line_of(ValueError("Quibble 7.25"), "Task %(name)s raised unexpected: %(exc)s\n%(traceback)s", context)
    assert line.startswith("ERROR Task monitoring.tasks.evaluate raised unexpected: ValueError\n")
    assert "Quibble" not in line


def test_a_line_without_an_error_is_as_it_was_written() -> None:
    record = logging.LogRecord("x", logging.INFO, __file__, 1, "patient %s evaluated", (12,), None)
    assert FORMATTER.format(record) == "INFO patient 12 evaluated"

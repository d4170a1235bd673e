"""Lets Django empty the audit log between tests that commit.

It empties tables by TRUNCATE on PostgreSQL and by DELETE on SQLite, where the triggers of the audit log refuse it. Only
that one statement, a DELETE of the whole table, gets the triggers out of its way for as long as it runs.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

EMPTIES_AUDIT: Final = re.compile(r'DELETE FROM "audit_(auditevent|auditlink)";')


def allow_flush() -> None:
    connection_created.connect(_wrap, dispatch_uid="tests.flushing")


def _wrap(connection: BaseDatabaseWrapper, **_signal: Any) -> None:
    if connection.vendor == "sqlite" and _empty_audit_too not in connection.execute_wrappers:
        connection.execute_wrappers.append(_empty_audit_too)


def _empty_audit_too(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    if not EMPTIES_AUDIT.fullmatch(sql):
        return execute(sql, params, many, context)
    append_only = import_module("audit.migrations.0002_append_only")
    cursor = context["connection"].connection.cursor()
    for statement in append_only.allowing("sqlite"):
        cursor.execute(statement)
    try:
        return execute(sql, params, many, context)
    finally:
        for statement in append_only.refusing("sqlite"):
            cursor.execute(statement)

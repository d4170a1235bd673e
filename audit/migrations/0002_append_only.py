"""The audit log is append-only in the database itself: UPDATE and DELETE of its tables are refused by triggers."""

from __future__ import annotations

from django.db import migrations

TABLES = ("audit_auditevent", "audit_auditlink")
CHANGES = ("UPDATE", "DELETE")
REFUSAL = "the audit log is append-only"

SQLITE_TRIGGER = """
CREATE TRIGGER {table}_refuses_{change_lower} BEFORE {change} ON {table}
BEGIN SELECT RAISE(ABORT, '{refusal}'); END
"""
POSTGRES_FUNCTION = """
CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{refusal}' USING ERRCODE = 'restrict_violation'; END $$
"""
POSTGRES_TRIGGER = """
CREATE TRIGGER {table}_refuses_change BEFORE UPDATE OR DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION audit_refuse_change()
"""


def refusing(vendor):
    """The statements that make the tables append-only."""
    if vendor == "postgresql":
        return [
            POSTGRES_FUNCTION.format(refusal=REFUSAL),
            *(POSTGRES_TRIGGER.format(table=table) for table in TABLES),
        ]
    return [
        SQLITE_TRIGGER.format(table=table, change=change, change_lower=change.lower(), refusal=REFUSAL)
        for table in TABLES
        for change in CHANGES
    ]


def allowing(vendor):
    """The statements that take it back."""
    if vendor == "postgresql":
        return [
            *(f"DROP TRIGGER {table}_refuses_change ON {table}" for table in TABLES),
            "DROP FUNCTION audit_refuse_change()",
        ]
    return [f"DROP TRIGGER {table}_refuses_{change.lower()}" for table in TABLES for change in CHANGES]


def refuse_changes(apps, schema_editor):
    for statement in refusing(schema_editor.connection.vendor):
        schema_editor.execute(statement)


def allow_changes(apps, schema_editor):
    for statement in allowing(schema_editor.connection.vendor):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [migrations.RunPython(refuse_changes, allow_changes)]

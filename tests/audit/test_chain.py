"""The audit log: written with what it tells, sealed in a chain, and altered by nobody unnoticed."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from importlib import import_module
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from audit import tasks
from audit.models import AuditEvent, AuditLink
from audit.services import GENESIS, NewEvent, chain_hash, record, record_many, seal, verify

pytestmark = pytest.mark.django_db
append_only = import_module("audit.migrations.0002_append_only")


def write(count: int) -> list[AuditEvent]:
    return [
        record(actor="user:1", action="patient.viewed", object_type="patient", object_id=number, patient_id=number)
        for number in range(1, count + 1)
    ]


def as_superuser(sql: str, *params: int | str) -> None:
    """What somebody with the keys of the database can do: put the triggers aside, alter, put them back."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no trigger goes while a check of a key is still to come
        for statement in append_only.allowing(connection.vendor):
            cursor.execute(statement)
        cursor.execute(sql, params)
        for statement in append_only.refusing(connection.vendor):
            cursor.execute(statement)


# --- writing ------------------------------------------------------------------------------------------------------


def test_an_event_is_written_in_the_transaction_of_what_it_tells() -> None:
    with transaction.atomic():
        write(1)
        transaction.set_rollback(True)
    assert not AuditEvent.objects.exists()


def test_a_batch_is_written_like_single_events() -> None:
    record_many(
        actor="task:evaluate",
        events=[
            NewEvent(
                action="alert.raised", object_type="alert", object_id="3", patient_id=7, details={"markers": ["A"]}
            ),
            NewEvent(action="alert.withdrawn", object_type="alert", object_id="4"),
        ],
    )
    first, second = AuditEvent.objects.order_by("pk")
    assert (first.actor, first.action, first.object_id, first.patient_id) == ("task:evaluate", "alert.raised", "3", 7)
    assert (first.details, second.details, second.patient_id) == ({"markers": ["A"]}, {}, None)


@pytest.mark.parametrize(("actor", "action"), [("", "patient.viewed"), ("user:1", "")])
def test_an_event_without_actor_or_action_is_refused_by_the_database(actor: str, action: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        record(actor=actor, action=action, object_type="patient", object_id=1)


# --- append-only --------------------------------------------------------------------------------------------------

CHANGES: list[Callable[[], Any]] = [
    lambda: AuditEvent.objects.update(actor="user:2"),
    lambda: AuditLink.objects.update(hash="0" * 64),
    lambda: AuditLink.objects.all().delete(),
    lambda: AuditEvent.objects.filter(link__isnull=True).delete(),
]


@pytest.mark.parametrize("change", CHANGES)
def test_the_database_refuses_to_alter_or_delete(change: Callable[[], Any]) -> None:
    write(2)
    seal(limit=1)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change()
    assert (AuditEvent.objects.count(), AuditLink.objects.count(), verify().intact) == (2, 1, True)


@pytest.mark.django_db(transaction=True)
def test_the_migration_can_be_taken_back_and_applied_again() -> None:
    write(1)
    executor = MigrationExecutor(connection)
    executor.migrate([("audit", "0001_initial")])
    assert AuditEvent.objects.update(actor="user:2") == 1
    executor = MigrationExecutor(connection)
    executor.migrate([("audit", "0002_append_only")])
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEvent.objects.update(actor="user:3")


# --- the chain ----------------------------------------------------------------------------------------------------


def test_the_chain_begins_at_zero_and_links_each_event_to_the_one_before() -> None:
    first, second = write(2)
    assert seal() == 2
    one = chain_hash(previous=GENESIS, event=first)
    two = chain_hash(previous=one, event=second)
    assert list(AuditLink.objects.order_by("position").values_list("position", "event_id", "hash")) == [
        (1, first.pk, one),
        (2, second.pk, two),
    ]
    report = verify()
    assert (report.sealed, report.unsealed, report.intact, report.head) == (2, 0, True, two)


def test_sealing_goes_on_where_it_stopped() -> None:
    write(5)
    assert [seal(limit=2) for _ in range(4)] == [2, 2, 1, 0]
    write(1)
    assert verify().unsealed == 1
    tasks.seal()
    assert (verify().sealed, verify().unsealed, verify().intact) == (6, 0, True)


def test_an_empty_log_is_intact() -> None:
    assert seal() == 0
    assert (verify().sealed, verify().intact, verify().head) == (0, True, GENESIS)


def test_fields_cannot_run_into_each_other() -> None:
    at = dt.datetime(2025, 3, 3, tzinfo=dt.UTC)
    one = AuditEvent(pk=1, at=at, actor="user:1", action="ab", object_type="c", object_id="1")
    other = AuditEvent(pk=1, at=at, actor="user:1", action="a", object_type="bc", object_id="1")
    assert chain_hash(previous=GENESIS, event=one) != chain_hash(previous=GENESIS, event=other)


ALTERATIONS = [
    ("UPDATE audit_auditevent SET actor = 'user:2' WHERE id = %s", 0),
    ("UPDATE audit_auditevent SET action = 'patient.edited' WHERE id = %s", 0),
    ("UPDATE audit_auditevent SET object_type = 'draw' WHERE id = %s", 0),
    ("UPDATE audit_auditevent SET object_id = '99' WHERE id = %s", 0),
    ("UPDATE audit_auditevent SET patient_id = NULL WHERE id = %s", 0),
    ("UPDATE audit_auditevent SET at = '2020-01-01 00:00:00+00:00' WHERE id = %s", 0),
    ("""UPDATE audit_auditevent SET details = '{"a": 1}' WHERE id = %s""", 0),
    ("UPDATE audit_auditlink SET hash = 'f' WHERE event_id = %s", 0),
    ("UPDATE audit_auditlink SET position = 99 WHERE event_id = %s", 1),
    ("DELETE FROM audit_auditlink WHERE event_id = %s", 1),
]


@pytest.mark.parametrize(("sql", "found_at"), ALTERATIONS)
def test_an_alteration_is_found_at_the_event_it_touched(sql: str, found_at: int) -> None:
    events = write(6)
    seal()
    as_superuser(sql, events[3].pk)
    report = verify()
    assert not report.intact
    assert report.broken_event == events[3 + found_at].pk  # of what is gone, the one after it
    assert report.sealed == 3


def test_two_events_that_changed_places_are_found() -> None:
    events = write(6)
    seal()
    as_superuser(
        "UPDATE audit_auditevent SET object_id = CASE object_id WHEN '2' THEN '5' WHEN '5' THEN '2' ELSE object_id END"
    )
    assert verify().broken_event == events[1].pk


def test_an_event_slipped_in_later_with_a_link_of_its_own_is_found() -> None:
    events = write(3)
    seal(limit=2)
    as_superuser(
        "INSERT INTO audit_auditlink (event_id, position, hash) VALUES (%s, %s, %s)", events[2].pk, 3, "a" * 64
    )
    assert verify().broken_event == events[2].pk


def test_a_hundred_random_alterations_are_all_found() -> None:
    chance = random.Random(20260303)
    events = write(40)
    seal()
    for _ in range(100):
        event, digit = chance.choice(events), chance.choice("123456789")
        changed = event.object_id + digit
        as_superuser("UPDATE audit_auditevent SET object_id = %s WHERE id = %s", changed, event.pk)
        assert verify().broken_event == event.pk
        as_superuser("UPDATE audit_auditevent SET object_id = %s WHERE id = %s", event.object_id, event.pk)
        assert verify().intact


# --- the command --------------------------------------------------------------------------------------------------


def test_the_command_says_how_much_is_sealed_and_where_the_head_is() -> None:
    write(3)
    seal(limit=2)
    out = StringIO()
    call_command("verify_audit", stdout=out)
    head = AuditLink.objects.get(position=2).hash
    assert out.getvalue() == f"2 events sealed and intact, 1 not sealed yet. Head {head}\n"


def test_the_command_fails_and_names_the_event_that_was_altered() -> None:
    events = write(3)
    seal()
    as_superuser("UPDATE audit_auditevent SET actor = 'user:2' WHERE id = %s", events[1].pk)
    with pytest.raises(CommandError, match=f"altered at event {events[1].pk}\\."):
        call_command("verify_audit")


# --- between tests ------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_flushed_log_is_empty_and_append_only_again() -> None:
    write(2)
    seal()
    call_command("flush", interactive=False, verbosity=0)
    assert not AuditEvent.objects.exists()
    write(1)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEvent.objects.update(actor="user:2")

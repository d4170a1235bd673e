"""What a page of the worklist costs with 500, 5,000 and 50,000 patients in one team, on PostgreSQL or SQLite.

    python -m benchmarks.worklist.measure postgres
    python -m benchmarks.worklist.measure sqlite

prints one line a question: milliseconds at each size (the median of five), the ratio of the last to the first, and the
queries of a page; it ends with an error where the first page takes longer than the limit.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from accounts.models import Team, User

SIZES: Final = (500, 5_000, 50_000)
RUNS: Final = 5
# The first page may cost at most this many times what it costs with 500 patients: it shows 50 rows either way.
MOST_RATIO: Final = 3.0
NOW: Final = dt.datetime(2026, 11, 1, 9, tzinfo=dt.UTC)
TODAY: Final = NOW.date()
DRAWS: Final = 2
FILTERS: Final = (
    "",
    "level=open",
    "level=watch",
    "level=calm",
    "mine=yes",
    "draw=overdue",
    "draw=due",
    "silent=yes",
    "treatment=none",
    "histology=other",
)


def main() -> int:
    kind = sys.argv[1] if len(sys.argv) > 1 else "postgres"
    with contextlib.ExitStack() as stack:
        _prepare(kind, stack)
        return _measure()


def _prepare(kind: str, stack: contextlib.ExitStack) -> None:
    from tests import servers

    for name in servers.OWN_ENVIRONMENT:
        os.environ.pop(name, None)
    folder = stack.enter_context(servers.temporary_folder())
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "LEADTIME_DATA_DIR": str(folder),
        "SECRET_KEY": "only-for-benchmarks-" + "0123456789" * 5,
        "STATIC_MANIFEST": "off",
    }
    if kind == "postgres":
        port = servers.free_port()  # chosen first: starting the server imports `config`, whose settings want it
        os.environ["DATABASE_URL"] = f"postgres://leadtime@{servers.HOST}:{port}/postgres"
        stack.enter_context(servers.postgres(port))
    import django

    django.setup()
    from django.conf import settings

    settings.ROOT_URLCONF = "benchmarks.worklist.bare"
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def _measure() -> int:
    from django.db import connection

    from accounts.models import Membership, Team, User
    from accounts.roles import Role

    user = User.objects.create(username="clinician", role=Role.CLINICIAN)
    team = Team.objects.create(name="Team")
    Membership.objects.create(user=user, team=team)
    times: dict[str, list[float]] = {}
    queries: dict[str, int] = {}
    built = 0
    for size in SIZES:
        start = time.perf_counter()
        _build(built, size, team=team, user=user)
        built = size
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        sys.stderr.write(f"{size} patients on record after {time.perf_counter() - start:.0f} s\n")
        for name, asked in _questions(user, size).items():
            times.setdefault(name, []).append(_milliseconds(asked))
            queries[name] = _queries(asked)
    sys.stdout.write(f"{connection.vendor}: {' '.join(str(size) for size in SIZES)} patients, ms; ratio; queries\n")
    for name, taken in times.items():
        row = " | ".join(f"{one:.0f}" for one in taken)
        sys.stdout.write(f"| {name} | {row} | {taken[-1] / taken[0]:.1f} | {queries[name]} |\n")
    bare = times["the page as it is sent"][-1] / times["a bare view"][-1]
    sys.stdout.write(f"the page as it is sent / a bare view, {SIZES[-1]} patients: {bare:.1f}\n")
    first = times["page 1"]
    return 1 if first[-1] / first[0] > MOST_RATIO else 0


def _questions(user: User, size: int) -> dict[str, Callable[[], object]]:
    from django.http import QueryDict

    from monitoring.walk import walk
    from monitoring.worklist import worklist
    from monitoring.worklist_filters import read_filters
    from patients.models import Patient

    def page(address: str = "", number: int = 1) -> Callable[[], object]:
        filters = read_filters(QueryDict(address), teams=[])
        return lambda: worklist(user, filters=filters, page=number, now=NOW)

    calm = Patient.objects.order_by("-pk").values_list("pk", flat=True)[0]
    asked = {f"page 1, {address}" if address else "page 1": page(address) for address in FILTERS}
    asked["a page in the middle"] = page(number=size // 100)
    asked["the last page"] = page(number=size // 50)
    asked["the last page, by key"] = _by_key(user, size)
    asked["the page as it is sent"], asked["a bare view"] = _sent(user)
    asked["walk, opened from the list"] = lambda: walk(user, {}, patient_id=calm, asked="", now=NOW)
    return asked


def _by_key(user: User, size: int) -> Callable[[], object]:
    """As it is reached: from where the page before it ended."""
    from monitoring.worklist import worklist

    before = worklist(user, page=size // 50 - 1, now=NOW).last
    assert before is not None
    end = (before.reading, before.rising_since, before.patient_id)
    return lambda: worklist(user, page=size // 50, before=end, now=NOW)


def _sent(user: User) -> tuple[Callable[[], object], Callable[[], object]]:
    """The page with its template and all middleware; beside it a view that reads 50 patients and says their names."""
    from django.test import Client

    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(user)

    def get(address: str) -> Callable[[], object]:
        def asked() -> object:
            answer = client.get(address)
            assert answer.status_code == 200, answer
            return answer

        return asked

    return get("/worklist/"), get("/bare/")


def _milliseconds(asked: Callable[[], object]) -> float:
    taken = []
    for _ in range(RUNS):
        start = time.perf_counter()
        asked()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)


def _queries(asked: Callable[[], object]) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        asked()
    return len(captured)


def _build(first: int, last: int, *, team: Team, user: User) -> None:
    """One in 100 with an open alert, one in 50 to watch, one in 20 overdue, the rest calm with a plan that is kept."""
    from monitoring.models import Alert, Evaluation, Level
    from patients.catalogue import catalogue
    from patients.models import Draw, FollowUpPlan, Marker, Patient, Result

    numbers = range(first, last)
    people = Patient.objects.bulk_create(
        [Patient(name=f"Person {n:06}", care_team=team, histology="other" if n % 3 else "small_cell") for n in numbers],
        batch_size=2000,
    )
    plans = FollowUpPlan.objects.bulk_create(
        [FollowUpPlan(patient=one, every_weeks=12, starts_on=dt.date(2026, 1, 1)) for one in people], batch_size=2000
    )
    through = FollowUpPlan.panel.through
    marker = Marker.objects.get(code="CEA")
    through.objects.bulk_create([through(followupplan=one, marker=marker) for one in plans], batch_size=5000)
    draws = Draw.objects.bulk_create(
        [
            Draw(patient=one, collected_at=NOW - dt.timedelta(days=84 * at + (100 if n % 20 == 0 else n % 80)))
            for n, one in zip(numbers, people, strict=True)
            for at in range(DRAWS)
        ],
        batch_size=2000,
    )
    unit = catalogue().marker("CEA").unit
    Result.objects.bulk_create(
        [
            Result(
                draw=one,
                marker=marker,
                as_typed="2.0",
                value="2.0",
                unit=unit,
                canonical_value="2.0",
                canonical_unit=unit,
                factor=1,
            )
            for one in draws
        ],
        batch_size=1000,
    )
    level = {0: Level.ALERT, 1: Level.WATCH, 51: Level.WATCH}
    evaluations = Evaluation.objects.bulk_create(
        [
            Evaluation(
                patient=one,
                at=NOW,
                engine_version="1",
                catalogue_version="1",
                level=level.get(n % 100, Level.NONE),
                since=TODAY - dt.timedelta(days=n % 90) if n % 100 in level else None,
            )
            for n, one in zip(numbers, people, strict=True)
        ],
        batch_size=2000,
    )
    Alert.objects.bulk_create(
        Alert(patient_id=one.patient_id, evaluation=one, raised_at=NOW - dt.timedelta(minutes=one.pk), owner=user)
        for one in evaluations
        if one.level == Level.ALERT
    )
    _fill()


def _fill() -> None:
    from monitoring.services import fill_missing_places

    fill_missing_places()


if __name__ == "__main__":
    sys.exit(main())

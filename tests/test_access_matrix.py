"""Every address x everybody x whose object: who gets in, who is turned away, and that a refusal changes nothing.

The addresses are taken from the resolver, so that a page that is added without a row here fails the suite.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client, override_settings
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone
from pytest_django import DjangoDbBlocker, Settings

from accounts.models import Team, User
from audit.models import AuditEvent
from monitoring.models import Mention
from monitoring.services.steps import last_event_id
from patients.models import Draw, ImportBatch, Laboratory, LaboratoryInterval, Patient
from patients.services import set_plan
from tests.cast import ACTOR, PASSWORD, QUICK_HASHERS, Cast, make_cast
from tests.monitoring.notes import colleague, note_by
from tests.monitoring.scenes import FIRST_DRAW, RISING, patient_with, run, the_alert
from tests.monitoring.test_outbox import write
from tests.patients.papers import paper
from tests.patients.tables import line

SIGNED_IN: Final = ("nurse", "clinician", "administrator", "stranger")
PEOPLE: Final = (*SIGNED_IN, "anonymous")
ABSENT: Final = 987654
LOGIN: Final = 0  # sent to the sign-in page
NOT_RECORD: Final = ("audit", "sessions")
MAIL: Final = "1-2-3-email-leadtime.eml"


@dataclass(frozen=True, slots=True)
class Owned:
    """One team's patient and what hangs on it."""

    patient: Patient
    draw: int
    alert: int
    batch: int
    note: int  # by the nurse, or by a colleague of the stranger
    mention: int  # which tells the team's clinician of it


@dataclass(frozen=True, slots=True)
class World:
    """`own` belongs to the team of nurse, clinician and administrator, `other` to the stranger's."""

    cast: Cast
    own: Owned
    other: Owned
    sessions: dict[str, str]

    def person(self, who: str) -> User | None:
        return None if who == "anonymous" else getattr(self.cast, who)

    def belongs_to(self, who: str, thing: Owned) -> bool:
        return (who == "stranger") == (thing is self.other)


ALL: Final = (200, 200, 200)
DONE: Final = (302, 302, 302)
NEVER: Final = (405, 405, 405)
Path_ = Callable[[Owned], tuple[object, ...]]
Data = Callable[[World], dict[str, Any]]
By = tuple[int, int, int]  # nurse, clinician, administrator


def nothing(_world: World) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is answered to nurse, clinician and administrator: about their own team's object, about any other.

    A stranger is a clinician of the other team. `anyone` is the answer (GET, POST) to who is not signed in.
    """

    get: By
    post: By = (405, 405, 405)
    foreign_get: By = (404, 404, 404)
    foreign_post: By = (404, 404, 404)
    path: Path_ | None = None  # None: the page is about no object
    absent: Path_ | None = None
    data: Data = nothing
    anyone: tuple[int, int] = (LOGIN, LOGIN)

    def expected(self, method: str, who: str, *, mine: bool) -> int:
        if who == "anonymous":
            return self.anyone[method == "post"]
        own, foreign = (self.get, self.foreign_get) if method == "get" else (self.post, self.foreign_post)
        return (own if mine or self.path is None else foreign)[("nurse", "clinician", "administrator").index(role(who))]


def role(who: str) -> str:
    return "clinician" if who == "stranger" else who


def of_patient(thing: Owned) -> tuple[object, ...]:
    return (thing.patient.pk,)


def of_nobody(_thing: Owned) -> tuple[object, ...]:
    return (ABSENT,)


def about_a_patient(*, get: By, post: By = (405, 405, 405), data: Data = nothing) -> Row:
    shut = (405, 405, 405) if post == (405, 405, 405) else (404, 404, 404)
    return Row(get=get, post=post, foreign_post=shut, path=of_patient, absent=of_nobody, data=data)


def sent_about_a_patient(data: Data) -> Row:
    """What is only sent, by those who record events."""
    return Row(get=NEVER, foreign_get=NEVER, post=(302, 302, 403), path=of_patient, absent=of_nobody, data=data)


def in_a_month() -> str:
    return (timezone.localdate() + dt.timedelta(days=30)).isoformat()


def step_of_an_alert(said: dict[str, Callable[[], str]], *, done: int = 302) -> Row:
    """What is only sent, by those who answer alerts."""

    def data(world: World) -> dict[str, Any]:
        return {
            "seen": last_event_id(world.own.alert),
            "owner": str(world.cast.nurse.pk),
            **{name: value() for name, value in said.items()},
        }

    return Row(
        get=NEVER,
        foreign_get=NEVER,
        post=(403, done, 403),
        path=lambda thing: (thing.alert,),
        absent=of_nobody,
        data=data,
    )


def about_a_note(*, get: By, post: By = (405, 405, 405), data: Data = nothing) -> Row:
    """Who keeps no notes learns of none: to an administrator of the team it is absent as well."""
    return Row(
        get=get,
        post=post,
        foreign_get=(404, 404, 404) if get != NEVER else NEVER,
        foreign_post=(404, 404, 404) if post != NEVER else NEVER,
        path=lambda thing: (thing.note,),
        absent=of_nobody,
        data=data,
    )


def about_a_mention(*, get: By, post: By) -> Row:
    row = about_a_note(get=get, post=post)
    return replace(row, path=lambda thing: (thing.mention,))


def of_the_interval() -> tuple[object, ...]:
    interval = LaboratoryInterval.objects.get(marker_id="NSE")
    return (interval.laboratory_id, interval.pk)


def about_a_draw(*, get: By, post: By = (405, 405, 405)) -> Row:
    shut = (405, 405, 405) if post == (405, 405, 405) else (404, 404, 404)
    return Row(
        get=get,
        post=post,
        foreign_post=shut,
        path=lambda thing: (thing.patient.pk, thing.draw),
        absent=lambda _thing: (ABSENT, ABSENT),
    )


def about_a_chart() -> Row:
    return Row(
        get=ALL,
        foreign_post=NEVER,
        path=lambda thing: (thing.patient.pk, "CEA"),
        absent=lambda _thing: (ABSENT, "CEA"),
    )


def about_a_batch() -> Row:
    return Row(
        get=(200, 403, 200),
        foreign_get=(404, 403, 404),
        foreign_post=(405, 405, 405),
        path=lambda thing: (thing.batch,),
        absent=of_nobody,
    )


def file_step(*, get: By) -> Row:
    """The file of this world waits for nobody, so who may take the step is sent back to the file."""
    shut = (405, 405, 405) if get == (405, 405, 405) else (404, 403, 404)
    return Row(
        get=get,
        post=(302, 403, 302),
        foreign_get=shut,
        foreign_post=(404, 403, 404),
        path=lambda thing: (thing.batch,),
        absent=of_nobody,
    )


def new_patient(world: World) -> dict[str, Any]:
    return {"care_team": world.cast.team.pk, "number": "N-77", **details(world)}


def details(_world: World) -> dict[str, Any]:
    return {
        "name": "Somebody New",
        "sex": "female",
        "menopausal_status": "post",
        "smoking": "never",
        "histology": "squamous",
        "stage": "IA",
        "baseline_bone_status": "unknown",
    }


def upload(world: World) -> dict[str, Any]:
    content = b"patient_id,marker,value,unit,collected_at\nN,CEA,3,ng/mL,2024-03-12\n"
    return {"care_team": world.cast.team.pk, "file": SimpleUploadedFile("a.csv", content)}


ROWS: Final[dict[str, Row]] = {
    "home": Row(get=DONE, post=DONE, anyone=(302, 302)),
    "health": Row(get=ALL, post=NEVER, anyone=(200, 405)),
    "set_language": Row(get=DONE, post=DONE, data=lambda _world: {"language": "zh-hans"}, anyone=(302, 302)),
    "account_login": Row(
        get=DONE, post=DONE, data=lambda _world: {"login": "nobody", "password": "wrong"}, anyone=(200, 200)
    ),
    "account_logout": Row(get=ALL, post=DONE, anyone=(302, 302)),
    "account_reauthenticate": Row(get=ALL, post=DONE, data=lambda _world: {"password": PASSWORD}),
    "account_change_password": Row(get=ALL, post=ALL, data=lambda _world: {"oldpassword": "wrong"}),
    "account_inactive": Row(get=ALL, post=NEVER, anyone=(200, 405)),
    "worklist": Row(get=ALL, post=ALL, data=lambda _world: {"q": "Zhuo"}),
    "cohort": Row(get=ALL),
    "cohort_file": Row(get=ALL),
    "scorecard": Row(get=ALL),
    "scorecard_file": Row(get=ALL),
    "worklist_paper": Row(get=ALL),
    "patient": about_a_patient(get=ALL),
    "patient_paper": about_a_patient(get=ALL),
    "chart_csv": about_a_chart(),
    "chart_json": about_a_chart(),
    "chart_caption": about_a_chart(),
    "alert": Row(get=DONE, foreign_post=NEVER, path=lambda thing: (thing.alert,), absent=of_nobody),
    "alert_acknowledge": Row(
        get=NEVER,
        foreign_get=NEVER,
        post=(403, 302, 403),
        path=lambda thing: (thing.alert,),
        absent=of_nobody,
        data=lambda world: {"comment": "CT asked for", "seen": last_event_id(world.own.alert)},
    ),
    "alert_repeat": step_of_an_alert({"due_on": in_a_month}),
    "alert_imaging": step_of_an_alert({"modality": lambda: "mri"}),
    "alert_close": step_of_an_alert({"outcome": lambda: "benign", "comment": lambda: "a fracture"}),
    "alert_snooze": step_of_an_alert({"until": in_a_month, "comment": lambda: "abroad"}),
    "alert_wake": step_of_an_alert({}, done=409),  # it is awake
    "alert_hand_over": step_of_an_alert({"comment": lambda: "please call"}),
    "patient_notes": about_a_patient(
        get=(200, 200, 403),
        post=(302, 302, 403),
        data=lambda _world: {"text": "seen at home", "key": "c0ffee00-0000-4000-8000-000000000000"},
    ),
    "note": about_a_note(get=(200, 200, 404)),
    "note_amend": about_a_note(
        get=NEVER, post=(302, 403, 404), data=lambda _world: {"text": "not seen", "reason": "mistyped", "seen": "1"}
    ),
    "note_take_back": about_a_note(
        get=NEVER, post=(302, 403, 404), data=lambda _world: {"reason": "other patient", "seen": "1"}
    ),
    "mention_list": Row(get=(200, 200, 403)),
    "mention_open": about_a_mention(get=(404, 302, 404), post=NEVER),
    "mention_read": about_a_mention(get=NEVER, post=(404, 302, 404)),
    "outbox": Row(get=(403, 403, 200)),
    "outbox_message": Row(
        get=(403, 403, 200),
        foreign_get=(403, 403, 200),  # mails hold no patient: they are the installation's, not a team's
        foreign_post=NEVER,
        path=lambda _thing: (MAIL,),
        absent=lambda _thing: ("none.eml",),
    ),
    "patient_list": Row(get=ALL, post=DONE, data=lambda _world: {"q": "Zhuo"}),
    "patient_new": Row(get=(200, 200, 403), post=(302, 302, 403), data=new_patient),
    "patient_edit": about_a_patient(get=(200, 200, 403), post=(302, 302, 403), data=details),
    "enter_results": Row(get=(200, 200, 403), post=(302, 302, 403), data=lambda _world: {"q": "Zhuo"}),
    "draw_new": about_a_patient(get=(200, 200, 403), post=(302, 302, 403), data=lambda _world: paper({"CEA": "3"})),
    "draw": Row(
        get=ALL,
        foreign_post=NEVER,
        path=lambda thing: (thing.patient.pk, thing.draw),
        absent=lambda _thing: (ABSENT, ABSENT),
    ),
    "treatment_new": about_a_patient(
        get=(200, 200, 403),
        post=(302, 302, 403),
        data=lambda _world: {"kind": "bone_agent", "name": "denosumab", "started_on": "2025-03-01"},
    ),
    "imaging_new": about_a_patient(
        get=(200, 200, 403),
        post=(302, 302, 403),
        data=lambda _world: {"performed_on": "2025-03-01", "modality": "ct", "finding": "none"},
    ),
    "skeletal_event_new": about_a_patient(
        get=(200, 200, 403),
        post=(302, 302, 403),
        data=lambda _world: {"kind": "fracture", "occurred_on": "2025-03-01"},
    ),
    "condition_new": about_a_patient(
        get=(200, 200, 403),
        post=(302, 302, 403),
        data=lambda _world: {"kind": "infection", "occurred_on": "2025-03-01"},
    ),
    "plan_edit": about_a_patient(
        get=(200, 200, 403),
        post=(302, 302, 403),
        data=lambda _world: {"markers": ["CEA"], "every_weeks": "6", "starts_on": "2025-03-01"},
    ),
    "marker_list": Row(get=ALL),
    "marker_effects": Row(get=ALL),
    "marker_detail": Row(
        get=ALL, foreign_get=ALL, foreign_post=NEVER, path=lambda _thing: ("CEA",), absent=lambda _thing: ("NONE",)
    ),
    "import_list": Row(get=(200, 403, 200), post=(302, 403, 302), data=upload),
    "import_detail": about_a_batch(),
    "import_rejected": about_a_batch(),
    "laboratory_list": Row(get=(403, 403, 200)),
    "laboratory_new": Row(get=(403, 403, 200), post=(403, 403, 302), data=lambda _world: {"name": "Another lab"}),
    "laboratory_edit": Row(
        get=(403, 403, 200),
        post=(403, 403, 302),
        foreign_get=(403, 403, 200),  # how a laboratory reports is the installation's, not a team's
        foreign_post=(403, 403, 302),
        path=lambda _thing: (Laboratory.objects.get(key="hospital lab").pk,),
        absent=lambda _thing: (ABSENT,),
        data=lambda _world: {"name": "Hospital lab"},
    ),
    "interval_list": Row(
        get=(403, 403, 200),
        foreign_get=(403, 403, 200),
        foreign_post=NEVER,
        path=lambda _thing: (Laboratory.objects.get(key="hospital lab").pk,),
        absent=lambda _thing: (ABSENT,),
    ),
    "interval_new": Row(
        get=(403, 403, 200),
        post=(403, 403, 302),
        foreign_get=(403, 403, 200),
        foreign_post=(403, 403, 302),
        path=lambda _thing: (Laboratory.objects.get(key="hospital lab").pk,),
        absent=lambda _thing: (ABSENT,),
        data=lambda _world: {"valid_from": "2026-01-01", "high_CEA": "4.3", "unit_CEA": "ng/mL"},
    ),
    "interval_close": Row(
        get=(403, 403, 200),
        post=(403, 403, 302),
        foreign_get=(403, 403, 200),
        foreign_post=(403, 403, 302),
        path=lambda _thing: of_the_interval(),
        absent=lambda _thing: (ABSENT, ABSENT),
        data=lambda _world: {"last_day": "2026-03-01"},
    ),
    "entry_bands": Row(get=(400, 400, 400), anyone=(401, 405)),  # without a question
    "entry_draft": Row(
        get=(200, 200, 403),
        foreign_post=NEVER,
        path=lambda thing: ("draw", thing.patient.pk),
        absent=lambda _thing: ("draw", ABSENT),
        anyone=(401, 405),
    ),
    "entry_token": Row(get=ALL, anyone=(401, 405)),
    "entry_check": Row(get=NEVER, post=(400, 400, 403), anyone=(405, 401)),  # a form's body is no JSON
    "follow_up": about_a_patient(get=ALL),
    "call_record": sent_about_a_patient(lambda _world: {"outcome": "no_answer"}),
    "plan_pause": sent_about_a_patient(lambda _world: {"until": in_a_month(), "reason": "in hospital"}),
    "plan_resume": sent_about_a_patient(nothing),
    "plan_stop": sent_about_a_patient(lambda _world: {"reason": "treatment ended"}),
    "import_columns": file_step(get=(302, 403, 302)),
    "import_confirm": file_step(get=NEVER),
    "import_discard": file_step(get=NEVER),
    "patient_results": about_a_patient(get=ALL),
    "patient_numbers": about_a_patient(
        get=(200, 200, 403), post=(302, 302, 403), data=lambda _world: {"number": "N-78", "reason": "new card"}
    ),
    "patient_merges": about_a_patient(get=(403, 200, 200), post=(403, 200, 200), data=lambda _world: {"q": "Zhuo"}),
    "patient_merge_undo": Row(
        get=NEVER,
        foreign_get=NEVER,
        post=(403, 302, 302),
        path=of_patient,
        absent=of_nobody,
        data=lambda _world: {"merge": "1"},
    ),
    # Two records of one team: tests/patients/test_views_merging.py. Here both are one, which is sent back.
    "patient_merge": Row(
        get=(403, 302, 302),
        post=(403, 302, 302),
        path=lambda thing: (thing.patient.pk, thing.patient.pk),
        absent=lambda _thing: (ABSENT, ABSENT),
        data=lambda _world: {"reason": "one person"},
    ),
    "draw_correct": about_a_draw(get=(200, 200, 403), post=(409, 409, 403)),  # what was seen is not said: shown again
    "draw_history": about_a_draw(get=ALL),
    "to_check": Row(get=(200, 200, 403)),
    "draw_verify": about_a_draw(get=(200, 200, 403), post=(422, 422, 403)),  # nothing is ticked
    "draw_second_entry": about_a_draw(get=(200, 200, 403), post=(422, 422, 403)),  # nothing is typed
    "clinic": Row(get=(200, 200, 403), post=(422, 422, 403)),
    "clinic_draft": Row(get=(200, 200, 403), anyone=(401, 405)),
    "dates": about_a_patient(get=(200, 200, 403), post=(422, 422, 403)),
    "dates_draft": Row(get=(200, 200, 403), foreign_post=NEVER, path=of_patient, absent=of_nobody, anyone=(401, 405)),
}
NOT_A_TEAMS: Final = (
    "outbox_message",
    "marker_detail",
    "laboratory_edit",
    "interval_list",
    "interval_new",
    "interval_close",
)


def addresses() -> Iterator[str]:
    """The name of every pattern of the resolver, also of those that are included."""

    def below(patterns: list[Any]) -> Iterator[URLPattern]:
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                yield pattern
            else:
                yield from below(pattern.url_patterns)

    for pattern in below(get_resolver().url_patterns):
        yield pattern.name or str(pattern.pattern)


def owned_by(team: Team, starter: User, *, author: User, told: User) -> Owned:
    patient = patient_with(team, RISING, name=f"Zhuo {team.name}")
    set_plan(actor=ACTOR, patient_id=patient.pk, markers=["CEA"], every_weeks=2, starts_on=FIRST_DRAW)
    run(patient)
    batch = ImportBatch.objects.create(file_name="a.csv", sha256="0" * 64, care_team=team, started_by=starter)
    draw = Draw.objects.filter(patient=patient).order_by("pk").first()
    assert draw is not None
    note = note_by(author, patient, tell=[told])
    mention = Mention.objects.get(version__note=note)
    return Owned(patient, draw.pk, the_alert(patient).pk, batch.pk, note.pk, mention.pk)


@pytest.fixture(scope="module")
def record(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """Two teams and all there is of each, made once: what a test does is taken back by its own transaction."""
    with django_db_blocker.unblock(), taken_back():
        with override_settings(PASSWORD_HASHERS=QUICK_HASHERS):
            cast = make_cast()
        hospital = Laboratory.objects.create(key="hospital lab", name="Hospital lab")
        line("NSE", "", "16.3", "ng/mL", of=hospital.name)
        own = owned_by(cast.team, cast.nurse, author=cast.nurse, told=cast.clinician)
        author = colleague(cast.other_team, "colleague")
        other = owned_by(cast.other_team, cast.stranger, author=author, told=cast.stranger)
        yield World(cast, own, other, {who: session_of(getattr(cast, who)) for who in SIGNED_IN})


def session_of(person: User) -> str:
    """The person signed in once; each request then goes on in that session."""
    client = Client()
    client.force_login(person)
    return client.cookies[django_settings.SESSION_COOKIE_NAME].value


@pytest.fixture
def world(record: World, db: None, settings: Settings, tmp_path: Path) -> World:
    settings.MEDIA_ROOT = tmp_path / "uploads"
    settings.OUTBOX_DIR = tmp_path / "outbox"
    settings.OUTBOX_DIR.mkdir()
    write(settings.OUTBOX_DIR, MAIL)
    return record


def record_as_it_stands() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table but the audit log and the sessions."""
    tables = [
        model._meta
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label not in NOT_RECORD and model._meta.managed and not model._meta.proxy
    ]
    with connection.cursor() as cursor:
        return {meta.db_table: rows_of(cursor, meta.db_table, by=str(meta.pk.column)) for meta in tables}


def rows_of(cursor: Any, table: str, *, by: str) -> list[tuple[Any, ...]]:
    """By hand: a query of Django's for each table took three times as long as the request that is watched."""
    cursor.execute(f'SELECT * FROM "{table}" ORDER BY "{by}"')  # noqa: S608  # names of our own models
    return list(cursor.fetchall())


class Writes:
    """Whether anything may have been written but to the audit log and the sessions: what is not known as a read is
    taken for a write. The rows are compared only then, for that takes longer than the request.
    """

    READ = re.compile(r"(SELECT|SAVEPOINT|RELEASE SAVEPOINT|ROLLBACK TO SAVEPOINT)\b")
    ELSEWHERE = re.compile(r'(INSERT INTO|UPDATE|DELETE FROM) "(audit_\w+|django_session)"')

    def __init__(self) -> None:
        self.seen = False

    def __call__(self, execute: Any, sql: str, *rest: Any) -> Any:
        self.seen = self.seen or not (self.READ.match(sql) or self.ELSEWHERE.match(sql))
        return execute(sql, *rest)


@contextmanager
def taken_back() -> Iterator[None]:
    """What is written inside is gone afterwards, so that each request meets the same record."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def ask(world: World, who: str, method: str, name: str, path: tuple[object, ...]) -> Any:
    client = Client()
    if who in world.sessions:
        client.cookies[django_settings.SESSION_COOKIE_NAME] = world.sessions[who]
    address = reverse(name, args=path)
    if method == "get":
        return client.get(address)
    typed = ROWS[name].data(world)
    if who == "stranger" and "care_team" in typed:
        typed["care_team"] = world.cast.other_team.pk
    if who == "stranger" and "seen" in typed:
        typed |= {"seen": last_event_id(world.other.alert), "owner": world.cast.stranger.pk}
    return client.post(address, typed)


def said(response: Any) -> str:
    """The page without the token of its forms, which differs each time, and without the address that was asked for."""
    page = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.content.decode())
    return page.replace(response.wsgi_request.path, "")


def answered(response: Any) -> int:
    to_sign_in = response.status_code == 302 and response["Location"].startswith(reverse("account_login") + "?next=")
    return LOGIN if to_sign_in else int(response.status_code)


def things(world: World, row: Row) -> list[Owned]:
    return [world.own] if row.path is None else [world.own, world.other]


def refused(status: int) -> bool:
    return status in {LOGIN, 403, 404, 405}


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    assert sorted(addresses()) == sorted(ROWS)


@pytest.mark.parametrize("name", sorted(ROWS))
def test_everybody_gets_what_the_table_says_and_a_refusal_changes_nothing(world: World, name: str) -> None:
    row = ROWS[name]
    before = record_as_it_stands()
    for thing in things(world, row):
        path = row.path(thing) if row.path else ()
        for who in PEOPLE:
            for method in ("get", "post"):
                writes = Writes()
                with taken_back():
                    with connection.execute_wrapper(writes):
                        response = ask(world, who, method, name, path)
                    expected = row.expected(method, who, mine=world.belongs_to(who, thing))
                    case = (method, who, "own" if thing is world.own else "other")
                    assert (case, answered(response)) == (case, expected)
                    if refused(expected) and writes.seen:
                        assert (case, record_as_it_stands()) == (case, before)


@pytest.mark.parametrize("name", sorted(name for name, row in ROWS.items() if row.absent and name not in NOT_A_TEAMS))
def test_what_is_forbidden_looks_like_what_is_absent(world: World, name: str) -> None:
    row = ROWS[name]
    assert row.path is not None
    assert row.absent is not None
    for who in SIGNED_IN:
        foreign = world.own if who == "stranger" else world.other
        for method in ("get", "post"):
            with taken_back():
                hidden = ask(world, who, method, name, row.path(foreign))
                absent = ask(world, who, method, name, row.absent(foreign))
            assert (who, method, absent.status_code) == (who, method, hidden.status_code)
            assert said(absent) == said(hidden)
            # The length follows that of the address, which stands in the page.
            assert {**absent.headers, "Content-Length": ""} == {**hidden.headers, "Content-Length": ""}


@pytest.mark.parametrize("name", ["worklist", "patient_list", "enter_results", "import_list"])
def test_a_list_holds_the_viewers_own_and_nothing_of_another_team(world: World, name: str) -> None:
    for thing in (world.own, world.other):
        set_plan(actor=ACTOR, patient_id=thing.patient.pk, markers=["CEA"], every_weeks=2, starts_on=FIRST_DRAW)
    links = {"import_list": ("import_detail", "batch"), "enter_results": ("draw_new", "patient")}
    page, field = links.get(name, ("patient", "patient"))
    for who in SIGNED_IN:
        if ROWS[name].expected("get", who, mine=True) != 200:
            continue
        shown = ask(world, who, "get", name, ()).content.decode()
        for thing in (world.own, world.other):
            key = thing.batch if field == "batch" else thing.patient.pk
            link = re.search(rf'"{reverse(page, args=[key])}["?]', shown)  # a link of the worklist names its filters
            assert (who, link is not None) == (who, world.belongs_to(who, thing))


def test_a_draw_is_not_shown_under_another_patient(world: World) -> None:
    assert ask(world, "nurse", "get", "draw", (world.own.patient.pk, world.other.draw)).status_code == 404
    assert ask(world, "nurse", "get", "draw", (world.other.patient.pk, world.own.draw)).status_code == 404


def test_a_patient_cannot_be_put_into_a_team_of_others(world: World) -> None:
    client = Client()
    client.force_login(world.cast.nurse)
    answer = client.post(reverse("patient_new"), new_patient(world) | {"care_team": world.cast.other_team.pk})
    assert answer.status_code == 422
    assert Patient.objects.count() == 2


def test_a_file_cannot_be_taken_in_for_a_team_of_others(world: World) -> None:
    client = Client()
    client.force_login(world.cast.nurse)
    client.post(reverse("import_list"), upload(world) | {"care_team": world.cast.other_team.pk})
    assert ImportBatch.objects.count() == 2


def test_who_was_switched_off_is_out_with_the_next_request(world: World) -> None:
    client = Client()
    client.force_login(world.cast.nurse)
    address = reverse("patient", args=[world.own.patient.pk])
    assert client.get(address).status_code == 200
    User.objects.filter(pk=world.cast.nurse.pk).update(is_active=False)
    assert answered(client.get(address)) == LOGIN


# --- headers --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", sorted(ROWS))
def test_every_answer_carries_the_headers_that_protect_it(world: World, name: str) -> None:
    row = ROWS[name]
    for thing in things(world, row):
        for who in PEOPLE:
            with taken_back():
                check_headers(
                    ask(world, who, "get", name, row.path(thing) if row.path else ()), signed_in=who in SIGNED_IN
                )


@pytest.mark.parametrize("who", PEOPLE)
def test_pages_that_are_nowhere_carry_them_too(world: World, who: str) -> None:
    client = Client()
    if person := world.person(who):
        client.force_login(person)
    response = client.get("/nowhere/")
    assert response.status_code == 404
    check_headers(response, signed_in=who in SIGNED_IN)


def check_headers(response: Any, *, signed_in: bool) -> None:
    policy = {part.split()[0]: part.split()[1:] for part in response["Content-Security-Policy"].split(";")}
    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == ["'self'"]
    assert policy["frame-ancestors"] == ["'none'"]
    assert policy["base-uri"] == ["'none'"]
    assert policy["form-action"] == ["'self'"]
    assert "unsafe-" not in response["Content-Security-Policy"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    if signed_in:
        assert response["Cache-Control"] == "no-store"


# --- the audit log --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", sorted(ROWS))
def test_every_refusal_of_a_signed_in_person_is_in_the_audit_log_once(world: World, name: str) -> None:
    row = ROWS[name]
    for thing in things(world, row):
        for who in SIGNED_IN:
            person = world.person(who)
            assert person is not None
            for method in ("get", "post"):
                expected = row.expected(method, who, mine=world.belongs_to(who, thing))
                with taken_back():
                    begun = AuditEvent.objects.count()
                    ask(world, who, method, name, row.path(thing) if row.path else ())
                    new = [(event.actor, event.action) for event in AuditEvent.objects.order_by("pk")[begun:]]
                refusals = [actor for actor, action in new if action.endswith(".refused")]
                assert (method, who, refusals) == (method, who, [person.audit_name] * (expected in {403, 404}))


def test_the_refusal_names_what_was_asked_for(world: World) -> None:
    cast, own = world.cast, world.own
    ask(world, "stranger", "get", "patient", (own.patient.pk,))
    ask(world, "stranger", "get", "alert", (own.alert,))
    ask(world, "nurse", "get", "import_detail", (world.other.batch,))
    ask(world, "nurse", "get", "outbox", ())
    rows = AuditEvent.objects.filter(action__endswith=".refused").order_by("pk")
    assert [(event.actor, event.action, event.object_id) for event in rows] == [
        (cast.stranger.audit_name, "patient.refused", str(own.patient.pk)),
        (cast.stranger.audit_name, "alert.refused", str(own.alert)),
        (cast.nurse.audit_name, "import.refused", str(world.other.batch)),
        (cast.nurse.audit_name, "permission.refused", "view_outbox"),
    ]

"""Whatever is typed, kept, lost, saved twice and corrected, in whatever order: what was answered "saved" is on record.

Hypothesis makes up the sequences; the pages, the services and the database are the real ones. Beside them a plain
dictionary holds what each person was told. More sequences, for a night: LEADTIME_SEQUENCES=2000.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from dataclasses import dataclass, field
from html import unescape
from typing import Any, Final

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.models import User
from audit.services import seal, verify
from patients.catalogue import catalogue
from patients.models import Draw, DrawChange, EntryDraft, EntryScope, Result
from patients.reading import read_cell
from patients.services import NewDraw, NewResult, record_draw, result_of
from patients.services.drafts import stands_in
from patients.services.draws import CHANGED_AT_SOURCE, ENTERED_AGAIN
from tests.cast import ACTOR, Cast, make_cast, make_patient
from tests.patients.papers import paper
from tests.patients.test_views_corrections import fields

SEQUENCES: Final = int(os.environ.get("LEADTIME_SEQUENCES", "12"))
STEPS: Final = 30
# Each step is a few real requests: a failure is made as short as can be only where somebody waits for it.
PHASES: Final = tuple(Phase) if "LEADTIME_SEQUENCES" in os.environ else (Phase.explicit, Phase.reuse, Phase.generate)

MARKERS = ("CEA", "CYFRA211", "NSE")
DAYS = ("2026-03-02", "2026-03-30")
CLINIC_DAY = "2026-04-13"  # its draws have no time, so they are draws of their own
READS = ("3.4", "3.40", "0", "0.004", "<0.5", "≥ 12", "３．４", "＜０．５", "haemolysed", "溶血", "not done")
REFUSED = ("abc", "1-2", "1e3", "~4", "-3", "3.4.5", "<", "nd")
NUMBERS = {"3.4": "3.4", "3.40": "3.4", "３．４": "3.4", "0": "0", "0.004": "0.004", "≥ 12": ">=12"} | {
    "<0.5": "<0.5",
    "＜０．５": "<0.5",
    "haemolysed": "h",
    "溶血": "h",
    "not done": "n",
}
TAKEN_BACK = ("cancelled", "entered-in-error")

markers = st.sampled_from(MARKERS)
reads = st.sampled_from(READS)
typed = st.one_of(reads, st.sampled_from(REFUSED))
days = st.sampled_from(DAYS)
places = st.integers(0, 1)


@dataclass(frozen=True)
class Version:
    """One row of a result's history, as the person who caused it was told."""

    as_typed: str
    status: str
    reason: str
    by: str


# The number of a draft and of its state, as the page sends them back; no draft is (0, 0).
Known = tuple[int, int]


@dataclass
class Window:
    """A browser window with the page of one draw: what stands in its cells, and the draft it goes on with."""

    person: User
    client: Client
    day: str = DAYS[0]
    known: Known = (0, 0)
    cells: dict[str, str] = field(default_factory=dict)

    def paper(self, **changes: str) -> dict[str, str]:
        again = {f"confirm_{marker}": text for marker, text in self.cells.items()}
        return paper(self.cells, collected_on=self.day, draft="{}.{}".format(*self.known), **again, **changes)

    def draft(self) -> dict[str, Any]:
        cells = {marker: {"value": text} for marker, text in self.cells.items()}
        context = {"collected_on": self.day}
        return {"user": self.person.pk, "id": self.known[0], "revision": self.known[1]} | {
            "cells": cells,
            "context": context,
        }


@dataclass(frozen=True)
class Kept:
    """A draft on the server: which state of it, and what the window that sent it held."""

    state: Known
    cells: dict[str, str]
    day: str

    def is_held_by(self, page: Window) -> bool:
        """Nothing would be lost with it."""
        return self.day == page.day and all(page.cells.get(marker) == text for marker, text in self.cells.items())


class Entry(RuleBasedStateMachine):
    """Two windows of a nurse, one of a clinician, correction pages left open, a clinic, a laboratory's file."""

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[tuple[str, str], list[Version]] = {}
        self.kept: dict[str, Kept] = {}  # person -> the draft on the server
        self.facts_changed = 0
        self.open: list[tuple[str, dict[str, str], dict[str, int]]] = []
        self.example = transaction.atomic()
        self.example.__enter__()

    def teardown(self) -> None:
        try:
            seal(limit=100_000)
            assert verify().intact
        finally:
            transaction.set_rollback(True)
            self.example.__exit__(None, None, None)

    @initialize()
    def begin(self) -> None:
        self.cast: Cast = make_cast()
        self.patient = make_patient(self.cast.team)
        nurse, clinician = self._signed_in(self.cast.nurse), self._signed_in(self.cast.clinician)
        self.windows = [
            Window(self.cast.nurse, nurse),
            Window(self.cast.nurse, nurse),
            Window(self.cast.clinician, clinician),
        ]

    @staticmethod
    def _signed_in(person: User) -> Client:
        client = Client()
        client.force_login(person)
        return client

    # --- typing and keeping -----------------------------------------------------------------------------------------

    @rule(window=st.integers(0, 2), marker=markers, text=typed)
    def type_a_cell(self, window: int, marker: str, text: str) -> None:
        self.windows[window].cells[marker] = text

    @rule(window=st.integers(0, 2), marker=markers)
    def empty_a_cell(self, window: int, marker: str) -> None:
        self.windows[window].cells.pop(marker, None)

    @rule(window=st.integers(0, 2), day=days)
    def choose_the_day(self, window: int, day: str) -> None:
        self.windows[window].day = day

    @rule(window=st.integers(0, 2), answer_lost=st.booleans())
    def keep_a_draft(self, window: int, answer_lost: bool) -> None:
        page = self.windows[window]
        answer = page.client.put(self._draft_address(), json.dumps(page.draft()), content_type="application/json")
        if page.known != self._state(page):
            assert answer.status_code == 409, "what the other window kept would have been overwritten"
            return
        assert answer.status_code == 200
        state = (answer.json()["id"], answer.json()["revision"])
        self.kept[page.person.username] = Kept(state, dict(page.cells), page.day)
        if not answer_lost:
            page.known = state

    @rule(window=st.integers(0, 2), take_theirs=st.booleans())
    def look_at_what_is_kept(self, window: int, take_theirs: bool) -> None:
        """A window opened anew, or one that was told that another kept something newer."""
        page = self.windows[window]
        draft = page.client.get(self._draft_address()).json()["draft"]
        page.known = (draft["id"], draft["revision"]) if draft else (0, 0)
        assert page.known == self._state(page)
        if draft and take_theirs:
            page.cells = {marker: cell["value"] for marker, cell in draft["cells"].items()}
            page.day = draft["context"]["collected_on"]
            assert page.cells == self.kept[page.person.username].cells

    def _state(self, page: Window) -> Known:
        kept = self.kept.get(page.person.username)
        return kept.state if kept else (0, 0)

    # --- saving -----------------------------------------------------------------------------------------------------

    @rule(window=st.integers(0, 2), answer_lost=st.booleans())
    def save_the_draw(self, window: int, answer_lost: bool) -> None:
        page = self.windows[window]
        answer = page.client.post(self._address("draw_new"), page.paper())
        if not self._saving(page):
            self._refused(page, answer, 422)
            return
        kept = self.kept.get(page.person.username)
        if kept and kept.state != page.known and not kept.is_held_by(page):
            self._refused(page, answer, 409)
            return
        assert answer.status_code == 302, answer.content.decode()
        for marker, text in page.cells.items():
            if self._standing(page.day, marker) is None:
                self._add(page.day, marker, text, by=page.person.username)
        self.kept.pop(page.person.username, None)
        if not answer_lost:
            page.cells, page.known = {}, (0, 0)

    @staticmethod
    def _refused(page: Window, answer: Any, status: int) -> None:
        assert answer.status_code == status, answer.content.decode()
        assert all(f'value="{_escaped(text)}"' in answer.content.decode() for text in page.cells.values())

    def _saving(self, page: Window) -> bool:
        """Everything reads, something is there, and nothing that stands says otherwise."""
        if not page.cells or any(text in REFUSED for text in page.cells.values()):
            return False
        return all(
            (now := self._standing(page.day, marker)) is None or NUMBERS[now.as_typed] == NUMBERS[text]
            for marker, text in page.cells.items()
        )

    @rule(day=days, marker=markers, text=reads)
    def the_laboratory_sends(self, day: str, marker: str, text: str) -> None:
        """It is the authority on its own values: another one is a correction."""
        draw = NewDraw(collected_at=_at(day), laboratory="Central", fasting="yes", haemolysis="none")
        record_draw(
            actor=ACTOR,
            patient_id=self.patient.pk,
            draw=draw,
            results=[_cell(marker, text)],
            on_difference="correct",
        )
        now = self._standing(day, marker)
        if now is None or NUMBERS[now.as_typed] != NUMBERS[text]:
            self._add(day, marker, text, by="", instead=CHANGED_AT_SOURCE)

    @rule(marker=markers, text=typed)
    def save_a_clinic(self, marker: str, text: str) -> None:
        page = self.windows[0]
        sheet = {
            "day": CLINIC_DAY,
            "laboratory": "Central",
            "markers": ",".join(MARKERS),
            "patients": str(self.patient.pk),
            "unknown": "",
            "saved": "",
            "save": "1",
            "draft": str(stands_in(EntryDraft.objects.filter(scope=EntryScope.CLINIC).first())),
            f"value_{self.patient.pk}_{marker}": text,
            f"confirm_{self.patient.pk}_{marker}": text,
        }
        now = self._standing(CLINIC_DAY, marker)
        answer = page.client.post(reverse("clinic"), sheet)
        if text in REFUSED or (now is not None and NUMBERS[now.as_typed] != NUMBERS[text]):
            assert f'value="{_escaped(text)}"' in answer.content.decode()
            [left] = EntryDraft.objects.get(scope=EntryScope.CLINIC).cells.values()
            assert left["value"] == text
        elif now is None:
            self._add(CLINIC_DAY, marker, text, by=page.person.username)

    # --- correcting -------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.told)
    @rule(data=st.data(), window=st.integers(0, 2))
    def open_a_correction(self, data: st.DataObject, window: int) -> None:
        """A page that somebody leaves open while others go on."""
        day = data.draw(st.sampled_from(sorted({day for day, _marker in self.told})))
        answer = self.windows[window].client.get(self._address("draw_correct", day))
        form = {name: unescape(text) for name, text in fields(answer.content.decode()).items()}
        self.open.append((day, form, self._versions(day)))

    @precondition(lambda self: self.open)
    @rule(data=st.data(), window=st.integers(0, 2), text=typed, act=st.sampled_from(("", *TAKEN_BACK)))
    def send_a_correction(self, data: st.DataObject, window: int, text: str, act: str) -> None:
        day, form, seen = data.draw(st.sampled_from(self.open))
        marker = data.draw(st.sampled_from(sorted(seen)))
        reason = data.draw(st.sampled_from(("typed from the wrong line", "the laboratory called", "")))
        page = self.windows[window]
        change = {f"act_{marker}": act} if act else {f"value_{marker}": text, f"confirm_{marker}": text}
        answer = page.client.post(self._address("draw_correct", day), form | change | {"reason": reason})
        if not self._correcting(day, marker, text, act, reason, seen):
            assert answer.status_code in {409, 422}, answer.status_code
            return
        assert answer.status_code == 302, answer.content.decode()
        old = self.told[day, marker][-1]
        new = Version(old.as_typed, act, reason, page.person.username)
        self.told[day, marker].append(new if act else Version(text, "corrected", reason, page.person.username))

    def _correcting(self, day: str, marker: str, text: str, act: str, reason: str, seen: dict[str, int]) -> bool:
        """The page is not stale, a reason is given, and what was typed is another value that reads."""
        now, old = self._versions(day), self.told[day, marker][-1]
        if not reason or any(now[code] != version for code, version in seen.items()):
            return False
        if act:
            return old.status not in TAKEN_BACK
        return text not in REFUSED and (old.status in TAKEN_BACK or text != old.as_typed)

    # --- what holds after each step ---------------------------------------------------------------------------------

    @invariant()
    def the_record_holds_every_value_as_typed_with_its_history_and_nothing_else(self) -> None:
        found: dict[tuple[str, str], list[Version]] = {}
        rows = Result.objects.select_related("draw", "recorded_by", "replaces").order_by("version")
        for row in rows:
            chain = found.setdefault((f"{row.draw.collected_at:%Y-%m-%d}", row.marker_id), [])
            assert row.version == len(chain) + 1
            chain.append(Version(row.as_typed, row.status, row.reason, str(row.recorded_by or "")))
        assert found == self.told
        assert not DrawChange.objects.exists()

    @invariant()
    def what_was_kept_and_not_saved_is_still_there(self) -> None:
        drafts = EntryDraft.objects.filter(scope=EntryScope.DRAW).select_related("user")
        found = {
            draft.user.username: Kept(
                (draft.pk, draft.revision),
                {marker: cell["value"] for marker, cell in draft.cells.items()},
                draft.context["collected_on"],
            )
            for draft in drafts
        }
        assert found == self.kept

    # --- the dictionary ---------------------------------------------------------------------------------------------

    def _standing(self, day: str, marker: str) -> Version | None:
        chain = self.told.get((day, marker))
        return None if not chain or chain[-1].status in TAKEN_BACK else chain[-1]

    def _add(self, day: str, marker: str, text: str, *, by: str, instead: str = "") -> None:
        chain = self.told.setdefault((day, marker), [])
        if not chain:
            chain.append(Version(text, "final", "", by))
        else:
            again = ENTERED_AGAIN if chain[-1].status in TAKEN_BACK else instead
            chain.append(Version(text, "corrected", again, by))

    def _versions(self, day: str) -> dict[str, int]:
        return {marker: len(chain) for (when, marker), chain in self.told.items() if when == day}

    def _address(self, page: str, day: str = "") -> str:
        args = [self.patient.pk]
        if day:
            args.append(Draw.objects.get(collected_at__date=day).pk)
        return reverse(page, args=args)

    def _draft_address(self) -> str:
        return reverse("entry_draft", args=["draw", self.patient.pk])


def _at(day: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"{day}T08:15:00+00:00")


def _cell(marker: str, text: str) -> NewResult:
    definition = catalogue().marker(marker)
    return result_of(read_cell(marker=definition, text=text, unit=definition.unit))


def _escaped(text: str) -> str:
    return text.replace("<", "&lt;").replace(">", "&gt;")


@pytest.mark.django_db
def test_any_sequence_of_edits_drafts_lost_answers_and_corrections_keeps_every_saved_value_and_its_history() -> None:
    run_state_machine_as_test(
        Entry,
        settings=settings(
            max_examples=SEQUENCES,
            stateful_step_count=STEPS,
            deadline=None,
            phases=PHASES,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )

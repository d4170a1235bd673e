"""A file finds the draw that it means, however that draw was written down and whatever was said of it since."""

from __future__ import annotations

import datetime as dt
from functools import partial

import pytest
from django.test import Client
from django.urls import reverse

from exchange import previews, tasks
from exchange.shown import seen
from patients.models import BatchState, Draw, DrawChange, Result
from patients.services import NewDraw, Seen, record_draw, revise_draw, save_laboratory, take_back_draw
from tests.cast import Cast, make_patient, reading
from tests.exchange.files import HEADER, refusals, take_in
from tests.exchange.test_batches import own_folder, received
from tests.exchange.test_draw_facts import FACTS, outcome
from tests.exchange.test_said_of_files import BY_SAMPLE, SAMPLES, drawn

__all__ = ["own_folder"]

BY_DAY = HEADER + "P1,CEA,3.2,ng/mL,2024-03-12\n"
AT_A_QUARTER_PAST = dt.datetime(2024, 3, 12, 8, 15, tzinfo=dt.UTC)


def seen_of(draw: Draw) -> Seen:
    return Seen(version=draw.version, results={row.marker_id: row.pk for row in draw.results.current()})


def in_trends() -> list[tuple[str, str]]:
    rows = Result.objects.for_trends().order_by("pk").values_list("draw__patient__name", "as_typed")
    return [(name, typed) for name, typed in rows]


def test_the_number_of_a_draw_that_was_taken_back_leads_to_nobody(cast: Cast) -> None:
    drawn(make_patient(cast.team, number="P1"), "A7")
    draw = Draw.objects.get()
    take_back_draw(actor="t", draw_id=draw.pk, seen=seen_of(draw), reason="another's blood", recorded_by=cast.nurse)
    file = SAMPLES + "A7,NSE,90,ng/mL,2024-03-12\n"
    take = partial(take_in, file, mapping=BY_SAMPLE, user=cast.nurse, care_team=cast.team)
    assert outcome(take()) == (0, 0, 0, 1)
    assert in_trends() == []
    drawn(make_patient(cast.team, number="P2", name="Right One"), "A7")
    assert outcome(take()) == (1, 0, 0, 0)
    assert {name for name, _typed in in_trends()} == {"Right One"}


def test_a_laboratory_is_the_same_however_a_file_writes_its_name(cast: Cast) -> None:
    save_laboratory(actor="t", name="Central", decimal_comma=False, is_active=True, lines=[], second_check="blind")
    record_draw(
        actor="t",
        patient_id=make_patient(cast.team, number="P1").pk,
        recorded_by=cast.nurse,
        draw=NewDraw(collected_at=AT_A_QUARTER_PAST, laboratory="Central", accession="S1"),
        results=[reading("CEA", "3")],
    )
    header = "patient_id,marker,value,unit,collected_at,sample_id,laboratory\n"
    assert outcome(take_in(header + "P1,CEA,3,ng/mL,2024-03-12 08:15Z,S1, central\n")) == (0, 1, 0, 0)
    assert list(Result.objects.values_list("awaiting_check", "as_typed")) == [("blind", "3")]


def test_a_file_read_again_finds_the_draw_that_a_paper_said_more_of(cast: Cast) -> None:
    patient = make_patient(cast.team, number="P1")
    take_in(BY_DAY)
    record_draw(
        actor="t",
        patient_id=patient.pk,
        recorded_by=cast.nurse,
        same_as=Draw.objects.get().pk,
        draw=NewDraw(collected_at=AT_A_QUARTER_PAST, laboratory="Central", accession="A1"),
        results=[reading("NSE", "12")],
    )
    assert DrawChange.objects.count() == 3
    assert outcome(take_in(BY_DAY)) == (0, 1, 0, 0)
    draw = Draw.objects.get()
    assert (draw.collected_at, draw.laboratory, draw.accession) == (AT_A_QUARTER_PAST, "Central", "A1")


def test_a_file_read_again_brings_nothing_back_to_a_day_that_was_wrong(cast: Cast) -> None:
    make_patient(cast.team, number="P1")
    file = HEADER + "P1,CEA,3.2,ng/mL,2024-03-12 08:15Z\n"
    take_in(file)
    draw = Draw.objects.get()
    right = AT_A_QUARTER_PAST - dt.timedelta(days=1)
    revise_draw(
        actor="t",
        draw_id=draw.pk,
        seen=seen_of(draw),
        reason="the day before",
        recorded_by=cast.nurse,
        facts=NewDraw(collected_at=right),
    )
    assert outcome(take_in(file)) == (0, 1, 0, 0)
    assert Draw.objects.get().collected_at == right
    new = file + "P1,NSE,9,ng/mL,2024-03-12 08:15Z\n"
    assert outcome(take_in(new)) == (1, 1, 0, 0)
    assert Draw.objects.get().results.count() == 2


def test_a_draw_named_by_what_it_was_and_by_what_it_is_in_one_file_is_not_guessed_at(cast: Cast) -> None:
    make_patient(cast.team, number="P1")
    take_in(BY_DAY)
    draw = Draw.objects.get()
    revise_draw(
        actor="t",
        draw_id=draw.pk,
        seen=seen_of(draw),
        reason="the day after",
        recorded_by=cast.nurse,
        facts=NewDraw(collected_at=draw.collected_at + dt.timedelta(days=1), time_known=False),
    )
    both = BY_DAY + "P1,CEA,3.4,ng/mL,2024-03-13\n"
    assert refusals(both) == [(2, "draw_on_record")]
    assert list(Result.objects.values_list("draw_id", flat=True).distinct()) == [draw.pk]


# --- what a file says of a draw that is on record


@pytest.fixture
def on_record(cast: Cast) -> Draw:
    outcome = record_draw(
        actor="t",
        patient_id=make_patient(cast.team, number="P1").pk,
        draw=NewDraw(collected_at=dt.datetime(2024, 3, 12, 8, 3, tzinfo=dt.UTC), accession="S1"),
        results=[reading("NSE", "12")],
    )
    return Draw.objects.get(pk=outcome.draw_id)


REPEAT = FACTS + "P1,NSE,12,ng/mL,2024-03-12 08:03Z,S1,yes,no\n"


def test_the_preview_says_what_a_draw_on_record_is_told_of_itself(cast: Cast, client: Client, on_record: Draw) -> None:
    batch = received(cast, REPEAT, dry_run=True)
    tasks.import_file(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.results_repeated, batch.to_check) == (BatchState.PREVIEWED, 1, 1)
    client.force_login(cast.nurse)
    page = " ".join(client.get(reverse("import_detail", args=[batch.pk])).content.decode().split())
    assert "The draw on record is told what it does not say yet. Fasting: not fasting; Haemolysis: haemolysed." in page
    assert not DrawChange.objects.exists()


def test_what_a_draw_is_told_of_itself_is_written_as_it_was_shown_or_not_at_all(cast: Cast, on_record: Draw) -> None:
    Draw.objects.filter(pk=on_record.pk).update(fasting="no")
    batch = received(cast, REPEAT, dry_run=True)
    tasks.import_file(batch.pk)
    batch.refresh_from_db()
    Draw.objects.filter(pk=on_record.pk).update(fasting="unknown")
    previews.confirm(user=cast.nurse, batch_id=batch.pk, seen_as=seen(batch), nudge=lambda _batch: None)
    tasks.import_file(batch.pk)
    batch.refresh_from_db()
    assert batch.state != BatchState.DONE
    assert not DrawChange.objects.exists()

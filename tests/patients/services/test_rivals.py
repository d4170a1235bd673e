"""Two people at once, on the database that lets them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from patients.models import Draw, DrawChange, Result
from patients.services import DrawFactsDiffer, DrawOutcome, NewDraw, OtherDrawOfTheDay, record_draw
from tests.cast import ACTOR, Cast, make_cast, make_patient, reading
from tests.monitoring.services.test_rivals import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
AT = dt.datetime(2026, 3, 2, 8, 15, tzinfo=dt.UTC)


@pytest.fixture
def committed_cast(transactional_db: None) -> Cast:
    return make_cast()


def test_of_two_who_save_one_blood_at_the_same_moment_the_second_is_asked(committed_cast: Cast) -> None:
    """Each describes it a little differently, so neither would be recognised as the other."""
    for _ in range(5):
        patient = make_patient(committed_cast.team)
        papers = [NewDraw(collected_at=AT), NewDraw(collected_at=AT, laboratory="Central")]

        def save(paper: NewDraw, patient_id: int = patient.pk) -> DrawOutcome | OtherDrawOfTheDay:
            try:
                return record_draw(
                    actor=ACTOR, patient_id=patient_id, draw=paper, results=[reading("CEA", "9.1")], ask_same_day=True
                )
            except OtherDrawOfTheDay as asks:
                return asks

        done = at_once(*(lambda paper=paper: save(paper) for paper in papers))
        draw = Draw.objects.get(patient=patient)
        [asked] = [one for one in done if isinstance(one, OtherDrawOfTheDay)]
        assert asked.draw_id == draw.pk
        assert Result.objects.filter(draw__patient=patient).count() == 1


def test_of_two_who_add_contradicting_facts_at_the_same_moment_one_is_refused(committed_cast: Cast) -> None:
    patient = make_patient(committed_cast.team)
    bare = NewDraw(collected_at=AT)
    first = record_draw(actor=ACTOR, patient_id=patient.pk, draw=bare, results=[reading("CEA", "9.1")])

    def add(state: str) -> DrawOutcome | DrawFactsDiffer:
        paper = replace(bare, haemolysis=state)
        try:
            return record_draw(
                actor=ACTOR, patient_id=patient.pk, draw=paper, results=[reading("CEA", "9.1")], same_as=first.draw_id
            )
        except DrawFactsDiffer as refusal:
            return refusal

    done = at_once(lambda: add("none"), lambda: add("present"))
    assert sum(isinstance(one, DrawFactsDiffer) for one in done) == 1
    assert DrawChange.objects.get().new == Draw.objects.get().haemolysis
    assert Draw.objects.get().version == 2

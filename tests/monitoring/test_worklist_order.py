"""Who is on the list, in which order, and what a filter leaves out."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Membership, User
from monitoring.services import acknowledge_alert, restate_places
from monitoring.worklist import Worklist, worklist
from monitoring.worklist_filters import Filters, read_filters
from patients.access import visible_teams
from patients.models import Patient
from patients.services import record_treatment, set_plan
from tests.cast import ACTOR, Cast, make_patient
from tests.monitoring.alert_steps import alert_in
from tests.monitoring.scenes import CALM, FIRST_DRAW, NOW, RISING, patient_with, run, the_alert

TODAY = NOW.date()
ONE = dt.timedelta(days=1)
SPIKE = (*CALM, "4.5")
EVERY_FILTER = (
    "level=open&level=answered&level=watch&level=unread&level=calm&draw=overdue&draw=due&silent=yes"
    "&treatment=none&treatment=targeted&histology=other&histology=small_cell"
)


def look(user: User, address: str = "", **more: object) -> Worklist:
    filters = read_filters(QueryDict(address), teams=visible_teams(user))
    return worklist(user, filters=filters, now=NOW, **more)  # type: ignore[arg-type]


def names(user: User, address: str = "") -> list[str]:
    return [row.name for row in look(user, address).rows]


def of_both_teams(cast: Cast) -> None:
    Membership.objects.create(user=cast.clinician, team=cast.other_team)


# --- order ------------------------------------------------------------------------------------------------------------
def test_pages_part_one_order_by_concern_and_then_by_the_age_of_the_alert(cast: Cast) -> None:
    """No patient stands on two pages or on none, also where everything but the name is equal."""
    for at in range(3):
        patient_with(cast.team, CALM, name=f"Calm {at}")
        patient_with(cast.team, SPIKE, name=f"Watch {at}")
        run(patient_with(cast.team, RISING, name=f"Alert {at}"), now=NOW - at * ONE)
    answered = patient_with(cast.team, RISING, name="Answered")
    run(*Patient.objects.exclude(name__startswith="Alert"))
    acknowledge_alert(actor=ACTOR, user=cast.clinician, alert_id=the_alert(answered).pk, comment="CT", now=NOW)
    pages = [look(cast.clinician, page=page, page_size=3) for page in (1, 2, 3, 4)]
    assert [[row.name for row in page.rows] for page in pages] == [
        ["Alert 2", "Alert 1", "Alert 0"],
        ["Answered", "Watch 0", "Watch 1"],
        ["Watch 2", "Calm 0", "Calm 1"],
        ["Calm 2"],
    ]


def by_key(user: User, pages: int) -> list[list[str]]:
    """Each page from where the one before ended."""
    shown: list[list[str]] = []
    before = None
    for page in range(1, pages + 1):
        found = look(user, page=page, page_size=3, before=before)
        shown.append([row.name for row in found.rows])
        before = found.last and (found.last.reading, found.last.rising_since, found.last.patient_id)
    return shown


def test_pages_reached_by_the_key_of_the_last_row_are_those_that_are_counted(cast: Cast) -> None:
    for at in range(4):
        patient_with(cast.team, CALM, name="Same")
        patient_with(cast.team, SPIKE, name=f"Watch {at}")
    run(*Patient.objects.all(), patient_with(cast.team, RISING, name="Alert"))
    counted = [[row.name for row in look(cast.clinician, page=page, page_size=3).rows] for page in (1, 2, 3)]
    assert by_key(cast.clinician, 3) == counted
    assert counted[0] == ["Alert", "Watch 0", "Watch 1"]


def test_an_answer_between_two_pages_moves_nobody_over_their_edge(cast: Cast) -> None:
    """Counted from the top, the first of the second page would have moved up to the first, which was read already."""
    patients = [make_patient(cast.team, name=f"Person {at}") for at in range(6)]
    first = look(cast.clinician, page_size=3)
    assert first.last is not None
    Patient.objects.filter(pk=patients[0].pk).update(care_team=cast.other_team)
    restate_places([patients[0].pk])
    end = (first.last.reading, first.last.rising_since, first.last.patient_id)
    second = look(cast.clinician, page=2, page_size=3, before=end)
    assert [row.name for row in second.rows] == ["Person 3", "Person 4", "Person 5"]


def test_where_the_last_row_left_the_list_pages_are_counted_again(cast: Cast) -> None:
    for at in range(6):
        make_patient(cast.team, name=f"Person {at}")
    found = look(cast.clinician, page=2, page_size=3, before=(5, NOW.date(), 987654))
    assert [row.name for row in found.rows] == ["Person 3", "Person 4", "Person 5"]


def test_a_list_opens_on_the_page_of_the_row_one_comes_back_to(cast: Cast) -> None:
    patients = [make_patient(cast.team, name=f"Person {at}") for at in range(5)]
    found = look(cast.clinician, at=[patients[3].pk], page_size=2)
    assert (found.page, found.focus, [row.name for row in found.rows]) == (2, patients[3].pk, ["Person 2", "Person 3"])
    gone = look(cast.clinician, at=[987654, patients[4].pk], page_size=2)
    assert (gone.page, gone.focus) == (3, patients[4].pk)
    assert look(cast.clinician, at=[987654], page=2, page_size=2).page == 2


# --- filters ----------------------------------------------------------------------------------------------------------
def test_levels_are_those_of_the_rows(cast: Cast) -> None:
    answered = patient_with(cast.team, RISING, name="Answered")
    run(
        answered,
        patient_with(cast.team, RISING, name="Open"),
        patient_with(cast.team, SPIKE, name="Watch"),
        patient_with(cast.team, CALM, name="Calm"),
    )
    patient_with(cast.team, CALM, name="Unread")
    acknowledge_alert(actor=ACTOR, user=cast.clinician, alert_id=the_alert(answered).pk, comment="CT", now=NOW)
    shown = {
        level: names(cast.clinician, f"level={level}") for level in ("open", "answered", "watch", "unread", "calm")
    }
    assert shown == {
        "open": ["Open"],
        "answered": ["Answered"],
        "watch": ["Watch"],
        "unread": ["Unread"],
        "calm": ["Calm"],
    }
    assert names(cast.clinician, "level=open&level=calm") == ["Open", "Calm"]


def test_a_snoozed_alert_is_listed_as_such_up_to_its_end(cast: Cast) -> None:
    patient = patient_with(cast.team, CALM, name="Sleeps")
    run(patient)
    end = NOW + ONE
    alert_in(patient, snoozed_until=end)
    just_before = end - dt.timedelta(microseconds=1)
    for now, snoozed, waits in ((just_before, ["Sleeps"], []), (end, [], ["Sleeps"])):
        shown = {
            level: [row.name for row in worklist(cast.clinician, filters=_asked(cast, level), now=now).rows]
            for level in ("level=snoozed", "level=open", "level=calm")
        }
        assert shown == {"level=snoozed": snoozed, "level=open": waits, "level=calm": []}


def _asked(cast: Cast, address: str) -> Filters:
    return read_filters(QueryDict(address), teams=visible_teams(cast.clinician))


def test_mine_are_the_patients_whose_standing_alert_is_in_my_hands(cast: Cast) -> None:
    alert_in(patient_with(cast.team, CALM, name="Mine"), owner=cast.clinician)
    alert_in(patient_with(cast.team, CALM, name="Hers"), owner=cast.nurse)
    alert_in(patient_with(cast.team, CALM, name="Nobody's"))
    alert_in(patient_with(cast.team, CALM, name="Was mine"), "closed", owner=cast.clinician)
    alert_in(patient_with(cast.other_team, CALM, name="Out of sight"), owner=cast.clinician)
    assert names(cast.clinician, "mine=yes") == ["Mine"]
    assert names(cast.nurse, "mine=yes") == ["Hers"]
    found = look(cast.clinician, "mine=yes")
    assert (found.found, found.hidden_alerts, found.narrowed) == (1, 2, True)


def test_a_treatment_is_in_force_from_its_first_day_to_its_last(cast: Cast) -> None:
    for name, started, ended in (
        ("Starts today", TODAY, None),
        ("Starts tomorrow", TODAY + ONE, None),
        ("Ended yesterday", TODAY - 9 * ONE, TODAY - ONE),
        ("Ends today", TODAY - 9 * ONE, TODAY),
        ("Goes on", TODAY - 900 * ONE, None),
    ):
        patient = make_patient(cast.team, name=name)
        record_treatment(
            actor=ACTOR, patient_id=patient.pk, kind="targeted", name="osimertinib", started_on=started, ended_on=ended
        )
    operated = make_patient(cast.team, name="Operated")
    record_treatment(actor=ACTOR, patient_id=operated.pk, kind="surgery", name="lobectomy", started_on=TODAY - 99 * ONE)
    in_force = ["Ends today", "Goes on", "Starts today"]
    assert names(cast.clinician, "treatment=targeted") == in_force
    assert names(cast.clinician, "treatment=none") == ["Ended yesterday", "Operated", "Starts tomorrow"]
    assert names(cast.clinician, "treatment=chemotherapy") == []
    assert names(cast.clinician, "treatment=chemotherapy&treatment=targeted") == in_force


@pytest.mark.parametrize(("days", "shown"), [(-1, ["overdue"]), (0, ["due"]), (7, ["due"]), (8, [])])
def test_due_and_overdue_change_with_the_day(cast: Cast, days: int, shown: list[str]) -> None:
    patient = patient_with(cast.team, CALM)
    set_plan(actor=ACTOR, patient_id=patient.pk, markers=["CEA"], every_weeks=1, starts_on=TODAY + days * ONE)
    assert [one for one in ("overdue", "due") if names(cast.clinician, f"draw={one}")] == shown


def test_the_day_of_a_filter_is_the_clinics(cast: Cast) -> None:
    patient = patient_with(cast.team, CALM)
    set_plan(actor=ACTOR, patient_id=patient.pk, markers=["CEA"], every_weeks=1, starts_on=TODAY)
    late = dt.datetime.combine(TODAY, dt.time(20), tzinfo=dt.UTC)
    filters = read_filters(QueryDict("draw=overdue"), teams=[])
    assert worklist(cast.clinician, filters=filters, now=late).found == 0
    with timezone.override("Asia/Shanghai"):
        assert worklist(cast.clinician, filters=filters, now=late).found == 1


def test_silent_and_overdue_are_two_questions(cast: Cast) -> None:
    silent = patient_with(cast.team, CALM, name="Silent")
    Patient.objects.filter(pk=silent.pk).update(histology="small_cell")
    lacking = patient_with(cast.team, CALM, name="Lacks NSE")
    set_plan(actor=ACTOR, patient_id=lacking.pk, markers=["CEA", "NSE"], every_weeks=26, starts_on=FIRST_DRAW)
    set_plan(actor=ACTOR, patient_id=silent.pk, markers=["CEA"], every_weeks=2, starts_on=FIRST_DRAW)
    assert names(cast.clinician, "silent=yes") == ["Silent"]
    assert names(cast.clinician, "draw=overdue") == ["Lacks NSE", "Silent"]
    assert names(cast.clinician, "draw=overdue&silent=yes&histology=small_cell") == ["Silent"]
    assert names(cast.clinician, "draw=overdue&silent=yes&histology=squamous") == []


def test_teams_part_the_viewers_patients_and_show_no_others(cast: Cast) -> None:
    run(patient_with(cast.team, RISING, name="Ours"), patient_with(cast.other_team, RISING, name="Theirs"))
    foreign = look(cast.clinician, f"team={cast.other_team.pk}")
    assert (foreign.filters.ignored, [row.name for row in foreign.rows]) == ((f"team={cast.other_team.pk}",), ["Ours"])
    of_both_teams(cast)
    assert names(cast.clinician) == ["Ours", "Theirs"]
    assert names(cast.clinician, f"team={cast.other_team.pk}") == ["Theirs"]


# --- what a filter never hides ----------------------------------------------------------------------------------------
def test_alerts_outside_of_a_filter_are_counted_and_those_inside_are_not(cast: Cast) -> None:
    inside = patient_with(cast.team, RISING, name="Inside")
    Patient.objects.filter(pk=inside.pk).update(histology="small_cell")
    answered = patient_with(cast.team, RISING, name="Answered")
    run(inside, patient_with(cast.team, RISING, name="Outside"), answered, patient_with(cast.team, SPIKE))
    acknowledge_alert(actor=ACTOR, user=cast.clinician, alert_id=the_alert(answered).pk, comment="CT", now=NOW)
    hidden = {
        address: (found.hidden_alerts, found.found, found.counts.patients)
        for address in ("", "level=open", "histology=small_cell", "histology=squamous", "level=watch")
        for found in [look(cast.clinician, address)]
    }
    assert hidden == {
        "": (0, 4, 4),
        "level=open": (0, 2, 4),
        "histology=small_cell": (1, 1, 4),
        "histology=squamous": (2, 0, 4),
        "level=watch": (2, 1, 4),
    }
    assert look(cast.clinician, query="Inside").hidden_alerts == 1


def test_an_alert_on_another_page_of_the_list_is_not_hidden(cast: Cast) -> None:
    run(*[patient_with(cast.team, RISING, name=f"Alert {at}") for at in range(3)])
    assert look(cast.clinician, "histology=other", page_size=1).hidden_alerts == 0


def test_another_teams_patients_are_counted_nowhere(cast: Cast) -> None:
    theirs = patient_with(cast.other_team, RISING)
    record_treatment(actor=ACTOR, patient_id=theirs.pk, kind="targeted", name="osimertinib", started_on=FIRST_DRAW)
    set_plan(actor=ACTOR, patient_id=theirs.pk, markers=["CEA"], every_weeks=1, starts_on=FIRST_DRAW)
    run(theirs)
    for address in ("", "level=watch", "draw=overdue", "silent=yes", "treatment=targeted", "histology=other"):
        found = look(cast.clinician, address)
        assert (found.found, found.hidden_alerts, found.counts.patients) == (0, 0, 0)
        assert (found.counts.alerts, found.counts.overdue) == (0, 0)


# --- cost -------------------------------------------------------------------------------------------------------------
def test_fifty_rows_with_every_filter_on_cost_as_many_queries_as_one(cast: Cast) -> None:
    of_both_teams(cast)
    address = f"{EVERY_FILTER}&team={cast.team.pk}&team={cast.other_team.pk}"

    def add(count: int) -> None:
        for number in range(count):
            patient = patient_with(cast.team, RISING[: 6 if number == 0 else 1], name=f"Person {number}")
            set_plan(actor=ACTOR, patient_id=patient.pk, markers=["CEA"], every_weeks=1, starts_on=FIRST_DRAW)
            record_treatment(
                actor=ACTOR, patient_id=patient.pk, kind="targeted", name="osimertinib", started_on=FIRST_DRAW
            )
            run(patient)

    def queries() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as captured:
            found = look(cast.clinician, address, query="person")
        return len(found.rows), len(captured)

    add(1)
    one = queries()
    add(49)
    assert one[0] == 1
    assert queries() == (50, one[1])

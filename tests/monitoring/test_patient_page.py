from __future__ import annotations

import datetime as dt

from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring.patient_page import patient_page
from monitoring.services import acknowledge_alert
from patients.services import record_treatment, set_plan
from tests.cast import ACTOR, Cast, give_draw, make_patient
from tests.monitoring.scenes import CALM, FIRST_DRAW, NOW, RISING, correct, day, patient_with, run, the_alert


def test_a_rise_is_explained_from_the_stored_finding(cast: Cast) -> None:
    patient = patient_with(cast.team, RISING)
    run(patient)
    page = patient_page(patient, now=NOW)
    assert page.level == "alert"
    assert page.why is not None
    (cea,) = page.why.moved
    assert (cea.short_name, cea.last, cea.state) == ("CEA", "6.0", "sustained_rise")
    assert cea.support == ("23-Jun-2025", "04-Aug-2025")
    assert cea.confirmed == "yes, the latest draw speaks for it, and so do the others without the strongest one"
    assert [row.says for row in cea.draws][:2] == ["supports", "supports"]
    assert len(cea.classical) > 10
    assert page.why.level.reasons == ("Sustained rise of a tumour marker: CEA",)
    assert page.why.level.index.startswith("Watch index ")
    assert (page.why.level.weighed, page.why.level.label, page.why.older_alert) == ("CEA", "", False)
    assert page.why.results_read == 6
    (alert,) = page.alerts
    assert (alert.is_open, alert.markers, alert.age) == (True, "CEA", "today")


def test_of_a_calm_marker_no_draw_is_shown_as_speaking_for_a_rise(cast: Cast) -> None:
    """The engine keeps which draws fit a rise best; of a marker that is no reason that is noise."""
    patient = patient_with(cast.team, RISING, also={"ALP": "80"})
    give_draw(patient, day(6), {"CEA": "8.0", "ALP": "82"})
    run(patient)
    page = patient_page(patient, now=NOW)
    assert page.table is not None
    supports = {row.code: any(cell and cell.supports for cell in row.cells) for row in page.table.rows}
    assert supports == {"CEA": True, "ALP": False}


def test_an_alert_that_newer_draws_would_not_raise_is_said_to_stand(cast: Cast) -> None:
    patient = patient_with(cast.team, RISING)
    run(patient)
    for at in range(6, 12):
        give_draw(patient, day(at), {"CEA": "2.0"})
    run(patient)
    page = patient_page(patient, now=NOW)
    assert page.why is not None
    assert (page.level, page.why.evaluation.level, page.why.older_alert) == ("alert", "none", True)


def test_a_series_that_was_emptied_since_stops_no_page(cast: Cast) -> None:
    patient = patient_with(cast.team, RISING, also={"ALP": "80"})
    run(patient)
    for at in range(6):
        correct(patient, at, None)
    page = patient_page(patient, now=NOW)
    assert page.why is not None
    assert (page.why.moved, [one.code for one in page.why.still]) == ((), ["ALP"])


def test_what_was_left_out_of_a_draw_for_one_reason_is_said_once(cast: Cast) -> None:
    patient = make_patient(cast.team)
    for at in range(4):
        give_draw(patient, day(at), {"CEA": "2.0", "CYFRA211": "1.5", "ALP": "80"})
    record_treatment(
        actor=ACTOR,
        patient_id=patient.pk,
        kind="chemotherapy",
        name="cisplatin",
        started_on=day(3) - dt.timedelta(days=9),
    )
    run(patient)
    page = patient_page(patient, now=NOW)
    assert page.why is not None
    assert [(one.day, one.text, one.values) for one in page.why.noted] == [
        ("12-May-2025", "not used: too soon after a treatment was started", "CEA 2.0, CYFRA 21-1 1.5"),
        ("12-May-2025", "own level re-based: a treatment was started", "CEA 2.0, CYFRA 21-1 1.5"),
    ]


def test_an_alert_names_its_markers_in_the_order_of_the_catalogue(cast: Cast) -> None:
    patient = patient_with(cast.team)
    for at, (bap, ctx) in enumerate((("12", "0.2"), ("12", "0.2"), ("12", "0.2"), ("12", "0.2"), ("30", "0.6"))):
        give_draw(patient, day(at) + dt.timedelta(days=1), {"BAP": bap, "BCTX": ctx})
    give_draw(patient, day(5) + dt.timedelta(days=1), {"BAP": "40", "BCTX": "0.8"})
    run(patient)
    assert the_alert(patient).markers == ["BAP", "BCTX", "CEA"]
    (alert,) = patient_page(patient, now=NOW).alerts
    assert alert.markers == "CEA, BAP, β-CTx"


def test_an_urgent_value_is_said_until_a_later_one_is_not(cast: Cast) -> None:
    patient = make_patient(cast.team)
    give_draw(patient, day(0), {"CA": "3.40"})
    (urgent,) = patient_page(patient, now=NOW).urgent
    assert urgent.day == "06-Jan-2025"
    assert urgent.text.startswith("URGENT: Ca 3.4 mmol/L is at or above 3.25.")
    give_draw(patient, day(1), {"CA": "2.40"})
    assert patient_page(patient, now=NOW).urgent == ()


def test_an_answer_stands_with_the_alert(cast: Cast) -> None:
    patient = patient_with(cast.team, RISING)
    run(patient)
    acknowledge_alert(
        actor=cast.clinician.audit_name, user=cast.clinician, alert_id=the_alert(patient).pk, comment="CT", now=NOW
    )
    (alert,) = patient_page(patient, now=NOW).alerts
    assert not alert.is_open
    assert [(step.comment, step.person) for step in alert.answers] == [("CT", "clinician")]


def test_a_change_of_the_record_makes_the_reading_stale(cast: Cast) -> None:
    patient = patient_with(cast.team, CALM)
    run(patient)
    assert patient_page(patient, now=NOW).level == "none"
    give_draw(patient, day(6), {"CEA": "9.9"})
    page = patient_page(patient, now=NOW)
    assert page.level == ""
    assert page.mark is not None
    assert page.why is not None


def test_an_empty_record_has_no_chart_no_table_and_no_conclusion(cast: Cast) -> None:
    page = patient_page(make_patient(cast.team), now=NOW)
    assert (page.has_results, page.chart, page.table, page.why, page.plan, page.due) == (
        False,
        None,
        None,
        None,
        None,
        "",
    )


def test_the_next_draw_follows_from_the_plan(cast: Cast) -> None:
    patient = patient_with(cast.team, CALM)
    set_plan(actor=ACTOR, patient_id=patient.pk, markers=["CEA"], every_weeks=6, starts_on=FIRST_DRAW)
    page = patient_page(patient, now=dt.datetime(2025, 6, 30, tzinfo=dt.UTC))
    assert (page.due, page.overdue, page.last_draw_on) == ("due 04-Aug-2025", False, day(4))


def test_the_number_of_queries_does_not_grow_with_the_record(cast: Cast) -> None:
    short, long = patient_with(cast.team, RISING), patient_with(cast.team, (*CALM, *RISING))
    give_draw(long, day(12), {"ALP": "80", "PLT": "200", "NEUT": "3", "LYMPH": "1.5"})
    for name in ("osimertinib", "zoledronate"):
        record_treatment(actor=ACTOR, patient_id=long.pk, kind="targeted", name=name, started_on=dt.date(2025, 1, 1))
    run(short, long)
    counts = []
    for patient in (short, long):
        with CaptureQueriesContext(connection) as captured:
            patient_page(patient, now=NOW)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_the_repeat_draw_is_held_against_the_day_and_the_plan(cast: Cast) -> None:
    patient = patient_with(cast.team, RISING)
    run(patient)
    last = dt.datetime.combine(day(5), dt.time(12), tzinfo=dt.UTC)

    def said(now: dt.datetime) -> str:
        page = patient_page(patient, now=now)
        assert page.why is not None
        return page.why.level.repeat

    weeks = "it says most from about 2 weeks after the last one on."
    assert said(last) == "A repeat draw would say most from 18-Aug-2025 on, about 2 weeks after the last one."
    assert said(NOW) == f"A repeat draw is due since 18-Aug-2025: {weeks}"
    set_plan(actor=ACTOR, patient_id=patient.pk, markers=["CEA"], every_weeks=6, starts_on=FIRST_DRAW)
    assert said(NOW).endswith("The draw that the plan has due on 15-Sep-2025 will serve.")
    set_plan(actor=ACTOR, patient_id=patient.pk, markers=["NSE"], every_weeks=6, starts_on=FIRST_DRAW)
    assert said(NOW) == f"A repeat draw is due since 18-Aug-2025: {weeks}"

"""From marks to stored conclusions."""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import DataError, OperationalError, connection
from django.test.utils import CaptureQueriesContext

from monitoring import tasks
from monitoring.detection import engine_version
from monitoring.findings import marker_from_json, patient_from_json
from monitoring.models import (
    Alert,
    AlertEvent,
    Evaluation,
    EvaluationMark,
    Notification,
    Reading,
    Trend,
    WorklistPlace,
)
from monitoring.patient_page import patient_page
from monitoring.services import EvaluationSummary, evaluate, mark, restate_everybody, sweep
from monitoring.services.evaluate import CHUNK
from patients.catalogue import catalogue
from patients.models import Marker, Patient, Result
from tests.cast import Cast, give_draw, make_patient, reading
from tests.monitoring.scenes import CALM, NOW, RISING, correct, day, marked, patient_with, run

pytestmark = pytest.mark.django_db


def everything() -> dict[str, list[Any]]:
    """All that an evaluation may write, row by row."""
    tables = (Evaluation, Trend, Alert, AlertEvent, Notification, EvaluationMark)
    return {table.__name__: list(table._default_manager.order_by("pk").values()) for table in tables}


# --- what is written ----------------------------------------------------------------------------------------------


def test_a_rise_is_written_as_evaluation_trend_and_alert(cast: Cast) -> None:
    patient = patient_with(cast.team)
    assert run(patient) == EvaluationSummary(evaluated=1, raised=1, notifications=1)
    evaluation = Evaluation.objects.get()
    assert (evaluation.level, evaluation.pattern, evaluation.since, evaluation.at) == ("alert", "tumour", day(4), NOW)
    assert (evaluation.engine_version, evaluation.catalogue_version) == (engine_version(), catalogue().version)
    assert evaluation.input_results == sorted(Result.objects.values_list("pk", flat=True))
    trend = Trend.objects.get()
    finding = marker_from_json(trend.finding)
    assert (trend.marker_id, trend.state, trend.since, trend.last_value) == ("CEA", "sustained_rise", day(4), 6.0)
    assert (len(finding.readings), trend.change_percent) == (6, finding.change_percent)
    (reason,) = patient_from_json(evaluation.reason).reasons
    assert (reason.code, reason.marker, reason.draw_ids) == (
        "tumour_marker_sustained",
        "CEA",
        finding.supporting_draw_ids,
    )
    assert not marked(patient)


def test_only_a_marker_that_speaks_for_a_rise_says_since_when(cast: Cast) -> None:
    run(patient_with(cast.team, also={"ALP": "80"}))
    assert sorted(Trend.objects.values_list("marker_id", "since")) == [("ALP", None), ("CEA", day(4))]


def test_derived_markers_have_trends_and_name_their_inputs(cast: Cast) -> None:
    patient = make_patient(cast.team)
    give_draw(patient, day(0), {"NEUT": "4.0", "LYMPH": "2.0"})
    run(patient)
    assert sorted(Trend.objects.values_list("marker_id", "last_value")) == [("LYMPH", 2.0), ("NEUT", 4.0), ("NLR", 2.0)]
    assert Evaluation.objects.get().input_results == sorted(Result.objects.values_list("pk", flat=True))


def test_a_patient_without_a_readable_result_is_calm_and_has_no_trends(cast: Cast) -> None:
    patient = patient_with(cast.team, ("2.0",))
    run(patient)
    assert Trend.objects.count() == 1
    correct(patient, 0, None)
    assert run(patient) == EvaluationSummary(evaluated=1)
    assert Trend.objects.count() == 0
    latest = Evaluation.objects.latest("pk")
    assert (latest.level, latest.since, latest.input_results) == ("none", None, [])


def test_a_marker_that_left_the_catalogue_shows_its_trend_without_a_verdict(cast: Cast) -> None:
    patient = patient_with(cast.team, CALM)
    Marker.objects.create(code="GONE", unit="ng/mL", order=999)
    Result.objects.filter(draw__patient=patient).update(marker_id="GONE")
    assert run(patient) == EvaluationSummary(evaluated=1)
    assert Trend.objects.get().state == "no_verdict"


# --- once ---------------------------------------------------------------------------------------------------------


def test_a_second_run_changes_nothing(cast: Cast) -> None:
    patient = patient_with(cast.team)
    run(patient)
    before = everything()
    assert run(patient, now=NOW + dt.timedelta(days=1)) == EvaluationSummary()
    assert sweep(now=NOW + dt.timedelta(days=1)) == EvaluationSummary()
    assert everything() == before


def test_an_evaluation_of_the_same_record_replaces_the_trends_and_raises_nothing_new(cast: Cast) -> None:
    patient = patient_with(cast.team)
    run(patient)
    finding = Trend.objects.get().finding
    mark([patient.pk], reason="command")
    assert run(patient, now=NOW + dt.timedelta(days=1)) == EvaluationSummary(evaluated=1)
    assert Trend.objects.get().finding == finding
    assert Trend.objects.get().evaluation == Evaluation.objects.latest("pk")
    assert (Evaluation.objects.count(), Alert.objects.count(), Notification.objects.count()) == (2, 1, 1)


def test_who_is_not_marked_or_not_on_record_is_left_alone(cast: Cast) -> None:
    patient = make_patient(cast.team)
    assert evaluate(patient_ids=[patient.pk, 10**9], now=NOW) == EvaluationSummary()
    tasks.evaluate(patient_ids=[10**9])
    assert not Evaluation.objects.exists()


def test_a_batch_gives_what_one_by_one_gives(cast: Cast) -> None:
    together = [patient_with(cast.team, values) for values in (RISING, CALM, RISING[:5])]
    alone = [patient_with(cast.team, values) for values in (RISING, CALM, RISING[:5])]
    run(*together)
    for patient in alone:
        run(patient)

    def of(patient: Patient) -> tuple[object, ...]:
        evaluation = Evaluation.objects.get(patient=patient)
        trend = Trend.objects.get(patient=patient)
        return evaluation.level, evaluation.since, trend.state, trend.last_value, trend.change_percent

    assert [of(patient) for patient in together] == [of(patient) for patient in alone]
    assert [of(patient)[0] for patient in together] == ["alert", "none", "watch"]


# --- how much it costs --------------------------------------------------------------------------------------------


def statements(queries: CaptureQueriesContext) -> list[str]:
    """The statements in order. SQLite sends a long INSERT in parts, for its limit of parameters: it counts once."""
    begun = [re.split(r"\(|WHERE| \"s\d", query["sql"])[0][:60] for query in queries.captured_queries]
    return [one for at, one in enumerate(begun) if not (at and one == begun[at - 1] and one.startswith("INSERT"))]


def test_one_patient_and_fifty_take_the_same_number_of_queries(cast: Cast) -> None:
    def measured(count: int) -> list[str]:
        patients = [patient_with(cast.team) for _ in range(count)]
        with CaptureQueriesContext(connection) as queries:
            assert run(*patients) == EvaluationSummary(evaluated=count, raised=count, notifications=count)
        return statements(queries)

    one, fifty = measured(1), measured(50)
    assert fifty == one
    assert len(one) <= 20


# --- rivals and failures ------------------------------------------------------------------------------------------

Injection = Callable[[str, Any], None]


@contextmanager
def injected(act: Injection) -> Iterator[None]:
    """Lets something happen at the database, before a statement runs."""

    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        act(sql, params)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield


def test_a_change_between_reading_and_clearing_keeps_its_mark(cast: Cast) -> None:
    changed, calm = patient_with(cast.team, RISING[:5]), patient_with(cast.team, CALM)
    came_in: list[int] = []

    def nurse_enters_a_draw(sql: str, _params: Any) -> None:
        if not came_in and 'FROM "patients_treatment"' in sql:  # the results have been read already
            came_in.append(changed.pk)
            give_draw(changed, day(5), {"CEA": "6.0"})

    with injected(nurse_enters_a_draw):
        assert run(changed, calm) == EvaluationSummary(evaluated=1, left=1)
    assert came_in == [changed.pk]
    assert (marked(changed), marked(calm)) == (True, False)
    assert not Evaluation.objects.filter(patient=changed).exists()
    assert sweep(now=NOW) == EvaluationSummary(evaluated=1, raised=1, notifications=1)
    assert not marked(changed)


TELLTALE = "value 7.25 of Quibble is out of range"


def poison(patient: Patient) -> Injection:
    """The database refuses whatever is concluded of this patient."""

    def refuse(sql: str, params: Any) -> None:
        if sql.startswith('INSERT INTO "monitoring_evaluation"') and _names(params, patient.pk):
            raise DataError(TELLTALE)

    return refuse


def _names(params: Any, pk: int) -> bool:
    return any(one == pk or (isinstance(one, list) and pk in one) for one in params)


def test_one_patient_who_cannot_be_evaluated_stops_nobody_else(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(50):  # so that no primary key of a patient is a number of something else in the same statement
        make_patient(cast.team)
    patients = [patient_with(cast.team) for _ in range(8)]
    bad = patients[5]
    with injected(poison(bad)), caplog.at_level(logging.ERROR):
        assert run(*patients) == EvaluationSummary(evaluated=7, postponed=1, raised=7, notifications=7)
    row = EvaluationMark.objects.get()
    assert (row.patient_id, row.attempts, row.failure) == (bad.pk, 1, "DataError")
    assert row.not_before == NOW + dt.timedelta(minutes=1)
    assert not Trend.objects.filter(patient=bad).exists()
    assert f"evaluation of patient {bad.pk} failed: DataError" in caplog.text
    assert "7.25" not in caplog.text
    assert "Quibble" not in caplog.text
    assert run(bad, now=NOW + dt.timedelta(seconds=59)) == EvaluationSummary()
    assert run(bad, now=NOW + dt.timedelta(seconds=60)) == EvaluationSummary(evaluated=1, raised=1, notifications=1)


def test_an_outage_is_nobodys_fault_and_leaves_everything_as_it_was(cast: Cast) -> None:
    patients = [patient_with(cast.team) for _ in range(3)]
    before = everything()

    def connection_is_lost(sql: str, _params: Any) -> None:
        if sql.startswith('INSERT INTO "monitoring_alertevent"'):
            raise OperationalError("the server closed the connection")

    with injected(connection_is_lost), pytest.raises(OperationalError):
        run(*patients)
    assert everything() == before
    assert run(*patients) == EvaluationSummary(evaluated=3, raised=3, notifications=3)


def test_the_sweep_finds_every_mark_whose_nudge_was_lost(cast: Cast) -> None:
    patients = [make_patient(cast.team) for _ in range(CHUNK + 5)]
    mark([patient.pk for patient in patients], reason="draw_recorded")
    tasks.sweep()
    assert Evaluation.objects.count() == CHUNK + 5
    assert not EvaluationMark.objects.exists()


def test_the_log_of_a_whole_run_holds_no_name_and_no_value(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        patient = patient_with(cast.team, ("2.125", "2.225", "2.325", "4.625", "8.875"), name="Wang Meili 王美丽")
        run(patient)
        correct(patient, 4, "2.425")
        run(patient)
    ours = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("django.db"))
    for secret in ("Wang", "王美丽", "2.125", "8.875", "2.425", "1958", patient.identifiers.get().value):
        assert secret not in ours


def test_readings_of_the_cast_are_what_the_entry_page_makes() -> None:
    assert reading("CEA", "<0.5").comparator == "<"


def test_a_long_sweep_does_not_date_what_it_writes_before_what_was_written_meanwhile(cast: Cast) -> None:
    """A nudge evaluates the patient whom the sweep reaches later; what is written last is what stands."""
    patient, began = patient_with(cast.team), NOW
    run(patient, now=began + dt.timedelta(minutes=5))
    correct(patient, 4, "2.0")
    correct(patient, 5, "2.0")
    run(patient, now=began)
    latest = Evaluation.objects.order_by("-at", "-pk").first()
    assert latest == Evaluation.objects.latest("pk")
    assert (latest.level, latest.at) == ("none", began + dt.timedelta(minutes=5))
    assert patient_page(patient, now=NOW).level == "none"
    assert restate_everybody() == 0
    assert WorklistPlace.objects.get(patient=patient).reading == Reading.CALM

from __future__ import annotations

from monitoring.trends.engine import evaluate, level_history
from monitoring.trends.types import PatientFinding, Series
from tests.monitoring.trends.builders import PANEL, series

CALM = [2.4, 2.3, 2.5, 2.4]


def _rising(marker: str, start: float, *, draws: int = 2) -> Series:
    values = [start, start, start, start]
    for at in range(draws):
        values[3 - at] = start * 2.5
    return series(values, marker=marker)


def _patient(*markers: Series) -> PatientFinding:
    (found,) = evaluate(markers, PANEL)
    return found


def test_a_quiet_patient_has_no_level_and_no_reason() -> None:
    found = _patient(series(CALM))

    assert (found.level, found.pattern, found.reasons, found.since_day) == ("none", "", (), None)


def test_a_tumour_marker_that_rose_twice_alerts() -> None:
    found = _patient(_rising("CEA", 2.4), _rising("ALP", 78.0, draws=0))

    assert (found.level, found.pattern, found.since_day) == ("alert", "tumour", 20_084.0)
    (reason,) = found.reasons
    assert (reason.code, reason.marker, reason.draw_ids) == ("tumour_marker_sustained", "CEA", (3, 4))


def test_a_single_supporting_draw_in_every_marker_is_a_watch_and_never_an_alert() -> None:
    found = _patient(
        *(_rising(marker, start, draws=1) for marker, start in (("CEA", 2.4), ("ALP", 78.0), ("BAP", 13.0)))
    )

    assert found.level == "watch"
    assert {reason.code for reason in found.reasons} == {"single_supporting_draw"}
    assert found.pattern == "tumour_and_bone"


def test_one_draw_of_a_mineral_or_a_count_raises_nothing() -> None:
    found = _patient(_rising("CA", 2.3, draws=1))

    assert (found.level, found.pattern, found.reasons, found.since_day) == ("none", "", (), None)


def test_one_bone_marker_is_a_watch() -> None:
    found = _patient(_rising("BCTX", 0.3))

    assert (found.level, found.pattern) == ("watch", "bone")
    assert found.reasons[0].code == "bone_marker_sustained"


def test_alp_and_its_bone_part_count_as_one_bone_marker() -> None:
    found = _patient(_rising("ALP", 78.0), _rising("BAP", 13.0))

    assert (found.level, found.pattern) == ("watch", "bone")


def test_two_independent_bone_markers_alert() -> None:
    found = _patient(_rising("ALP", 78.0), _rising("BCTX", 0.3))

    assert (found.level, found.pattern) == ("alert", "bone")
    assert {reason.code for reason in found.reasons} == {"bone_markers_sustained"}


def test_a_tumour_marker_and_a_bone_marker_are_named_together() -> None:
    assert _patient(_rising("CEA", 2.4), _rising("BCTX", 0.3)).pattern == "tumour_and_bone"


def test_another_family_never_rises_above_watch() -> None:
    found = _patient(_rising("CA", 2.3), series([42.0, 41.0, 42.0, 31.0, 30.0], marker="ALB"))

    assert (found.level, found.pattern) == ("watch", "other")
    assert [(reason.marker, reason.direction) for reason in found.reasons] == [("ALB", "down"), ("CA", "both")]


def test_findings_come_by_patient_and_markers_by_code() -> None:
    batch = [
        series(CALM, patient=9),
        series(CALM, patient=2),
        series([78.0, 80.0], marker="ALP", patient=9),
    ]

    found = evaluate(batch, PANEL)

    assert [(one.patient, [marker.marker for marker in one.markers]) for one in found] == [
        (2, ["CEA"]),
        (9, ["ALP", "CEA"]),
    ]


def test_the_level_history_tells_the_level_after_each_draw() -> None:
    (history,) = level_history([series([2.4, 2.3, 5.0, 5.5, 2.4])], PANEL)

    assert [(draw.draw_id, draw.level, draw.markers) for draw in history.draws] == [
        (1, "none", ()),
        (2, "none", ()),
        (3, "watch", ("CEA",)),
        (4, "alert", ("CEA",)),
        (5, "none", ()),
    ]


def test_the_history_of_markers_drawn_on_different_days_is_one_line() -> None:
    cea = series([2.4, 5.0], days=[0.0, 40.0])
    alp = Series(
        patient=1,
        marker="ALP",
        days=cea.days + 10.0,
        values=cea.values * 40.0,
        censoring=cea.censoring,
        segments=cea.segments,
        exclusions=cea.exclusions,
        draw_ids=(7, 8),
    )

    (history,) = level_history([alp, cea], PANEL)

    assert [(draw.draw_id, draw.level, draw.markers) for draw in history.draws] == [
        (1, "none", ()),
        (7, "none", ()),
        (2, "watch", ("CEA",)),
        (8, "watch", ("CEA", "ALP")),
    ]

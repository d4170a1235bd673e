from __future__ import annotations

import csv
import io

from django.utils import translation

from monitoring.models import Alert, Evaluation
from monitoring.scorecard_choice import Choice
from monitoring.scorecard_file import scorecard_csv
from monitoring.scorecard_page import Read, ScorecardPage, Section, promise, read_scorecard, scorecard_page
from tests.cast import Cast, make_patient
from tests.monitoring.scorecards import DAY, FIRST, NEWER, NOW, VERSION, busy_clinic, raised, watched

FEW = "too few to say"


def read_of(cast: Cast, period: str = "all") -> Read:
    return read_scorecard(cast.clinician, Choice(period, None), now=NOW)


def page_of(cast: Cast, period: str = "all") -> ScorecardPage:
    return scorecard_page(read_of(cast, period), teams=[cast.team])


def section(page: ScorecardPage, code: str) -> Section:
    (found,) = [one for one in page.sections if one.code == code]
    return found


def file(cast: Cast) -> dict[tuple[str, str], dict[str, str]]:
    text = "".join(scorecard_csv(read_of(cast)))
    assert text.startswith("\ufeff")
    return {(row["version"], row["figure"]): row for row in csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))}


def test_one_version_stands_once_and_two_stand_below_all(cast: Cast) -> None:
    watched(cast.team)
    assert [row[0] for row in section(page_of(cast), "rate").rows] == [VERSION, "promised, synthetic"]
    raised(watched(cast.team), NOW - DAY, version=NEWER)
    names = [row[0] for row in section(page_of(cast), "rate").rows]
    assert names == ["all versions", NEWER, VERSION, "promised, synthetic"]


def test_few_alerts_are_counted_and_no_percentage_is_said(cast: Cast) -> None:
    raised(watched(cast.team, first=FIRST), NOW - DAY)
    page = page_of(cast)
    rates = section(page, "rate").rows[0]
    assert (rates[1], rates[3], rates[5]) == ("1", FEW, FEW)
    assert [row[2:] for row in section(page, "share").rows] == [("0 of 0", FEW)] * 3
    assert section(page, "lead").rows[0][1:] == ("0", FEW, FEW, "–")
    assert section(page, "answer").rows[0][1:] == ("0 of 1", FEW, FEW, FEW, FEW)
    assert page.charts == {}


def test_a_busy_clinic_has_every_figure_and_every_count(cast: Cast) -> None:
    busy_clinic(cast.team, cast.clinician, now=NOW)
    page = page_of(cast)
    assert list(page.charts) == ["rate", "share", "lead", "answer"]
    together = {code: section(page, code).rows[0] for code in ("rate", "lead", "answer", "silent")}
    assert together["rate"][:2] == ("all versions", "24")
    assert together["rate"][4] == "7"
    assert section(page, "share").rows[:3] == (
        ("all versions", "confirmed by the repeat draw", "10 of 13", "77\u00a0% (50–92)"),
        ("", "bone metastasis on imaging", "7 of 14", "50\u00a0% (27–73)"),
        ("", "any progression on imaging", "9 of 14", "64\u00a0% (39–84)"),
    )
    assert together["lead"][1:] == ("7", "70 (−20 to 160)", "25 to 115", "−20 to 160")
    assert together["answer"][1] == "18 of 24"
    assert together["silent"] == ("all versions", "0", "24", "0\u00a0%")
    assert "16 closed, 6 not closed yet, 2 withdrawn." in page.summary
    assert "Closed without imaging: 2. Not closed yet: 6. Neither is in the shares." in section(page, "share").notes
    (waits,) = section(page, "answer").notes
    assert waits == "Not answered yet: 4. Withdrawn before an answer: 2. Both count as waiting."
    assert len(section(page, "lead").points) == 7


def test_how_many_are_left_out_as_late_as_their_record_is_said_at_each_figure(cast: Cast) -> None:
    raised(watched(cast.team), NOW - DAY)
    late = watched(cast.team, first=NOW - 10 * DAY, last=NOW - 60 * DAY)
    Alert.objects.create(
        patient=late, evaluation=Evaluation.objects.get(patient=late), markers=["CEA"], raised_at=NOW - 10 * DAY
    )
    page = page_of(cast)
    said = "1 alert is not counted here: found at once in a record that was taken over, it is as late as the record."
    assert page.alerts == 2
    # The alerts of the sentence are those that it then parts into closed, not closed yet and withdrawn.
    assert any("2 patients on record; 1 alert raised in the period" in one for one in page.summary)
    assert "0 closed, 1 not closed yet, 0 withdrawn." in page.summary
    assert said in page.summary
    for code in ("rate", "share", "answer"):
        assert said in section(page, code).notes
    assert file(cast)["all", "on_record_before"]["count"] == "1"


def test_the_file_says_what_the_page_says(cast: Cast) -> None:
    busy_clinic(cast.team, cast.clinician, now=NOW)
    rows = file(cast)
    confirmed = rows["all", "confirmed_on_repeat"]
    assert (confirmed["count"], confirmed["of"], confirmed["value"]) == ("10", "13", "0.7692")
    assert (confirmed["low_95"], confirmed["high_95"], confirmed["too_few"]) == ("0.4974", "0.9182", "no")
    assert rows["all", "lead_time_median"]["value"] == "70.0000"
    assert rows["all", "closed_without_imaging"]["count"] == "2"
    assert {version for version, _ in rows} == {"all", NEWER, VERSION, ""}
    assert {row["synthetic"] for row in rows.values()} == {"yes"}
    assert rows["", "promised_false_alerts"]["value"] == "5.0000"


def test_what_is_too_few_has_no_figure_in_the_file_either(cast: Cast) -> None:
    raised(watched(cast.team), NOW - DAY)
    for name in ("alert_rate", "confirmed_on_repeat", "lead_time_median", "hours_to_answer_median"):
        row = file(cast)["all", name]
        assert (row["value"], row["low_95"], row["high_95"], row["too_few"]) == ("", "", "", "yes")


def test_the_promise_is_that_of_the_thresholds_in_force_and_called_synthetic(cast: Cast) -> None:
    made = promise()
    assert (made.rate, made.synthetic) == (5.0, True)
    assert made.low < made.rate < made.high
    make_patient(cast.team)
    rates = section(page_of(cast), "rate")
    assert rates.rows[-1] == ("promised, synthetic", "", "", "", "", "5.0")
    assert "It was measured on synthetic patients: no patient was in it." in rates.notes


def test_the_period_is_said_by_its_days(cast: Cast) -> None:
    make_patient(cast.team)
    assert page_of(cast, "6m").summary[0] == "01-Mar-2025 to 01-Sep-2025, all my teams."
    assert page_of(cast).summary[0] == "All time up to 01-Sep-2025, all my teams."


def test_who_was_never_evaluated_stands_in_a_row_of_their_own_among_the_silent(cast: Cast) -> None:
    make_patient(cast.team)
    watched(cast.team)
    rows = section(page_of(cast), "silent").rows
    assert rows == ((VERSION, "0", "1", "0\u00a0%"), ("not evaluated yet", "0", "1", "0\u00a0%"))


def test_numbers_are_the_same_in_chinese(cast: Cast) -> None:
    busy_clinic(cast.team, cast.clinician, now=NOW)
    english = [row[1] for row in section(page_of(cast), "rate").rows]
    with translation.override("zh-hans"):
        assert [row[1] for row in section(page_of(cast), "rate").rows] == english


def test_the_file_is_the_same_in_every_language(cast: Cast) -> None:
    busy_clinic(cast.team, cast.clinician, now=NOW)
    raised(watched(cast.team), NOW - DAY, version="3.0.0+cccccccc")
    english = list(scorecard_csv(read_of(cast)))
    with translation.override("zh-hans"):
        assert list(scorecard_csv(read_of(cast))) == english

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from monitoring.backtest.assembly import Assembled
from monitoring.backtest.event_file import History, Scan
from monitoring.events import ClinicalEvent
from tests.monitoring.backtest.files import EVENT_HEADER, HEADER, read, read_events, written


@pytest.fixture
def assembled(tmp_path: Path) -> Assembled:
    lines = ["P1,CEA,3,ng/mL,2024-03-01", "P2,CEA,3,ng/mL,0"]
    return read(written(tmp_path / "draws.csv", HEADER, lines))[0]


def since_1970(year: int, month: int, day: int) -> int:
    return (dt.date(year, month, day) - dt.date(1970, 1, 1)).days


def test_events_are_read_in_the_words_of_the_rules(tmp_path: Path, assembled: Assembled) -> None:
    march = float(since_1970(2024, 3, 10))
    path = written(
        tmp_path / "events.csv",
        f"{EVENT_HEADER},ended_at",
        [
            "P1,imaging,2024-03-10 23:30,none,",
            "P1,Imaging,2024-06-01,Bone metastasis,",
            "P1,treatment_start,2024-03-10,TKI,",
            "P1,treatment-start,2024-03-10,osimertinib,",
            "P1,treatment_start,2024-03-10,bone_agent,",
            "P1,assay_change,2024-03-10,癌胚抗原; ALP,",
            "P1,assay_change,2024-03-10,,",
            "P1,infection,2024-03-10,pneumonia,2024-03-24",
            "P2,fracture,12.5,,",
            "P9,fracture,2024-03-10,,",
        ],
    )
    file, rejected = read_events(path, assembled)
    assert rejected == []
    assert file.of_others == 1
    assert file.unnamed_treatments == {"osimertinib": 1}
    assert file.has_imaging
    assert file.histories == {
        0: History(
            events=[
                ClinicalEvent("treatment_start", march, detail="targeted"),
                ClinicalEvent("treatment_start", march, detail="osimertinib"),
                ClinicalEvent("bone_agent_start", march, detail="bone_agent"),
                ClinicalEvent("assay_change", march, marker="CEA"),
                ClinicalEvent("assay_change", march, marker="ALP"),
                ClinicalEvent("assay_change", march),
                ClinicalEvent("infection", march, ended=march + 14, detail="pneumonia"),
            ],
            scans=[Scan(int(march), "none"), Scan(since_1970(2024, 6, 1), "bone_metastasis")],
        ),
        1: History(events=[ClinicalEvent("fracture", 12.0)]),
    }


@pytest.mark.parametrize(
    ("line", "column", "code", "right"),
    [
        (",imaging,2024-03-10,none", "patient_id", "cell_missing", "the identifier of the patient"),
        ("P1,,2024-03-10,none", "kind", "cell_missing", "imaging, treatment_start"),
        ("P1,imaging,,none", "at", "cell_missing", "2024-03-01 or a day number"),
        ("P1,holiday,2024-03-10,", "kind", "kind_unknown", "imaging, treatment_start, surgery"),
        ("P1,imaging,2024-03-10,", "detail", "imaging_unknown", "none, equivocal, bone_metastasis, progression"),
        ("P1,imaging,2024-03-10,maybe", "detail", "imaging_unknown", "none, equivocal"),
        ("P1,imaging,10/03/2024,none", "at", "date_not_understood", "2024-03-01"),
        ("P1,imaging,30,none", "at", "day_beside_dates", "one kind for all lines"),
        ("P2,imaging,2024-03-10,none", "at", "day_beside_dates", "one kind for all lines"),
        ("P1,assay_change,2024-03-10,BILI", "detail", "event_detail_unknown", "a marker, or nothing"),
    ],
)
def test_a_wrong_event_is_rejected_with_number_column_and_what_would_be_right(
    tmp_path: Path, assembled: Assembled, line: str, column: str, code: str, right: str
) -> None:
    file, rejected = read_events(written(tmp_path / "events.csv", EVENT_HEADER, [line]), assembled)
    assert [(one.file, one.line, one.column, one.code) for one in rejected] == [("events.csv", 2, column, code)]
    assert right in rejected[0].right
    assert file.histories == {}


def test_an_event_cannot_end_before_it_began(tmp_path: Path, assembled: Assembled) -> None:
    path = written(
        tmp_path / "events.csv",
        f"{EVENT_HEADER},ended_at",
        ["P1,infection,2024-03-10,,2024-03-09", "P1,infection,2024-03-10,,2024-03-10", "P1,infection,2024-03-10,,7"],
    )
    file, rejected = read_events(path, assembled)
    assert [(one.line, one.code) for one in rejected] == [(2, "end_before_start"), (4, "day_beside_dates")]
    assert file.kinds == {"infection": 1}

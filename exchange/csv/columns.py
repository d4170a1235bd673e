"""Which column is which: the names under which laboratory systems print them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from exchange.csv.messages import FileRefused
from exchange.csv.own_columns import PASSED_OVER
from patients.catalogue import catalogue

RIGHT: Final = "patient_id,marker,value,unit,collected_at"
MOST_NAMED = 30
RESULTS: Final = "results"  # the role of a column that holds the values of one marker

# Role -> names, the most telling first: where two columns have the same role, the earlier name is taken and the other
# is named among the columns left out. Names compare without case, width, spaces and signs.
SYNONYMS: Final[dict[str, tuple[str, ...]]] = {
    "patient": (
        *("patient_id", "patient", "patient_number", "patient_no", "mrn", "medical_record_number", "hospital_number"),
        *("usubjid", "subject_id", "subject", "pid", "PatNr", "Patientennummer", "Patienten-ID", "Fallnummer"),
        *("患者编号", "患者ID", "患者号", "病人编号", "病人ID", "病历号", "病案号", "住院号", "门诊号", "登记号"),
    ),
    "marker": (
        *("marker", "marker_code", "analyte", "analyte_code", "test", "test_code", "test_name", "lbtestcd", "lbtest"),
        *("parameter", "component", "observation", "Analyt", "Untersuchung", "Messgröße"),
        *("项目", "项目名称", "检验项目", "检验项目名称", "检测项目", "项目代码", "指标", "指标名称"),
    ),
    "loinc": ("loinc", "loinc_code", "lbloinc", "loinc_num", "LOINC编码"),
    "value": (
        *("value", "result", "results", "result_value", "lborres", "Ergebnis", "Wert", "Messwert"),
        *("结果", "检验结果", "检测结果", "结果值", "测定值", "测定结果"),
    ),
    "unit": ("unit", "units", "uom", "result_unit", "lborresu", "Einheit", "单位", "结果单位"),
    "collected": (
        *("collected_at", "collected", "collection_datetime", "collection_time", "collected_time", "sampled_at"),
        *("sample_time", "sampling_time", "specimen_collected_at", "drawn_at", "draw_time", "lbdtc"),
        *("Abnahme", "Abnahmezeit", "Abnahmezeitpunkt", "Entnahme", "Entnahmezeit", "Entnahmezeitpunkt"),
        *("采集时间", "采样时间", "采血时间", "标本采集时间", "样本采集时间"),
        *("collection_date", "collected_date", "collected_on", "sample_date", "draw_date", "Abnahmedatum"),
        *("采集日期", "采样日期", "采血日期", "date_time", "datetime", "date", "Datum", "日期"),
    ),
    "clock": ("time", "clock_time", "Uhrzeit", "时间"),
    "fasting": ("fasting", "fasted", "lbfast", "nüchtern", "空腹", "是否空腹"),
    "haemolysis": ("haemolysis", "hemolysis", "haemolysed", "hemolyzed", "Hämolyse", "溶血"),
    "biotin": ("biotin", "生物素"),
    "g_csf": ("g_csf", "filgrastim", "粒细胞集落刺激因子", "升白针"),
    "steroid": ("steroid", "steroids", "corticosteroid", "glucocorticoid", "Glukokortikoid", "糖皮质激素"),
    "note": ("draw_note",),
    "laboratory": (
        "laboratory",
        "lab",
        "lab_name",
        "performing_lab",
        "lbnam",
        "Labor",
        "实验室",
        "检验机构",
        "检验科室",
    ),
    "assay": (
        *("assay", "method", "assay_name", "test_method", "lbmethod", "Methode", "方法", "检测方法", "检验方法"),
    ),
    "accession": (
        *("accession", "accession_number", "accession_no", "sample_id", "sample_number", "sample_no", "specimen_id"),
        *("specimen_number", "barcode", "lbrefid", "Probennummer", "Auftragsnummer", "Probe"),
        *("标本号", "标本编号", "样本号", "样本编号", "条码号", "条码"),
    ),
    "reference_low": ("ref_low", "reference_low", "low", "lower_limit", "range_low", "lbornrlo", "参考下限", "下限"),
    "reference_high": (
        *("ref_high", "reference_high", "high", "upper_limit", "range_high", "lbornrhi", "参考上限", "上限"),
    ),
    "reference": (
        *("reference", "reference_range", "ref_range", "reference_interval", "normal_range", "Referenz"),
        *("Referenzbereich", "Normbereich", "参考范围", "参考区间", "参考值", "正常范围"),
    ),
    "status": ("status", "result_status", "结果状态", "状态"),
    "interpretation": ("flag", "abnormal_flag", "interpretation", "lbnrind", "Bewertung", "提示", "标志", "异常提示"),
    "name": ("name", "patient_name", "full_name", "Patientenname", "姓名", "患者姓名", "病人姓名"),
    "sex": ("sex", "gender", "Geschlecht", "性别"),
    "birth_date": ("birth_date", "date_of_birth", "dob", "birthday", "Geburtsdatum", "出生日期", "出生年月"),
}
# Only proposed: such a column may be about one result, and a person says that it is about the draw.
PROPOSED: Final[dict[str, tuple[str, ...]]] = {
    "note": (
        *("note", "notes", "comment", "comments", "remark", "remarks", "Kommentar", "Bemerkung", "Anmerkung"),
        *("备注", "备注信息", "说明", "注释"),
    ),
}
# Two columns of these roles could both be meant, and taking the wrong one would be a wrong number.
NEVER_TWICE: Final = ("value", "unit")
REQUIRED: Final = ("patient", "marker", "value", "unit", "collected")
REQUIRED_WIDE: Final = ("patient", "collected")
# The names of the required roles in the form that is asked for.
ASKED: Final = dict(zip(REQUIRED, RIGHT.split(","), strict=True))

_SIGNS = re.compile(r"[\W_]+")
_NAME_AND_UNIT = re.compile(r"(?P<name>.+?)\s*[(\[（［](?P<unit>[^()\[\]（）［］]+)[)\]）］]\s*")


def column_key(text: str) -> str:
    """Column names compare without case, width, spaces and signs."""
    return _SIGNS.sub("", unicodedata.normalize("NFKC", text).casefold())


_BY_KEY: Final = {column_key(name): (role, rank) for role, names in SYNONYMS.items() for rank, name in enumerate(names)}


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column with the values of one marker; their unit is one for all, or stands in a column of its own."""

    place: int
    header: str
    marker: str
    unit: str = ""
    unit_place: int | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each role stands in a line. `markers` may be several columns, which then must agree.

    With `results` the file is wide: each line holds the values of several markers.
    """

    headers: tuple[str, ...]
    places: dict[str, int]
    markers: tuple[int, ...]
    ignored: tuple[str, ...]
    results: tuple[ResultColumn, ...] = ()

    def header(self, role: str) -> str:
        """What the file itself calls a role."""
        return self.headers[self.places[role]] if role in self.places else ASKED.get(role, role)


def count_recognised(headers: Sequence[str]) -> int:
    return sum(column_key(header) in _BY_KEY for header in headers)


def find_columns(headers: Sequence[str]) -> Columns:
    """Give every column its role.

    Raises
    ------
    FileRefused
        a required column is missing, or two columns could both be the value or the unit.
    """
    candidates: dict[str, list[tuple[int, int]]] = {}
    for place, header in enumerate(headers):
        role, rank = _BY_KEY.get(column_key(header), ("", 0))
        if role:
            candidates.setdefault(role, []).append((rank, place))
    _move_clock(candidates)
    for role in NEVER_TWICE:
        if len(candidates.get(role, [])) > 1:
            named = ", ".join(headers[place] for _rank, place in candidates[role])
            raise FileRefused("file_columns_doubtful", {"role": ASKED[role], "found": named})
    results = _results_with_units(headers) if "value" not in candidates and "marker" not in candidates else ()
    _require(headers, candidates, wide=bool(results))
    places = {role: min(found)[1] for role, found in candidates.items()}
    markers = tuple(place for _rank, place in sorted(candidates.get("marker", [])))
    used = {*places.values(), *markers, *(column.place for column in results)}
    return Columns(tuple(headers), places, markers, left_out(headers, used), results)


def left_out(headers: Sequence[str], used: Collection[int]) -> tuple[str, ...]:
    unused = (header for place, header in enumerate(headers) if place not in used)
    return tuple(header for header in unused if header and header not in PASSED_OVER)


def split_unit(header: str) -> tuple[str, str]:
    """Name and unit of `CEA (ng/mL)`; no unit where the brackets belong to a marker's own name."""
    if catalogue().find(header):
        return header, ""
    match = _NAME_AND_UNIT.fullmatch(header)
    return (match["name"], match["unit"].strip()) if match else (header, "")


def _results_with_units(headers: Sequence[str]) -> tuple[ResultColumn, ...]:
    """The columns of a wide file that say both what was measured and in which unit."""
    found = []
    for place, header in enumerate(headers):
        name, unit = split_unit(header)
        marker = catalogue().find(name) if unit else None
        if marker is not None:
            found.append(ResultColumn(place, header, marker.code, unit))
    return tuple(found)


def _move_clock(candidates: dict[str, list[tuple[int, int]]]) -> None:
    """Beside a column for the day, 'collection_time' is the clock time alone."""
    names = SYNONYMS["collected"]
    found = {names[rank]: (rank, place) for rank, place in candidates.get("collected", [])}
    days = [name for name in found if "date" in name.casefold() or name.endswith(("日期", "atum", "_on"))]
    clocks = [name for name in found if name.endswith(("_time", "时间")) and name != "date_time"]
    if days and clocks and "clock" not in candidates:
        candidates["clock"] = [found[clocks[0]]]
        candidates["collected"].remove(found[clocks[0]])


def _require(headers: Sequence[str], candidates: Collection[str], *, wide: bool) -> None:
    needed = REQUIRED_WIDE if wide else REQUIRED
    missing = [
        ASKED[role] for role in needed if role not in candidates and not (role == "marker" and "loinc" in candidates)
    ]
    if missing:
        named = ", ".join(header[:40] for header in headers[:MOST_NAMED] if header)
        raise FileRefused(
            "file_columns_missing", {"missing": ", ".join(missing), "found": named or "—", "right": RIGHT}
        )

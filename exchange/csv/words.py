"""The words that files use for yes, no, sexes and statuses, and reference limits written as one text."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_YES: Final = frozenset({"y", "yes", "true", "1", "j", "ja", "是", "+", "positive"})
_NO: Final = frozenset({"n", "no", "false", "0", "nein", "否", "-", "none", "negative"})
_OPEN: Final = frozenset({"", "u", "unknown", "unk", "na", "n/a", "不详", "未知", "unbekannt"})
_FASTING: Final = {
    **dict.fromkeys(("fasting", "fasted", "空腹", "nüchtern"), "yes"),
    **dict.fromkeys(("not fasting", "non-fasting", "nonfasting", "fed", "非空腹", "餐后", "nicht nüchtern"), "no"),
}
_HAEMOLYSIS: Final = {"溶血": "yes", "haemolysed": "yes", "hemolyzed": "yes", "无溶血": "no", "未溶血": "no"}
_TAKEN: Final = {
    **dict.fromkeys(("taken", "given", "服用", "使用", "已用", "genommen"), "yes"),
    **dict.fromkeys(("not taken", "not given", "未服用", "未使用", "未用", "无", "nicht genommen"), "no"),
}
_SEX: Final = {
    **dict.fromkeys(("f", "female", "w", "weiblich", "frau", "女", "女性", "2"), "female"),
    **dict.fromkeys(("m", "male", "männlich", "mann", "男", "男性", "1"), "male"),
    **dict.fromkeys(("other", "o", "divers", "d"), "other"),
}
# FHIR's words, and the letters of HL7 v2 table 0085 that mean the same.
_STATUS: Final = {
    **dict.fromkeys(("", "final", "f", "released", "verified", "已审核", "已发布", "终审", "endgültig"), "final"),
    **dict.fromkeys(("preliminary", "p", "初步", "初审", "vorläufig"), "preliminary"),
    **dict.fromkeys(("corrected", "c", "已更正", "korrigiert"), "corrected"),
    **dict.fromkeys(("amended",), "amended"),
    **dict.fromkeys(("cancelled", "canceled", "x", "已取消", "storniert"), "cancelled"),
    **dict.fromkeys(("entered-in-error", "entered in error", "w"), "entered-in-error"),
    **dict.fromkeys(("registered", "i", "in process"), "registered"),
    **dict.fromkeys(("unknown", "u"), "unknown"),
}
_NUMBER = r"[0-9]+(?:[.,][0-9]+)?"
_BETWEEN = re.compile(rf"({_NUMBER})\s*(?:-|–|—|~|至|bis|to)\s*({_NUMBER})", re.IGNORECASE)
_BELOW = re.compile(rf"(?:<=?|≤|bis|up to)\s*({_NUMBER})", re.IGNORECASE)
_ABOVE = re.compile(rf"(?:>=?|≥|ab|from)\s*({_NUMBER})", re.IGNORECASE)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


def read_fasting(text: str) -> str | None:
    """'yes', 'no' or 'unknown'; None where the word is not known."""
    return _FASTING.get(_plain(text)) or _yes_or_no(text)


def read_haemolysis(text: str) -> str | None:
    """'present', 'none' or 'unknown'; None where the word is not known."""
    answer = _HAEMOLYSIS.get(_plain(text)) or _yes_or_no(text)
    return {"yes": "present", "no": "none"}.get(answer, answer) if answer else None


def read_taken(text: str) -> str | None:
    """'yes', 'no' or 'unknown' of a substance; None where the word is not known."""
    return _TAKEN.get(_plain(text)) or _yes_or_no(text)


def _yes_or_no(text: str) -> str | None:
    word = _plain(text)
    return "yes" if word in _YES else "no" if word in _NO else "unknown" if word in _OPEN else None


def read_sex(text: str) -> str:
    """'unknown' for every other word: it chooses reference limits, so it is never guessed."""
    return _SEX.get(_plain(text), "unknown")


def read_status(text: str) -> str | None:
    return _STATUS.get(_plain(text))


def read_reference(text: str, *, decimal_comma: bool) -> tuple[str, str]:
    """Lower and upper limit of '0-5.00', '< 3,3' or '≥60'; two empty texts where it says something else."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if match := _BETWEEN.fullmatch(plain):
        low, high = match[1], match[2]
    elif match := _BELOW.fullmatch(plain):
        low, high = "", match[1]
    elif match := _ABOVE.fullmatch(plain):
        low, high = match[1], ""
    else:
        return "", ""
    if "," in low + high and not decimal_comma:
        return "", ""
    return low.replace(",", "."), high.replace(",", ".")

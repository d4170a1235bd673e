"""Words that stand where a value should: the sample was haemolysed, the test was not done. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from patients.values import narrow

Absent = Literal["haemolysed", "not_done", "clotted", "insufficient"]

# As laboratories print them. "ND" and 未检出 are not here: they mean "not detected" to one and "not done" to another,
# and the first of these is a result.
_WORDS: Mapping[Absent, str] = {
    "haemolysed": """haemolysed; hemolysed; haemolyzed; hemolyzed; haemolysis; hemolysis; haemolytic; hemolytic;
        sample haemolysed; sample hemolyzed; specimen haemolysed; specimen hemolyzed; hämolytisch; haemolytisch;
        hämolyse; haemolyse; probe hämolytisch; 溶血; 标本溶血; 样本溶血; 严重溶血; 重度溶血""",
    "not_done": """not done; not performed; not tested; not measured; not determined; nicht bestimmt; nicht gemessen;
        nicht durchgeführt; nicht durchgefuehrt; 未做; 未检; 未测; 未查; 未检测; 未检验; 未测定""",
    "clotted": """clotted; clot; coagulated; sample clotted; specimen clotted; geronnen; probe geronnen; koaguliert;
        凝血; 凝固; 凝块; 有凝块; 标本凝血; 标本凝固; 样本凝血; 样本凝固""",
    "insufficient": """insufficient; insufficient sample; insufficient specimen; insufficient quantity;
        insufficient material; quantity not sufficient; quantity insufficient; qns; zu wenig material; zu wenig probe;
        material nicht ausreichend; 量不足; 量少; 标本量不足; 样本量不足; 标本不足; 样本不足""",
}
_BETWEEN_WORDS = re.compile(r"[\s_\-]+")


def _key(text: str) -> str:
    """Without case, width, brackets, a full stop at the end, or the way words are kept apart."""
    plain = _BETWEEN_WORDS.sub(" ", narrow(text).casefold()).strip()
    return plain.strip("()[]（）【】.。!！*").strip()


_MEANT: Mapping[str, Absent] = MappingProxyType(
    {_key(word): code for code, words in _WORDS.items() for word in words.split(";")}
)


def read_absent(text: str) -> Absent | None:
    """Why there is no value, if that is what `text` says; None for everything else, a number among it."""
    return _MEANT.get(_key(text))

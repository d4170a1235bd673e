"""The beginnings by which a name is found: pinyin, initials and romanised words. Pure.

A Chinese sign may be read in several ways, and as a family name often in one that a dictionary gives last (曾, 单, 仇):
every reading makes keys, so that whoever types the right one finds the person and whoever types the usual one as well.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from typing import Final

LONGEST: Final = 80
MOST_READINGS: Final = 24  # of one name; the likeliest first
READINGS_OF_A_SIGN: Final = 3
HAN: Final = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
WORD: Final = re.compile(r"[^\W_]+")
DOTS: Final = "·・•‧∙⋅･․ᐧ"  # between the parts of a name; keyboards write one, registers another
BETWEEN_WORDS: Final = re.compile(rf"[\s{DOTS}'’‘ʼ`´＇]+")  # O’Brien is typed with whatever apostrophe there is

# How family names are read where the dictionary's first reading is another.
FAMILY_NAMES: Final = {
    "万俟": ("mo", "qi"), "尉迟": ("yu", "chi"), "长孙": ("zhang", "sun"), "澹台": ("tan", "tai"),
    "宰父": ("zai", "fu"), "令狐": ("ling", "hu"), "亓官": ("qi", "guan"), "曾": ("zeng",), "单": ("shan",),
    "仇": ("qiu",), "解": ("xie",), "查": ("zha",), "朴": ("piao",), "区": ("ou",), "任": ("ren",), "华": ("hua",),
    "盖": ("ge",), "乐": ("yue",), "覃": ("qin",), "缪": ("miao",), "冼": ("xian",), "员": ("yun",), "翟": ("zhai",),
    "种": ("chong",), "秘": ("bi",), "逄": ("pang",), "繁": ("po",), "燕": ("yan",), "过": ("guo",), "郇": ("xun",),
    "宁": ("ning",), "祭": ("zhai",), "那": ("na",), "能": ("nai",), "粘": ("nian",), "折": ("she",), "谌": ("chen",),
    "佴": ("nai",), "隗": ("wei",), "车": ("che",), "石": ("shi",), "沈": ("shen",), "褚": ("chu",), "曲": ("qu",),
    "应": ("ying",), "召": ("shao",), "黑": ("he",), "洗": ("xian",), "行": ("xing",), "哈": ("ha",), "瞿": ("qu",),
    "单于": ("chan", "yu"),
}  # fmt: skip


def fold(text: str) -> str:
    """How names and what is searched for are compared: without accents, width and case. 'ｌü' and 'LU' are one."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text))
    plain = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    return unicodedata.normalize("NFC", plain).casefold()


def name_keys(name: str) -> frozenset[str]:
    """Every beginning under which `name` is found: 张三 by zhangsan, san, zs; 'Wang Meili' by wang, meili, wm."""
    keys: set[str] = set()
    parts = HAN.findall(unicodedata.normalize("NFKC", name))
    # Of 买买提·艾力 each part is a beginning, and the whole as if no dot stood there.
    for signs in dict.fromkeys([*parts, "".join(parts)]):
        for reading in readings(signs):
            # From each sign on, so that "zhang san" finds what "zhangsan" does.
            keys.update("".join(reading[start:]) for start in range(len(reading)))
            keys.add("".join(syllable[0] for syllable in reading))
    if len(parts) > 1:
        keys.add("".join(parts))
    words = WORD.findall(fold(HAN.sub(" ", name)))
    keys.update(words)
    if len(words) > 1:
        keys.add("".join(words))
        keys.add("".join(word[0] for word in words))
    return frozenset(key[:LONGEST] for key in keys if key)


def name_parts(name: str) -> frozenset[str]:
    """The rest of each word of a name from each of its signs on: what stands in a name is the beginning of one."""
    words = fold(name).split()
    return frozenset(word[at : at + LONGEST] for word in words for at in range(len(word)))


def words_of(text: str) -> list[str]:
    """What is searched for, a word each: a middle dot or an apostrophe parts words as a space does."""
    return [word for word in BETWEEN_WORDS.split(text) if word]


def tidy_number(text: str) -> str:
    """A hospital number as it is kept: in plain signs, whatever width the keyboard wrote them in."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def number_key(text: str) -> str:
    """How numbers are found: '24-00 1234' as '２４００１２３４' or '24001234'. '' where there is no letter or digit."""
    return "".join(sign for sign in fold(text) if sign.isalnum())[:LONGEST]


def readings(signs: str) -> list[tuple[str, ...]]:
    """The ways to read a Chinese name, a syllable a sign, the likeliest first."""
    choices = [_of_a_sign(sign) for sign in signs]
    for length in (2, 1):
        if family := FAMILY_NAMES.get(signs[:length]):
            choices[:length] = [_first(syllable, choices[at]) for at, syllable in enumerate(family)]
            break
    some = itertools.islice(itertools.product(*choices), MOST_READINGS)
    # ü is typed as v at a keyboard and printed as u or yu in a passport.
    spelled = (tuple(syllable.replace("v", other) for syllable in one) for one in some for other in ("v", "u", "yu"))
    return list(dict.fromkeys(spelled))


def _of_a_sign(sign: str) -> list[str]:
    from pypinyin import Style, pinyin  # its dictionary takes half a second: read with the first Chinese name

    found = pinyin(sign, style=Style.NORMAL, heteronym=True, v_to_u=False)[0]
    letters = [one for one in dict.fromkeys(found) if one.isascii() and one.isalpha()]
    return letters[:READINGS_OF_A_SIGN] or [sign]


def _first(syllable: str, others: list[str]) -> list[str]:
    return [syllable, *(one for one in others if one != syllable)]

"""Names that nobody mistakes for a patient's: European surnames that mean "example", Chinese given names that do.

例 (example), 拟 (simulated), 样 (sample) and 范 (model) begin the Chinese given names.
"""

from __future__ import annotations

from itertools import product
from typing import Final

import numpy as np

EUROPEAN_SURNAMES: Final = (
    "Muster", "Beispiel", "Exempel", "Specimen", "Sample", "Exemple", "Ejemplo", "Esempio", "Voorbeeld", "Esimerkki",
    "Przykład", "Vzor", "Primer", "Minta", "Eksempel", "Exemplo",
)  # fmt: skip
EUROPEAN_GIVEN: Final = {
    "female": (
        "Anna", "Ingrid", "Maria", "Helena", "Claire", "Sofia", "Eva", "Marta", "Elisabeth", "Irène", "Katarzyna",
        "Johanna", "Margaret", "Lucia", "Astrid",
    ),
    "male": (
        "Karl", "Jan", "Luca", "Henrik", "Pierre", "Tomás", "Viktor", "Paul", "Mikael", "Georg", "Stefan", "Matteo",
        "Robert", "Aleksander", "Willem",
    ),
}  # fmt: skip
CHINESE_SURNAMES: Final = (
    ("王", "Wang"), ("李", "Li"), ("张", "Zhang"), ("刘", "Liu"), ("陈", "Chen"), ("杨", "Yang"), ("黄", "Huang"),
    ("赵", "Zhao"), ("周", "Zhou"), ("吴", "Wu"), ("徐", "Xu"), ("孙", "Sun"),
)  # fmt: skip
CHINESE_FIRST: Final = (("例", "Li"), ("拟", "Ni"), ("样", "Yang"), ("范", "Fan"))
CHINESE_SECOND: Final = {
    "female": (("兰", "lan"), ("英", "ying"), ("梅", "mei"), ("芳", "fang"), ("华", "hua"), ("娟", "juan")),
    "male": (("强", "qiang"), ("伟", "wei"), ("军", "jun"), ("明", "ming"), ("国", "guo"), ("林", "lin")),
}


def european_names(sex: str) -> tuple[str, ...]:
    return tuple(f"{given} {surname}" for given, surname in product(EUROPEAN_GIVEN[sex], EUROPEAN_SURNAMES))


def chinese_names(sex: str) -> tuple[str, ...]:
    """Characters with pinyin beside them: 王例兰 (Wang Lilan)."""
    parts = product(CHINESE_SURNAMES, CHINESE_FIRST, CHINESE_SECOND[sex])
    return tuple(
        f"{surname}{first}{second} ({surname_pinyin} {first_pinyin}{second_pinyin})"
        for (surname, surname_pinyin), (first, first_pinyin), (second, second_pinyin) in parts
    )


def name_of(index: int, *, sex: str, rng: np.random.Generator) -> str:
    """A name that belongs to patient `index` alone: every second one Chinese.

    The generator is the cohort's, at the same state for every patient, so each sees the same shuffled list.
    """
    names = chinese_names(sex) if index % 2 == 0 else european_names(sex)
    return names[int(rng.permutation(len(names))[index // 2 % len(names)])]

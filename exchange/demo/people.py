"""Who a synthetic patient is: sex, age, smoking, histology and stage that go together."""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np

from exchange.demo.names import name_of
from exchange.demo.types import DemoPerson, Story

MENOPAUSE_AGE: Final = 51

# Stories whose marker belongs to one histology; the rest draw one.
HISTOLOGY_OF_STORY: Final = {
    Story.CEA_RISES: "adenocarcinoma",
    Story.CEA_AND_BONE_RISE: "adenocarcinoma",
    Story.BONE_THEN_CEA_RISES: "adenocarcinoma",
    Story.RISE_THEN_IMAGED: "adenocarcinoma",
    Story.RESPONDER: "adenocarcinoma",
    Story.FLARE: "adenocarcinoma",
    Story.BONE_AGENT: "adenocarcinoma",
    Story.NSE_RISES: "small_cell",
    Story.HAEMOLYSED: "small_cell",
    Story.G_CSF: "small_cell",
    Story.CYFRA_RISES: "squamous",
}
HISTOLOGIES: Final = ("adenocarcinoma", "squamous", "large_cell", "small_cell", "other")
HISTOLOGY_SHARES: Final = (0.60, 0.20, 0.05, 0.12, 0.03)
STAGES: Final = ("IA", "IB", "IIA", "IIB", "IIIA", "IIIB", "IIIC", "IVA", "IVB")
STAGE_SHARES: Final = (0.10, 0.08, 0.06, 0.10, 0.20, 0.12, 0.04, 0.20, 0.10)
ADVANCED_STORIES: Final = frozenset(
    {Story.RESPONDER, Story.FLARE, Story.BONE_AGENT, Story.CEA_AND_BONE_RISE, Story.BONE_THEN_CEA_RISES}
)
SMOKING: Final = ("never", "former", "current")


def make_person(
    index: int, *, story: Story, diagnosed_on: dt.date, cohort: np.random.Generator, rng: np.random.Generator
) -> DemoPerson:
    """`cohort` is the cohort's own generator in its first state; `rng` is the patient's."""
    sex = "female" if rng.random() < 0.45 else "male"
    age = int(np.clip(rng.normal(65.0, 8.5), 41, 86))
    birth_date = diagnosed_on - dt.timedelta(days=int(age * 365.25) + int(rng.integers(5, 360)))
    histology = HISTOLOGY_OF_STORY.get(story) or str(rng.choice(HISTOLOGIES, p=HISTOLOGY_SHARES))
    return DemoPerson(
        number=f"SYN-{index + 1:04d}",
        name=name_of(index, sex=sex, rng=cohort),
        birth_date=birth_date,
        sex=sex,
        menopausal_status=_menopause(sex, age),
        smoking=_smoking(histology, sex, rng),
        histology=histology,
        stage=_stage(story, histology, rng),
        diagnosis_date=diagnosed_on,
        baseline_bone_status="metastasis" if story is Story.BONE_AGENT else "none_known",
    )


def _menopause(sex: str, age: int) -> str:
    if sex != "female":
        return "not_applicable"
    return "post" if age >= MENOPAUSE_AGE else "pre"


def _smoking(histology: str, sex: str, rng: np.random.Generator) -> str:
    if histology in {"squamous", "small_cell"}:
        shares = (0.05, 0.60, 0.35)
    else:
        shares = (0.60, 0.30, 0.10) if sex == "female" else (0.25, 0.50, 0.25)
    return str(rng.choice(SMOKING, p=shares))


def _stage(story: Story, histology: str, rng: np.random.Generator) -> str:
    if histology == "small_cell":
        return "extensive" if rng.random() < 0.6 else "limited"
    if story is Story.BONE_AGENT:
        return "IVB"
    if story in ADVANCED_STORIES:
        return "IVA"
    return str(rng.choice(STAGES, p=STAGE_SHARES))

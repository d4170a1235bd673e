"""Stories of treatment: falls after its start, flares, bone agents, growth factors, and what every patient is given."""

from __future__ import annotations

import numpy as np

from exchange.demo.journey import Journey
from exchange.demo.types import DemoImaging, DemoSkeletalEvent

EARLY = frozenset({"IA", "IB", "IIA", "IIB"})
TUMOUR_MARKERS = ("CEA", "CYFRA211")
SCAN_CYCLE_DAYS = 84.0
SCAN_CYCLE_DAYS_AFTER_SURGERY = 182.0


def responder(journey: Journey) -> None:
    """High before treatment, then a fall to the person's own level; in a few it is still on the way."""
    at = int(journey.rng.choice((2, 3, 4, journey.count - 4), p=(0.3, 0.3, 0.2, 0.2)))
    start = float(journey.days[at]) + 6.0
    half = journey.rng.uniform(22.0, 45.0)
    remaining = np.exp2(-np.maximum(journey.days - start, 0.0) / half)
    for marker, excess in (("CEA", journey.rng.uniform(2.5, 8.0)), ("CYFRA211", journey.rng.uniform(0.6, 2.0))):
        journey.multiply(marker, 1.0 + excess * remaining)
    journey.treat("targeted", str(journey.rng.choice(("osimertinib", "alectinib"))), start=start, line=1)


def flare(journey: Journey) -> None:
    """Up in the first weeks of a treatment, then below where it began."""
    at = journey.count - int(journey.rng.integers(4, 9))
    start = float(journey.days[at]) - 14.0
    since = journey.days - start
    up = np.where((since > 0) & (since < 45.0), journey.rng.uniform(1.7, 2.2), 1.0)
    down = np.where(since >= 45.0, 0.75, 1.0)
    journey.multiply("CEA", up * down)
    journey.multiply("ALP", np.where((since > 0) & (since < 45.0), 1.35, 1.0))
    journey.multiply("BAP", np.where((since > 0) & (since < 45.0), 1.4, 1.0))
    journey.treat("targeted", "osimertinib", start=start, line=1)


def bone_agent(journey: Journey) -> None:
    """Bone metastasis known from the beginning; bone turnover falls when the bone agent starts."""
    at = int(journey.rng.integers(3, max(4, journey.count - 4)))
    start = float(journey.days[at]) + 4.0
    since = journey.days > start
    journey.multiply("BCTX", np.where(since, 0.35, 1.5))
    journey.multiply("BAP", np.where(since, 0.70, 1.3))
    journey.multiply("NMID", np.where(since, 0.72, 1.1))
    journey.multiply("ALP", np.where(since, 0.85, 1.15))
    journey.multiply("CA", np.where(since, 0.98, 1.0))
    journey.treat("bone_agent", str(journey.rng.choice(("denosumab", "zoledronic acid"))), start=start)
    journey.imaging.append(
        DemoImaging(
            performed_on=journey.person.diagnosis_date,
            modality="pet_ct",
            finding="bone_metastasis",
            lesion_type=str(journey.rng.choice(("lytic", "blastic", "mixed"))),
            sites=str(journey.rng.choice(("lumbar spine", "pelvis, sacrum", "ribs"))),
        )
    )


def g_csf(journey: Journey) -> None:
    """One draw a few days after a growth factor: neutrophils, LDH and ALP are up and come back."""
    at = journey.count - int(journey.rng.integers(3, 7))
    journey.multiply_at(at, {"NEUT": 3.2, "LDH": 1.6, "ALP": 1.35})
    start = float(journey.days[at]) - 6.0
    journey.treat("g_csf", "pegfilgrastim", start=start, end=start + 1.0)
    journey.notes[at] = "six days after pegfilgrastim"


def fracture(journey: Journey) -> None:
    """A fall with a fracture: bone turnover is up for some months, nothing else moves."""
    at = journey.count - int(journey.rng.integers(6, 9))
    day = float(journey.days[at]) - 12.0
    since = journey.days - day
    healing = np.where(since > 0, np.exp(-np.maximum(since - 40.0, 0.0) / 60.0), 0.0)
    for marker, excess in (("BCTX", 0.8), ("BAP", 0.6), ("NMID", 0.4), ("ALP", 0.3)):
        journey.multiply(marker, 1.0 + excess * healing)
    site = str(journey.rng.choice(("right distal radius", "left hip", "right ankle")))
    journey.skeletal_events.append(DemoSkeletalEvent(kind="fracture", occurred_on=journey.date(day), site=site))
    journey.imaging.append(
        DemoImaging(performed_on=journey.date(day), modality="xray", finding="none", lesion_type="", sites="")
    )


def first_treatment(journey: Journey) -> None:
    """What the histology and stage ask for, begun before the first draw; a story with a first line brings its own."""
    person = journey.person
    if any(treatment.line == 1 for treatment in journey.treatments):
        return
    begun = float((person.diagnosis_date - journey.anchor).days) + 14.0
    if person.histology == "small_cell":
        journey.treat("chemotherapy", "carboplatin + etoposide", start=begun, end=begun + 84.0, line=1)
        journey.treat("immunotherapy", "atezolizumab", start=begun)
    elif person.stage in EARLY:
        journey.treat("surgery", "lobectomy with lymph node dissection", start=begun, end=begun)
    elif person.stage.startswith("III"):
        journey.treat("radiotherapy", "thoracic radiotherapy 60 Gy", start=begun, end=begun + 42.0, line=1)
        journey.treat("chemotherapy", "cisplatin + pemetrexed", start=begun, end=begun + 63.0, line=1)
        journey.treat("immunotherapy", "durvalumab", start=begun + 70.0, end=begun + 435.0)
    elif person.histology == "squamous":
        journey.treat("chemotherapy", "carboplatin + paclitaxel", start=begun, end=begun + 84.0, line=1)
        journey.treat("immunotherapy", "pembrolizumab", start=begun)
    elif person.smoking == "never":
        journey.treat("targeted", "osimertinib", start=begun, line=1)
    else:
        journey.treat("chemotherapy", "cisplatin + pemetrexed", start=begun, end=begun + 84.0, line=1)
        journey.treat("immunotherapy", "pembrolizumab", start=begun)


def routine_imaging(journey: Journey, *, until: float) -> None:
    """Scans without a bone finding up to day `until`, one in thirty equivocal: every twelve weeks, twice a year in an
    early stage."""
    cycle = SCAN_CYCLE_DAYS_AFTER_SURGERY if journey.person.stage in EARLY else SCAN_CYCLE_DAYS
    day = float((journey.person.diagnosis_date - journey.anchor).days) + journey.rng.uniform(30.0, 70.0)
    while day < until:
        equivocal = journey.rng.random() < 1 / 30
        journey.imaging.append(
            DemoImaging(
                performed_on=journey.date(day),
                modality="mri" if equivocal else str(journey.rng.choice(("ct", "ct", "ct", "pet_ct", "bone_scan"))),
                finding="equivocal" if equivocal else "none",
                lesion_type="",
                sites="thoracic spine" if equivocal else "",
            )
        )
        day += cycle + journey.rng.uniform(-8.0, 8.0)

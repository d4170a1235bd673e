"""Stories of markers that rise: growth over the person's own level, faster or slower, alone or together."""

from __future__ import annotations

import numpy as np

from exchange.demo.journey import Journey
from exchange.demo.markers import FloatArray
from exchange.demo.types import DemoImaging, DemoSkeletalEvent

SITES = ("thoracic spine", "lumbar spine, pelvis", "ribs, sternum", "left femur", "sacrum, right ilium")


def growth(days: FloatArray, *, onset: float, doubling: float, share: float) -> FloatArray:
    """Factor on the own level: from `onset` on, `share` of it doubles every `doubling` days."""
    grown = np.maximum(days - onset, 0.0) / doubling
    return 1.0 + share * (np.exp2(grown) - 1.0)


def _last_of_quiet(journey: Journey, rising_draws: int) -> float:
    """The day of the last draw before the rise is to be seen in `rising_draws` draws."""
    return float(journey.days[-1 - rising_draws])


def cea_rises(journey: Journey) -> None:
    onset = _last_of_quiet(journey, int(journey.rng.integers(3, 5))) - 10.0
    journey.start_at("CEA", float(journey.rng.uniform(1.8, 3.2)))
    journey.multiply("CEA", growth(journey.days, onset=onset, doubling=journey.rng.uniform(32, 45), share=0.75))


def cea_and_bone_rise(journey: Journey) -> None:
    onset = _last_of_quiet(journey, 4)
    journey.multiply("CEA", growth(journey.days, onset=onset, doubling=journey.rng.uniform(34, 44), share=0.7))
    journey.multiply("BAP", growth(journey.days, onset=onset, doubling=50.0, share=0.32))
    journey.multiply("BCTX", growth(journey.days, onset=onset, doubling=48.0, share=0.5))
    journey.multiply("ALP", growth(journey.days, onset=onset, doubling=60.0, share=0.16))


def bone_then_cea_rises(journey: Journey) -> None:
    onset = _last_of_quiet(journey, 5)
    journey.multiply("BAP", growth(journey.days, onset=onset, doubling=58.0, share=0.34))
    journey.multiply("BCTX", growth(journey.days, onset=onset, doubling=55.0, share=0.5))
    journey.multiply("NMID", growth(journey.days, onset=onset, doubling=70.0, share=0.2))
    late = _last_of_quiet(journey, 2) - 8.0
    journey.multiply("CEA", growth(journey.days, onset=late, doubling=26.0, share=0.8))


def nse_rises(journey: Journey) -> None:
    onset = _last_of_quiet(journey, 4)
    journey.multiply("NSE", growth(journey.days, onset=onset, doubling=journey.rng.uniform(30, 38), share=0.35))
    journey.multiply("LDH", growth(journey.days, onset=onset, doubling=45.0, share=0.12))


def cyfra_rises(journey: Journey) -> None:
    onset = _last_of_quiet(journey, 4) - 5.0
    journey.multiply("CYFRA211", growth(journey.days, onset=onset, doubling=32.0, share=0.9))


def rise_just_begun(journey: Journey) -> None:
    """Only the latest draw lies beyond what was expected; the next one decides."""
    journey.multiply_at(journey.count - 1, {"CEA": float(journey.rng.uniform(2.1, 2.6))})


def rise_then_imaged(journey: Journey) -> None:
    """Markers rose over four draws, a scan then found bone metastasis, the second line brought them down again."""
    found = journey.count - 6
    onset, scan = float(journey.days[found - 4]), float(journey.days[found]) + 9.0
    start = scan + 12.0
    until_found = np.minimum(journey.days, journey.days[found])
    response = np.exp2(-np.maximum(journey.days - start, 0.0) / 20.0)
    for marker, doubling, share in (("CEA", 38.0, 0.75), ("BAP", 50.0, 0.34), ("BCTX", 48.0, 0.5), ("ALP", 60.0, 0.16)):
        grown = growth(until_found, onset=onset, doubling=doubling, share=share) - 1.0
        journey.multiply(marker, 1.0 + grown * response)
    site = str(journey.rng.choice(SITES))
    journey.imaging.append(
        DemoImaging(
            performed_on=journey.date(scan),
            modality="bone_scan",
            finding="bone_metastasis",
            lesion_type=str(journey.rng.choice(("lytic", "blastic", "mixed"))),
            sites=site,
        )
    )
    journey.treat("chemotherapy", "carboplatin + pemetrexed", start=start, line=2)
    journey.treat("bone_agent", "denosumab", start=start + 3.0)
    if journey.rng.random() < 0.6:
        journey.skeletal_events.append(
            DemoSkeletalEvent(kind="bone_radiotherapy", occurred_on=journey.date(scan + 20.0), site=site.split(",")[0])
        )

"""Stories of samples, laboratories and passing causes: what moves a marker without the disease moving."""

from __future__ import annotations

import math

from exchange.demo.journey import HARBOUR, RIVERSIDE, Journey

# Levels of the other laboratory's assays against the central one's.
ASSAY_SHIFT = {"CEA": 1.35, "CYFRA211": 1.25, "NSE": 0.85, "BAP": 0.80, "BCTX": 1.15, "NMID": 1.2}


def overdue(journey: Journey) -> None:
    """Several draws of the plan never took place, and the next one is late now."""
    inner = range(2, journey.count - 1)
    journey.lost.update(int(at) for at in journey.rng.choice(inner, size=min(4, len(inner)), replace=False))


def assay_change(journey: Journey) -> None:
    """The samples go to another laboratory from some day on, whose assays read higher or lower."""
    at = journey.count - int(journey.rng.integers(2, 6))
    journey.laboratories = ["Central laboratory"] * at + [RIVERSIDE] * (journey.count - at)
    for draw in range(at, journey.count):
        journey.multiply_at(draw, ASSAY_SHIFT)


def below_limit(journey: Journey) -> None:
    """CEA and CYFRA 21-1 lie about the reporting limit: some draws say only that they are below it."""
    journey.start_at("CEA", float(journey.rng.uniform(0.17, 0.22)))
    journey.start_at("CYFRA211", float(journey.rng.uniform(0.42, 0.55)))


def haemolysed(journey: Journey) -> None:
    """Red cells hold enolase: NSE (and LDH) of a haemolysed sample is high and says nothing. The last one is."""
    for at in {journey.count - 1, int(journey.rng.integers(2, journey.count - 2))}:
        journey.haemolysis[at] = "present"
        journey.multiply_at(at, {"NSE": float(journey.rng.uniform(1.8, 2.6)), "LDH": 1.35})
        journey.notes[at] = "haemolysed; new sample asked for"


def not_fasting(journey: Journey) -> None:
    """A third of the samples were taken after breakfast, where β-CTx reads lower."""
    for at in range(journey.count):
        if journey.rng.random() < 0.33:
            journey.fasting[at] = "no"
            journey.multiply_at(at, {"BCTX": 1.0 - 0.178})


def infection(journey: Journey) -> None:
    """A chest infection at one draw: CYFRA 21-1 and neutrophils up, lymphocytes down, so NLR and SII up, once."""
    at = journey.count - int(journey.rng.integers(2, 8))
    journey.multiply_at(at, {"CYFRA211": 2.2, "NEUT": 2.3, "LYMPH": 0.72, "PLT": 1.25, "CEA": 1.1, "ALB": 0.93})
    journey.notes[at] = "chest infection, on antibiotics"


def outlier(journey: Journey) -> None:
    """One CEA far off, with draws before and after it as ever; in one of two patients it is the latest."""
    latest = journey.rng.random() < 0.5
    at = journey.count - 1 if latest else int(journey.rng.integers(4, journey.count - 2))
    journey.multiply_at(at, {"CEA": float(journey.rng.uniform(3.5, 6.0))})


def other_units(journey: Journey) -> None:
    """The laboratory reports β-CTx in pg/mL, platelets in 10*3/uL, calcium in mg/dL and albumin in g/dL."""
    journey.laboratories = [HARBOUR] * journey.count


def corrected(journey: Journey) -> None:
    """The laboratory took a result back and sent another: a slip of the decimal point."""
    at = journey.count - int(journey.rng.integers(2, 4))
    right = math.exp(float(journey.logs["CEA"][at]))
    journey.corrections[(at, "CEA")] = (f"{right * 10:.2f}", "decimal point, corrected by the laboratory")


def zero(journey: Journey) -> None:
    """Blood counts that are all but nothing after chemotherapy: 0.00 is a result, and a ratio over it is none."""
    at = journey.count - int(journey.rng.integers(3, 6))
    journey.texts[(at, "LYMPH")] = "0.00"
    journey.texts[(at, "NEUT")] = "0.04"
    journey.texts[(at, "PLT")] = "38"
    journey.notes[at] = "day 10 after chemotherapy, pancytopenia"

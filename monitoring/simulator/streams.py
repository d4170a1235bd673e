"""One independent stream of random numbers for each purpose, so that one knob never moves another purpose's draws."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Streams:
    """Named streams of one cohort: the same seed, size and name give the same numbers, whatever else is simulated.

    Arrays over draws are (draws x patients) and filled draw by draw, so a cohort with more planned draws begins with
    the numbers of one with fewer.
    """

    seed: int
    patients: int

    def of(self, *purpose: str | int) -> np.random.Generator:
        """A fresh generator for a purpose such as ("noise", "CEA"); asking twice gives the same numbers twice."""
        key = tuple(zlib.crc32(str(part).encode()) for part in purpose)
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(self.seed, spawn_key=key)))

    def uniform(self, *purpose: str | int) -> FloatArray:
        """One uniform number in [0, 1) a patient, shape (patients,)."""
        return self.of(*purpose).random(self.patients)

    def normal(self, *purpose: str | int) -> FloatArray:
        """One standard normal number a patient, shape (patients,)."""
        return self.of(*purpose).standard_normal(self.patients)

    def uniforms(self, draws: int, *purpose: str | int) -> FloatArray:
        return self.of(*purpose).random((draws, self.patients))

    def normals(self, draws: int, *purpose: str | int) -> FloatArray:
        return self.of(*purpose).standard_normal((draws, self.patients))

    def gammas(self, shape: float, draws: int, *purpose: str | int) -> FloatArray:
        return self.of(*purpose).standard_gamma(shape, (draws, self.patients))


def between(low: float, high: float, share: FloatArray) -> FloatArray:
    """The uniform number between two limits at a share of the way."""
    return low + (high - low) * share


def truncated_normal(share: FloatArray, low: float, high: float) -> FloatArray:
    """The quantile of a standard normal variable cut at `low` and `high`, both in SDs."""
    return np.asarray(special.ndtri(between(float(special.ndtr(low)), float(special.ndtr(high)), share)))


def quantile(share: float) -> float:
    """The standard normal quantile, infinite at 0 and 1."""
    return float(special.ndtri(share))

"""Numbers that rules are compared with: normal quantiles as printed and the multi-result factor."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

TWO_SIDED_95: Final = 1.96
FAMILY_ERROR: Final = 0.05

# The normal density dies out within nine SDs; on a grid this even the trapezoid rule is exact to rounding.
_GRID: Final = np.linspace(-9.0, 9.0, 1801)
_WEIGHT: Final = np.exp(-0.5 * _GRID**2) / math.sqrt(2.0 * math.pi) * (_GRID[1] - _GRID[0])


@lru_cache(maxsize=1024)
def first_result_factor(results: int, error: float = FAMILY_ERROR) -> float:
    """c_n: in SDs of one result, how far any of n - 1 later results may lie above the first in a steady state.

    Solves 1 - integral of phi(u) Phi(c + u)^(n - 1) du = error: the chance over the whole series of `results` results,
    the first included. Two results give the one-sided reference change, 1.645 times root 2. The published factors
    (Lund, Petersen, Fraser; Ann Clin Biochem 2015;52:237) come from simulation of the same definition.

    Raises `ValueError` for fewer than two results or an error outside (0, 0.5).
    """
    if results < 2 or not 0.0 < error < 0.5:
        raise ValueError(f"no factor for {results} results at an error of {error}")

    def excess(factor: float) -> float:
        return float(1.0 - np.sum(_WEIGHT * ndtr(factor + _GRID) ** (results - 1)) - error)

    return float(brentq(excess, 0.0, 20.0, xtol=1e-12))

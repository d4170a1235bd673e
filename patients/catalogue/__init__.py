"""What Leadtime knows about each marker: names, units, limits, variation, confounders; all sourced and graded."""

from __future__ import annotations

from patients.catalogue.catalogue import Catalogue
from patients.catalogue.definitions import (
    Confounder,
    Conversion,
    Figure,
    Grade,
    Loinc,
    MarkerDefinition,
    ReferenceInterval,
    RefusedUnit,
)
from patients.catalogue.loader import catalogue, load
from patients.catalogue.tables import CatalogueError

__all__ = [
    "Catalogue",
    "CatalogueError",
    "Confounder",
    "Conversion",
    "Figure",
    "Grade",
    "Loinc",
    "MarkerDefinition",
    "ReferenceInterval",
    "RefusedUnit",
    "catalogue",
    "load",
]

"""One short text for all that the engine is told, so that thresholds and what they were made for stay together."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from monitoring.events import EventRules
from monitoring.trends.detection import DetectionParameters
from monitoring.trends.engine import ENGINE_VERSION
from monitoring.trends.types import MarkerParameters


def digest_of(
    markers: Mapping[str, MarkerParameters], parameters: DetectionParameters, rules: EventRules | None = None
) -> str:
    """Of the engine's version and every figure but the thresholds; the words of a source do not count."""
    plain = replace(parameters, thresholds=None, bone_layer=True, version="")
    events = [] if rules is None else [replace(one, source="", note="", grade="") for one in rules.events]
    samples = [] if rules is None else [replace(one, source="", note="", grade="") for one in rules.samples]
    told = [ENGINE_VERSION, plain, [replace(markers[code], grade="") for code in sorted(markers)], events, samples]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:12]

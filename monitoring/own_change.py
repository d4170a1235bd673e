"""The change of a value against the patient's own level, in words: the one place that decides whether there is one.

Two assays give two numbers for one sample. A level that was learnt with one assay and a value of another are not
divided; that the assay changed is said instead of a percentage.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext

from monitoring.evaluation import segments_of
from monitoring.wording import change_text
from patients.selectors import SeriesPoint


def own_change_text(
    percent: float | None,
    *,
    last: SeriesPoint,
    level_draws: Sequence[int],
    points: Sequence[SeriesPoint],
    narrow: bool = False,
) -> str:
    """`percent` as it was stored with the draws of the level; `last` is the value it is the change of.

    A finding is older than a correction until the next evaluation: what it stored is not believed across a break, and
    a draw that is gone since has no assay to compare with.
    """
    if _another_assay(last, level_draws=level_draws, points=points):
        return gettext("assay changed") if narrow else gettext("not comparable (another assay)")
    return change_text(percent, comparator=last.comparator)


def _another_assay(last: SeriesPoint, *, level_draws: Sequence[int], points: Sequence[SeriesPoint]) -> bool:
    segments = {point.draw_id: segment for point, segment in zip(points, segments_of(points), strict=True)}
    known = [segments[draw] for draw in level_draws if draw in segments]
    return bool(known) and last.draw_id in segments and segments[last.draw_id] != known[-1]

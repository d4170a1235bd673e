"""What the record refuses, drawn as a tree.

RecordError
├── ResultExists      a different value stands already for this marker in this draw
├── ResultNotCurrent  the row to correct was corrected meanwhile
├── AccessionAtAnotherTime  the draw of this accession number was taken at another time
├── DerivedMarker     a marker that is computed cannot be entered
├── LaboratoryKnown   another laboratory of that name is described already
├── IntervalOverlaps  another line of the laboratory's table holds for the same people from the same day
├── IntervalNotStanding  the line was withdrawn, or ended, meanwhile
├── IntervalEndsTooEarly  its last day lies before its first
├── DraftIsOlder      the draft was changed in another window meanwhile
├── DraftIsGone       the draft was saved or discarded in another window meanwhile
├── PatientMerged     the record was merged into another one meanwhile
└── EmptyDraw         nothing was measured
├── EmptyDraw         nothing was measured
├── ReasonMissing     a correction does not say why
├── NothingChanged    a correction says what stands there already
├── DrawChangedMeanwhile  the draw is not as the person who corrects it saw it
└── DrawOnRecord      another draw of this moment and laboratory is on record
"""

from __future__ import annotations


class RecordError(Exception):
    """Refused, and nothing was written. `code` and `params` let a page say it in the reader's language."""

    code = "record_refused"

    def __init__(self, **params: str) -> None:
        self.params = params
        super().__init__(f"{self.code}: {params}" if params else self.code)


class ResultExists(RecordError):
    code = "result_exists"


class ResultNotCurrent(RecordError):
    code = "result_not_current"


class AccessionAtAnotherTime(RecordError):
    code = "accession_at_another_time"


class DerivedMarker(RecordError):
    code = "marker_is_derived"


class PatientMerged(RecordError):
    code = "patient_merged"


class EmptyDraw(RecordError):
    code = "draw_is_empty"


class LaboratoryKnown(RecordError):
    code = "laboratory_known"


class IntervalOverlaps(RecordError):
    code = "interval_overlaps"


class IntervalNotStanding(RecordError):
    code = "interval_not_standing"


class IntervalEndsTooEarly(RecordError):
    code = "interval_ends_too_early"


class DraftIsOlder(RecordError):
    code = "draft_is_older"


class DraftIsGone(RecordError):
    code = "draft_is_gone"


class ReasonMissing(RecordError):
    code = "reason_missing"


class NothingChanged(RecordError):
    code = "nothing_changed"


class DrawChangedMeanwhile(RecordError):
    code = "draw_changed_meanwhile"


class DrawOnRecord(RecordError):
    code = "draw_on_record"

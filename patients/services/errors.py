"""What the record refuses, drawn as a tree.

RecordError
├── ResultExists      a different value stands already for this marker in this draw
├── ResultNotCurrent  the row to correct was corrected meanwhile
├── AccessionAtAnotherTime  the draw of this accession number was taken at another time
├── DerivedMarker     a marker that is computed cannot be entered
├── LaboratoryKnown   another laboratory of that name is described already
├── LaboratoryInUse   draws, intervals or a second check know the laboratory by the name it has
├── IntervalOverlaps  another line of the laboratory's table holds for the same people from the same day
├── IntervalNotStanding  the line was withdrawn, or ended, meanwhile
├── IntervalEndsTooEarly  its last day lies before its first
├── DraftIsOlder      the draft was changed in another window meanwhile
├── DraftIsGone       the draft was saved or discarded in another window meanwhile
├── NothingChecked    a second check that looks at nothing
├── OwnEntry          nobody is the second person of what they entered
├── OtherCheckAsked   a value that is to be typed a second time is not released by comparing, nor the other way round
├── TypedAlready      the second person typed it, and has seen both values since
├── DraftInTheWay     something else is typed already where a draft would go
├── PatientMerged     the record was merged into another one meanwhile
├── OtherDrawOfTheDay another draw of that day holds some of these markers: is it the same blood?
├── DrawFactsDiffer   two papers of one draw do not agree in what they say of it
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


class OtherDrawOfTheDay(RecordError):
    """Asked, not refused for good: `draw` is the id of the draw that may be of the same blood."""

    code = "other_draw_of_the_day"

    @property
    def draw_id(self) -> int:
        return int(self.params["draw"])


class DrawFactsDiffer(RecordError):
    """`facts` names what differs; `stands_<fact>` and `says_<fact>` are the two values, `draw` the draw on record."""

    code = "draw_facts_differ"

    @property
    def draw_id(self) -> int:
        return int(self.params["draw"])

    @property
    def differing(self) -> tuple[str, ...]:
        return tuple(self.params["facts"].split(","))


class EmptyDraw(RecordError):
    code = "draw_is_empty"


class LaboratoryKnown(RecordError):
    code = "laboratory_known"


class LaboratoryInUse(RecordError):
    code = "laboratory_in_use"


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


class DraftInTheWay(RecordError):
    code = "draft_in_the_way"


class ReasonMissing(RecordError):
    code = "reason_missing"


class NothingChanged(RecordError):
    code = "nothing_changed"


class DrawChangedMeanwhile(RecordError):
    code = "draw_changed_meanwhile"


class DrawOnRecord(RecordError):
    code = "draw_on_record"


class NothingChecked(RecordError):
    code = "nothing_checked"


class OwnEntry(RecordError):
    code = "own_entry"


class OtherCheckAsked(RecordError):
    code = "other_check_asked"


class TypedAlready(RecordError):
    code = "typed_already"

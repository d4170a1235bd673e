"""What a later file knows of a draw on record, and what it contradicts."""

from __future__ import annotations

from exchange import loader
from exchange.messages_i18n import explain
from patients.models import Draw, ImportBatch, RejectedLine, Result
from tests.cast import Cast, make_patient
from tests.exchange.files import refusals, take_in


def outcome(summary: loader.ImportSummary) -> tuple[int, int, int, int]:
    counts = summary.counts
    return counts.results_new, counts.results_repeated, counts.results_corrected, counts.lines_rejected


FACTS = "patient_id,marker,value,unit,collected_at,sample_id,haemolysis,fasting\n"


def test_a_later_file_fills_in_what_was_not_known_of_the_draw(cast: Cast) -> None:
    make_patient(cast.team, number="P1")
    take_in(FACTS + "P1,CEA,3.2,ng/mL,2024-03-12,S1,,\n")
    later = FACTS + "P1,NSE,12,ng/mL,2024-03-12 08:03,S1,yes,no\n"
    assert outcome(take_in(later)) == (1, 0, 0, 0)
    draw = Draw.objects.get()
    assert (draw.haemolysis, draw.fasting, draw.time_known, draw.version) == ("present", "no", True, 2)
    assert outcome(take_in(later)) == (0, 1, 0, 0)
    assert Draw.objects.get().version == 2


def test_a_file_that_contradicts_the_draw_on_record_is_rejected_with_both_values(cast: Cast) -> None:
    make_patient(cast.team, number="P1")
    take_in(FACTS + "P1,CEA,3.2,ng/mL,2024-03-12 08:03,S1,no,yes\n")
    later = FACTS + "P1,NSE,12,ng/mL,2024-03-12 08:03,S1,yes,yes\n"
    assert refusals(later) == [(2, "draw_facts_differ")]
    assert (Result.objects.count(), Draw.objects.get().haemolysis, Draw.objects.get().version) == (1, "none", 1)
    batch = ImportBatch.objects.create(file_name="results.csv", sha256="")
    take_in(later, batch=batch)
    rejected = RejectedLine.objects.get(batch=batch)
    said = explain(rejected.code, rejected.params)
    assert "Haemolysis: not haemolysed on record, haemolysed on this paper" in said

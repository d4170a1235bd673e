from __future__ import annotations

import datetime as dt

import pytest

from patients.entry import DEFAULT_PANEL, Entry, EntryRow, Typed, panel_of, read_entry, typed_rows
from patients.models import Patient
from patients.services import set_plan
from tests.cast import ACTOR, Cast, give_draw, make_patient

AT = dt.datetime(2026, 3, 9, 8, 15, tzinfo=dt.UTC)


def read(patient: Patient, **values: str | Typed) -> Entry:
    typed = {
        code: text if isinstance(text, Typed) else Typed(value=text, unit=UNITS.get(code, ""))
        for code, text in values.items()
    }
    return read_entry(patient=patient, markers=panel_of(patient), typed=typed, collected_at=AT)


def row_of(entry: Entry, code: str) -> EntryRow:
    return next(row for row in entry.rows if row.marker.code == code)


UNITS = {"CEA": "ng/mL", "NEUT": "10*9/L", "LYMPH": "10*9/L", "PLT": "10*9/L", "CA": "mmol/L", "ALB": "g/L"}


@pytest.mark.parametrize("text", ["0", "<0.5", "0.004", "0.50", ">1000"])
def test_a_value_is_kept_as_typed(cast: Cast, text: str) -> None:
    entry = read(make_patient(cast.team), CEA=Typed(value=text, unit="ug/L", confirm=text))
    assert entry.readable
    (result,) = entry.results()
    assert (result.as_typed, f"{result.comparator}{result.value}", result.unit) == (text, text, "ug/L")


@pytest.mark.parametrize("text", ["abc", "1-2", "-1", "1,5", "~3", "999999999"])
def test_every_cell_that_is_not_empty_is_read_or_refused_aloud(cast: Cast, text: str) -> None:
    entry = read(make_patient(cast.team), CEA=text)
    assert row_of(entry, "CEA").error
    assert row_of(entry, "CEA").typed.value == text
    assert not entry.readable


def test_a_value_of_a_marker_that_is_not_on_the_panel_is_read_too(cast: Cast) -> None:
    patient = make_patient(cast.team)
    set_plan(actor=ACTOR, patient_id=patient.pk, markers=["CEA"], every_weeks=6, starts_on=dt.date(2026, 1, 1))
    assert [marker.code for marker in panel_of(patient)] == ["CEA"]
    entry = read(patient, CEA="3", PLT="250")
    assert [result.marker for result in entry.results()] == ["CEA", "PLT"]


def test_the_panel_is_the_usual_one_where_there_is_no_plan_and_never_offers_computed_markers(cast: Cast) -> None:
    patient = make_patient(cast.team)
    assert {marker.code for marker in panel_of(patient)} == set(DEFAULT_PANEL)
    everything = {marker.code for marker in panel_of(patient, everything=True)}
    assert {"BAP_U", "RDW_CV"} <= everything
    assert not {"NLR", "SII", "CA_CORR"} & everything


def test_a_missing_or_foreign_unit_is_never_guessed(cast: Cast) -> None:
    patient = make_patient(cast.team)
    assert "one of: ng/mL" in row_of(read(patient, CEA=Typed(value="3")), "CEA").error
    assert row_of(read(patient, BAP=Typed(value="31", unit="U/L")), "BAP").error


def test_the_previous_value_is_the_last_before_this_draw_not_the_last_on_record(cast: Cast) -> None:
    patient = make_patient(cast.team)
    give_draw(patient, dt.date(2026, 3, 1), {"CEA": "4.0"})
    give_draw(patient, dt.date(2026, 3, 12), {"CEA": "9.0"})
    row = row_of(read(patient, CEA="5.0"), "CEA")
    assert row.previous is not None
    assert (row.previous.value, row.change) == ("4.0", "+25 %")


def test_no_change_is_computed_from_or_to_a_censored_value(cast: Cast) -> None:
    patient = make_patient(cast.team)
    give_draw(patient, dt.date(2026, 3, 1), {"CEA": "<0.5"})
    row = row_of(read(patient, CEA="5.0"), "CEA")
    assert row.previous is not None
    assert row.change == ""


def test_an_unusual_value_is_held_back_until_typed_again_the_same(cast: Cast) -> None:
    patient = make_patient(cast.team)
    first = row_of(read(patient, CEA="250"), "CEA")
    assert (first.asks_again, first.blocks, first.error) == (True, True, "")
    assert "unusually high" in first.doubts[0]
    other = row_of(read(patient, CEA=Typed(value="250", unit="ng/mL", confirm="25")), "CEA")
    assert "first “250”, then “25”" in other.error
    entry = read(patient, CEA=Typed(value="250", unit="ng/mL", confirm="250"))
    assert entry.readable
    assert entry.results()[0].confirmed


def test_a_step_that_fits_a_slip_of_the_unit_is_asked_about(cast: Cast) -> None:
    patient = make_patient(cast.team)
    give_draw(patient, dt.date(2026, 1, 1), {"CEA": "3.2"})
    row = row_of(read(patient, CEA="3300"), "CEA")
    assert row.asks_again
    assert any("slip of the decimal point" in doubt for doubt in row.doubts)


def test_calcium_that_is_urgent_is_said_and_not_held_back_for_that(cast: Cast) -> None:
    row = row_of(read(make_patient(cast.team), CA=Typed(value="3.6", unit="mmol/L", confirm="3.6")), "CA")
    assert row.urgent
    assert not row.blocks


def test_computed_markers_appear_when_their_inputs_are_in(cast: Cast) -> None:
    entry = read(make_patient(cast.team), NEUT="4.2", LYMPH="1.5", PLT="200", CA="2.30", ALB="30")
    assert {row.marker.code: row.value for row in entry.computed} == {"NLR": "2.8", "SII": "560", "CA_CORR": "2.5"}
    without = read(make_patient(cast.team), NEUT="4.2", LYMPH="<0.1")
    assert {row.value for row in without.computed} == {""}


def test_computed_markers_are_left_out_where_the_panel_cannot_give_them(cast: Cast) -> None:
    patient = make_patient(cast.team)
    set_plan(actor=ACTOR, patient_id=patient.pk, markers=["CA", "ALB"], every_weeks=6, starts_on=dt.date(2026, 1, 1))
    assert [row.marker.code for row in read(patient).computed] == ["CA_CORR"]


def test_the_reference_follows_the_patient_and_flags_a_value_outside(cast: Cast) -> None:
    row = row_of(read(make_patient(cast.team), PLT="700"), "PLT")
    assert row.reference is not None
    assert row.flag == "H"


def test_an_assay_name_that_cannot_be_stored_is_refused(cast: Cast) -> None:
    for name in ("x" * 81, "Ro\x00che"):
        row = row_of(read(make_patient(cast.team), CEA=Typed(value="3", unit="ng/mL", assay=name)), "CEA")
        assert "assay" in row.error


def test_the_form_is_read_for_entered_markers_only() -> None:
    rows = typed_rows(
        {"value_CEA": "3", "unit_CEA": "ng/mL", "value_NLR": "3", "value_NOSUCH": "1", "confirm_CEA": "3"}
    )
    assert rows == {"CEA": Typed(value="3", unit="ng/mL", confirm="3")}


def test_a_computed_marker_that_is_urgent_is_said_beside_it(cast: Cast) -> None:
    entry = read(make_patient(cast.team), CA="3.10", ALB="30")
    (computed,) = [one for one in entry.computed if one.marker.code == "CA_CORR"]
    assert computed.value == "3.3"
    assert computed.urgent == ("URGENT: Ca corr. 3.3 mmol/L is at or above 3.25. Tell the doctor in charge now.",)

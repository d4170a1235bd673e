"""What was typed for a patient who left the team, or whose record was merged: seen, taken over, noted, in a browser."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from patients.models import Draw, EntryDraft, Patient
from patients.services import merge_patients, save_draft
from tests.browser.steps import accessibility_violations, sideways_scroll, sign_in
from tests.cast import ACTOR, PASSWORD, Cast, make_patient

pytestmark = pytest.mark.browser


def test_rows_that_left_the_grid_stay_as_text_until_they_are_noted(
    live_server: LiveServer, cast: Cast, page: Page
) -> None:
    stays, left = make_patient(cast.team, name="Ada Quibble"), make_patient(cast.team, name="Bo Quibble")
    save_draft(
        user=cast.nurse,
        scope="clinic",
        key="clinic",
        patient_id=None,
        cells={f"{left.pk}:CEA": {"value": "3.1", "confirm": ""}},
        context={"day": "2026-03-02", "markers": "CEA,NSE", "patients": f"{stays.pk},{left.pk}"},
        revision=0,
    )
    Patient.objects.filter(pk=left.pk).update(care_team=cast.other_team)
    sign_in(page, live_server.url, username="nurse", password=PASSWORD)
    page.goto(f"{live_server.url}{reverse('clinic')}")
    lost = page.locator("section.grid-strip")
    expect(lost).to_contain_text("a patient you may no longer see: CEA 3.1 ng/mL")
    assert [*accessibility_violations(page), sideways_scroll(page)] == [0]
    page.locator("tbody input").first.press_sequentially("2")  # keeping the page keeps what was typed in the lost row
    expect(page.locator("[data-kept]")).to_contain_text("Kept as a draft")
    page.reload()
    expect(lost).to_contain_text("CEA 3.1 ng/mL")
    page.get_by_role("button", name="This is noted").press("Enter")
    expect(lost).to_have_count(0)
    expect(page.locator("tbody input").first).to_have_value("2")
    assert EntryDraft.objects.get().context["lost"] == ""


def test_what_was_typed_for_a_merged_record_is_gone_on_with_and_saved(
    live_server: LiveServer, cast: Cast, page: Page
) -> None:
    kept, other = make_patient(cast.team, number="H-1"), make_patient(cast.team, number="H-2")
    save_draft(
        user=cast.nurse,
        scope="draw",
        key=str(other.pk),
        patient_id=other.pk,
        cells={"CEA": {"value": "3.1", "unit": "ng/mL"}},
        context={"collected_on": "2026-03-02", "laboratory": "Central"},
        revision=0,
    )
    merge_patients(actor=ACTOR, survivor_id=kept.pk, retired_id=other.pk, reason="typed twice")
    sign_in(page, live_server.url, username="nurse", password=PASSWORD)
    page.goto(f"{live_server.url}{reverse('draw_new', args=[kept.pk])}")
    assert [*accessibility_violations(page), sideways_scroll(page)] == [0]
    page.get_by_role("button", name="Go on with it here").press("Enter")
    expect(page.locator("#value_CEA")).to_have_value("3.1")
    page.get_by_role("button", name="Save draw").click()  # nothing new was typed: the first click is heard all the same
    expect(page.locator("h1")).not_to_have_text("Enter draw")
    assert list(Draw.objects.values_list("patient", "laboratory")) == [(kept.pk, "Central")]

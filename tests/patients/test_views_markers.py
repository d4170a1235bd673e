from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from patients.catalogue import Figure, Grade, catalogue
from tests.cast import Cast

CODES = [marker.code for marker in catalogue().markers]


def test_the_list_names_every_marker_in_both_languages(client: Client, cast: Cast) -> None:
    client.force_login(cast.nurse)
    page = client.get(reverse("marker_list")).content.decode()
    for marker in catalogue().markers:
        assert escape(marker.name_en) in page
        assert marker.name_zh in page
        assert reverse("marker_detail", args=[marker.code]) in page
    for loinc in catalogue().marker("CEA").loinc[:2]:
        assert loinc.code in page


@pytest.mark.parametrize("code", CODES)
def test_the_page_of_a_marker_shows_each_figure_with_its_source(client: Client, cast: Cast, code: str) -> None:
    client.force_login(cast.clinician)
    answer = client.get(reverse("marker_detail", args=[code]))
    page = answer.content.decode()
    marker = catalogue().marker(code)
    assert answer.status_code == 200
    assert len(answer.context["intervals"]) == len(marker.reference_intervals)
    for confounder in marker.confounders:
        assert escape(confounder.text_en) in page
    for conversion in marker.conversions:
        assert f"({conversion.unit})" in page
    assert "neither proves nor excludes a tumour" in page


def test_a_recalled_and_an_assumed_figure_say_so_in_words(client: Client, cast: Cast) -> None:
    client.force_login(cast.clinician)
    for code in CODES:
        marker = catalogue().marker(code)
        page = client.get(reverse("marker_detail", args=[code])).content.decode()
        grades = {figure.grade for figure in (marker.cvi, marker.cva, marker.cvg) if isinstance(figure, Figure)}
        grades |= {interval.grade for interval in marker.reference_intervals}
        if Grade.R in grades:
            assert "recalled, not seen in a source: check before use" in page
        if Grade.A in grades:
            assert "assumed" in page
        if Grade.D in grades:
            assert "derived" in page


def test_a_marker_that_is_not_in_the_catalogue_is_not_found(client: Client, cast: Cast) -> None:
    client.force_login(cast.clinician)
    assert client.get(reverse("marker_detail", args=["NOSUCH"])).status_code == 404


def test_the_page_speaks_the_readers_language(client: Client, cast: Cast) -> None:
    client.force_login(cast.clinician)
    page = client.get(reverse("marker_detail", args=["CEA"]), headers={"Accept-Language": "zh-hans"}).content.decode()
    assert catalogue().marker("CEA").confounders[0].text_zh in page

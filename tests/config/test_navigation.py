"""The menu says where one is, on every page there is."""

from __future__ import annotations

import re
from typing import Final

import pytest
from django.test import Client
from django.urls import reverse

from tests.test_access_matrix import ROWS, World, addresses, ask, record, world  # noqa: F401  # `world` is a fixture

# Pages the menu does not lead to: who is signed in, and nothing of the record.
NO_SECTION: Final = {"account_logout", "account_reauthenticate", "account_change_password", "account_inactive"}
SECTION_OF: Final = {
    "worklist": "worklist",
    "patient": "patient_list",
    "treatment_new": "patient_list",
    "imaging_new": "patient_list",
    "skeletal_event_new": "patient_list",
    "condition_new": "patient_list",
    "cohort": "cohort",
    "patient_numbers": "patient_list",
    "draw_correct": "patient_list",
    "draw_new": "enter_results",
    "dates": "enter_results",
    "clinic": "enter_results",
    "marker_detail": "marker_list",
    "import_detail": "import_list",
    "laboratory_edit": "laboratory_list",
    "outbox": "outbox",
    "note": "patient_list",
    "mention_list": "mention_list",
}
CURRENT: Final = re.compile(r'<a href="([^"]+)" aria-current="page">')


def menu(page: str) -> str:
    return page.split("</header>")[0].split('class="site-links"')[1]


def test_every_page_marks_exactly_one_item_of_the_menu(world: World) -> None:  # noqa: F811
    seen: dict[str, list[str]] = {}
    for name in addresses():
        path = () if (of := ROWS[name].path) is None else of(world.own)
        for who in ("administrator", "nurse", "clinician"):
            answer = ask(world, who, "get", name, path)
            if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
                seen[name] = CURRENT.findall(menu(answer.content.decode()))
                break
    assert seen.keys() >= SECTION_OF.keys() | NO_SECTION - {"account_inactive"}
    assert {name for name, marked in seen.items() if len(marked) != 1} <= NO_SECTION
    assert {name: seen[name] for name in SECTION_OF} == {page: [reverse(item)] for page, item in SECTION_OF.items()}


@pytest.mark.parametrize("address", ["/nowhere/", "/accounts/password/change/"])
def test_a_page_no_item_leads_to_marks_none(client: Client, world: World, address: str) -> None:  # noqa: F811
    client.force_login(world.cast.nurse)
    assert CURRENT.findall(menu(client.get(address).content.decode())) == []

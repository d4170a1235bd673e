from __future__ import annotations

import datetime as dt
import re

import pytest
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import reverse

from tests.cast import Cast, give_draw, make_patient

INLINE = re.compile(
    r"""<[^>]+\s(?:style|on[a-z]+)=["']|<style|<script(?![^>]*(?:\ssrc=|type="application/json"))""", re.I
)


def test_no_page_carries_inline_script_or_style(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    draw = give_draw(patient, dt.date(2026, 1, 12), {"CEA": "31"}).draw_id
    client.force_login(cast.nurse)
    addresses = [reverse(name) for name in ("patient_list", "patient_new", "enter_results", "marker_list")]
    addresses += [reverse(name, args=[patient.pk]) for name in ("patient_edit", "draw_new", "plan_edit", "imaging_new")]
    addresses += [reverse("draw", args=[patient.pk, draw]), reverse("marker_detail", args=["CEA"]), "/nowhere/"]
    for address in addresses:
        page = client.get(address).content.decode()
        assert "</html>" in page
        assert INLINE.search(page) is None, address


def test_the_menu_offers_what_the_role_may_open(client: Client, cast: Cast) -> None:
    offered = {
        cast.nurse: {"worklist", "patient_list", "enter_results", "marker_list", "import_list"},
        cast.clinician: {"worklist", "patient_list", "enter_results", "marker_list"},
        cast.administrator: {"worklist", "patient_list", "marker_list", "import_list", "outbox"},
    }
    every = set().union(*offered.values())
    for person, names in offered.items():
        client.force_login(person)
        head = client.get(reverse("marker_list")).content.decode().split("</header>")[0]
        assert {name for name in every if f'href="{reverse(name)}"' in head} == names


def test_the_language_is_switched_and_the_page_stays(client: Client, cast: Cast) -> None:
    client.force_login(cast.nurse)
    here = reverse("marker_detail", args=["CEA"])
    answer = client.post(reverse("set_language"), {"language": "zh-hans", "next": here}, follow=True)
    assert answer.redirect_chain == [(here, 302)]
    page = answer.content.decode()
    assert '<html lang="zh-hans">' in page
    assert ">English<" in page


def test_signing_out_and_switching_the_language_are_posts_with_a_token(client: Client, cast: Cast) -> None:
    client.force_login(cast.nurse)
    head = client.get(reverse("marker_list")).content.decode().split("</header>")[0]
    for name in ("account_logout", "set_language"):
        form = re.search(rf'<form[^>]*action="{reverse(name)}"[^>]*>.*?</form>', head, re.S)
        assert form is not None
        assert 'method="post"' in form[0]
        assert "csrfmiddlewaretoken" in form[0]


@pytest.mark.parametrize("template", ["500.html", "403_csrf.html"])
def test_pages_of_the_worst_moments_need_no_request(template: str) -> None:
    page = render_to_string(template)
    assert "</html>" in page
    assert "Decision support, not a diagnosis" in page


def test_too_many_attempts_have_a_page(rf: RequestFactory) -> None:
    assert "wait five minutes" in render_to_string("429.html", request=rf.get("/"))


def test_a_page_that_is_not_there_and_one_that_is_not_yours_say_so_without_names(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.other_team, name="Hidden Person")
    client.force_login(cast.nurse)
    absent = client.get(reverse("draw_new", args=[987654]))
    foreign = client.get(reverse("draw_new", args=[patient.pk]))
    assert absent.status_code == foreign.status_code == 404
    assert "Hidden" not in foreign.content.decode()

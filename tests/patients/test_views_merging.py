from __future__ import annotations

import datetime as dt
import html
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from accounts.services import join_team
from audit.models import AuditEvent
from monitoring.models import Alert
from patients.access import visible_patients
from patients.models import Draw, Patient, PatientIdentifier, PatientMerge
from patients.services import merge_patients
from tests.cast import ACTOR, Cast, give_draw, make_patient
from tests.monitoring.scenes import patient_with, run
from tests.patients.papers import paper

JAN, FEB = dt.date(2025, 1, 6), dt.date(2025, 2, 3)


@pytest.fixture
def pair(cast: Cast) -> tuple[Patient, Patient]:
    return make_patient(cast.team, number="H-1"), make_patient(cast.team, name="Zhuo Quibbel", number="H-2")


Pair = tuple[Patient, Patient]


def of_pair(pair: Pair) -> str:
    return reverse("patient_merge", args=[pair[0].pk, pair[1].pk])


def text_of(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def merge(pair: Pair) -> PatientMerge:
    return merge_patients(actor=ACTOR, survivor_id=pair[0].pk, retired_id=pair[1].pk, reason="typed twice")


# --- merging --------------------------------------------------------------------------------------------------------
def test_the_other_record_is_searched_for_and_its_name_is_in_no_address(client: Client, cast: Cast, pair: Pair) -> None:
    make_patient(cast.other_team, name="Zhuo Foreign", number="H-3")
    client.force_login(cast.clinician)
    page = client.post(reverse("patient_merges", args=[pair[0].pk]), {"q": "zq"}).content.decode()
    assert of_pair(pair) in page
    assert "Zhuo Foreign" not in page
    assert reverse("patient_merge", args=[pair[0].pk, pair[0].pk]) not in page


def test_two_records_are_laid_beside_each_other_and_merged(client: Client, cast: Cast, pair: Pair) -> None:
    kept, other = pair
    give_draw(kept, JAN, {"CEA": "2.0"})
    give_draw(other, JAN, {"CEA": "2.0"})
    give_draw(other, FEB, {"CEA": "2.1"})
    client.force_login(cast.clinician)
    page = text_of(client.get(of_pair(pair)))
    for shown in ("Zhuo Quibble", "Zhuo Quibbel", "H-1", "H-2", "This is moved", "stays behind", "03-Feb-2025"):
        assert shown in page
    answer: Any = client.post(of_pair(pair), {"reason": "typed twice"})
    assert (answer.status_code, answer["Location"]) == (302, reverse("patient", args=[kept.pk]))
    merge = PatientMerge.objects.get()
    assert (merge.survivor, merge.retired, merge.reason, merge.by) == (kept, other, "typed twice", cast.clinician)
    assert Draw.objects.filter(patient=kept).count() == 2


def test_a_merge_without_a_reason_is_refused_and_changes_nothing(client: Client, cast: Cast, pair: Pair) -> None:
    client.force_login(cast.clinician)
    answer = client.post(of_pair(pair), {"reason": "  "})
    assert answer.status_code == 422
    assert "Write why" in text_of(answer)
    assert not PatientMerge.objects.exists()


def test_draws_that_contradict_each_other_are_listed_and_nothing_can_be_sent(
    client: Client, cast: Cast, pair: Pair
) -> None:
    give_draw(pair[0], JAN, {"CEA": "2.0"})
    give_draw(pair[1], JAN, {"CEA": "2.7"})
    client.force_login(cast.clinician)
    page = text_of(client.get(of_pair(pair)))
    assert "2.0 ng/mL" in page
    assert "2.7 ng/mL" in page
    assert "Merge the two records" not in page
    answer = client.post(of_pair(pair), {"reason": "typed twice"})
    assert answer.status_code == 422
    assert not PatientMerge.objects.exists()


def ask(pair: Pair, *, value: str = "2.0") -> str:
    """A draw on each record that may be one blood; the name of the question."""
    kept = give_draw(pair[0], JAN, {"CEA": "2.0"}, laboratory="Central")
    other = give_draw(pair[1], JAN, {"CEA": value, "NSE": "9"})
    return f"blood_{kept.draw_id}_{other.draw_id}"


def test_draws_that_may_be_one_blood_are_asked_about_and_nothing_is_merged_before(
    client: Client, cast: Cast, pair: Pair
) -> None:
    question = ask(pair)
    client.force_login(cast.clinician)
    page = text_of(client.get(of_pair(pair)))
    for shown in ("Draws that may be one blood", "Central", "2.0 ng/mL", "9 ng/mL", f'name="{question}"'):
        assert shown in page
    assert f'id="id_{question}_0"' in page
    assert "checked" not in page
    answer = client.post(of_pair(pair), {"reason": "my own words"})
    page = text_of(answer)
    assert answer.status_code == 422
    assert f'<a href="#id_{question}_0">Blood of 06-Jan-2025' in page
    assert "Say whether this is one blood" in page
    assert 'value="my own words"' in page
    assert not PatientMerge.objects.exists()
    assert client.post(of_pair(pair), {"reason": "x", question: "perhaps"}).status_code == 422
    assert not PatientMerge.objects.exists()


@pytest.mark.parametrize(("answer", "draws"), [("one", 1), ("twice", 2)])
def test_what_was_answered_is_done_and_told(client: Client, cast: Cast, pair: Pair, answer: str, draws: int) -> None:
    question = ask(pair)
    client.force_login(cast.clinician)
    assert client.post(of_pair(pair), {"reason": "typed twice", question: answer}).status_code == 302
    assert Draw.objects.filter(patient=pair[0]).count() == draws
    page = text_of(client.get(reverse("patient_merges", args=[pair[0].pk])))
    said = {"one": "one blood, one draw was made of the two", "twice": "blood was taken twice, both draws stay"}
    assert [text in page for text in said.values()] == [answer == key for key in said]


def test_one_blood_that_contradicts_itself_is_refused_with_what_to_correct_and_what_was_ticked(
    client: Client, cast: Cast, pair: Pair
) -> None:
    question = ask(pair, value="2.7")
    client.force_login(cast.clinician)
    answer = client.post(of_pair(pair), {"reason": "my own words", question: "one"})
    page = text_of(answer)
    assert answer.status_code == 422
    assert "This cannot be one blood as it stands. CEA: 2.0 ng/mL and 2.7 ng/mL." in page
    assert re.search(rf'name="{question}" value="one"[^>]* checked', page)
    assert 'value="my own words"' in page
    for patient in pair:
        assert reverse("draw", args=[patient.pk, Draw.objects.get(patient=patient).pk]) in page
    assert not PatientMerge.objects.exists()


def test_a_reason_that_is_missing_loses_no_answer(client: Client, cast: Cast, pair: Pair) -> None:
    question = ask(pair)
    client.force_login(cast.clinician)
    page = text_of(client.post(of_pair(pair), {"reason": "", question: "twice"}))
    assert "Write why" in page
    assert re.search(rf'name="{question}" value="twice"[^>]* checked', page)
    assert not PatientMerge.objects.exists()


def test_a_merge_that_a_later_one_rests_on_offers_no_undoing(client: Client, cast: Cast, pair: Pair) -> None:
    first = merge(pair)
    second = merge((pair[0], make_patient(cast.team, number="H-3")))
    client.force_login(cast.clinician)
    page = text_of(client.get(reverse("patient_merges", args=[pair[0].pk])))
    assert page.count("It can be undone after the later merge into this record is undone.") == 1
    assert [f'value="{one.pk}"' in page for one in (first, second)] == [False, True]
    sent = client.post(reverse("patient_merge_undo", args=[pair[0].pk]), {"merge": str(first.pk)}, follow=True)
    assert "Another record was merged into this one later." in text_of(sent)
    first.refresh_from_db()
    assert first.undone_at is None


def test_a_record_that_comes_back_without_a_number_in_use_is_told(client: Client, cast: Cast, pair: Pair) -> None:
    done = merge(pair)
    PatientIdentifier.objects.get(value="H-2").delete()  # "never was this patient's"
    client.force_login(cast.clinician)
    sent = client.post(reverse("patient_merge_undo", args=[pair[0].pk]), {"merge": str(done.pk)}, follow=True)
    assert "The record that came back has no number in use." in text_of(sent)


def test_the_page_of_a_merge_costs_as_many_queries_for_fifty_pairs_as_for_one(
    client: Client, cast: Cast, pair: Pair
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(of_pair(pair)).status_code == 200
        return len(captured)

    client.force_login(cast.clinician)
    ask(pair)
    one = queries()
    for number in range(1, 50):
        give_draw(pair[0], JAN + dt.timedelta(days=number), {"CEA": "2.0"}, laboratory="Central")
        give_draw(pair[1], JAN + dt.timedelta(days=number), {"CEA": "2.0"})
    assert queries() == one


def test_who_may_merge_and_only_where_both_records_are_theirs(client: Client, cast: Cast, pair: Pair) -> None:
    foreign = make_patient(cast.other_team)
    cases = {
        (cast.nurse, pair): 403,
        (cast.stranger, pair): 404,
        (cast.clinician, (pair[0], foreign)): 404,
        (cast.clinician, (foreign, pair[0])): 404,
        (cast.administrator, pair): 200,
    }
    for (person, both), status in cases.items():
        client.force_login(person)
        assert (person.username, client.get(of_pair(both)).status_code) == (person.username, status)
        if status != 200:
            begun = AuditEvent.objects.filter(action="patient.refused").count()
            assert client.post(of_pair(both), {"reason": "typed twice"}).status_code == status
            assert AuditEvent.objects.filter(action="patient.refused").count() == begun + 1
    assert not PatientMerge.objects.exists()
    assert not Patient.objects.filter(merged_into__isnull=False).exists()


# --- afterwards -----------------------------------------------------------------------------------------------------
def test_the_merged_record_is_in_no_list_and_its_pages_lead_to_the_kept_one(
    client: Client, cast: Cast, pair: Pair
) -> None:
    merge(pair)
    assert list(visible_patients(cast.nurse)) == [pair[0]]
    client.force_login(cast.nurse)
    for name in ("patient", "patient_edit", "draw_new"):
        answer: Any = client.get(reverse(name, args=[pair[1].pk]), follow=True)
        assert answer.redirect_chain == [(reverse("patient", args=[pair[0].pk]), 302)]
        assert "The record you asked for was merged into this one." in text_of(answer)
    page = text_of(client.get(reverse("patient", args=[pair[0].pk])))
    assert "H-2 until" in page


def test_what_is_sent_to_a_record_merged_meanwhile_is_not_saved_and_that_is_said(
    client: Client, cast: Cast, pair: Pair
) -> None:
    merge(pair)
    client.force_login(cast.nurse)
    answer = client.post(reverse("draw_new", args=[pair[1].pk]), paper({"CEA": "3"}))
    assert answer.status_code == 409
    assert "Nothing of what you sent was saved" in text_of(answer)
    assert not Draw.objects.exists()


def test_a_stranger_learns_nothing_of_a_merge(client: Client, cast: Cast, pair: Pair) -> None:
    merge(pair)
    client.force_login(cast.stranger)
    for patient in pair:
        assert client.get(reverse("patient", args=[patient.pk])).status_code == 404


def test_the_link_of_an_old_mail_leads_on_to_the_kept_record(client: Client, cast: Cast) -> None:
    kept, rising = make_patient(cast.team), patient_with(cast.team)
    run(rising)
    merge((kept, rising))
    alert = Alert.objects.get(patient=rising)
    client.force_login(cast.clinician)
    answer: Any = client.get(reverse("alert", args=[alert.pk]), follow=True)
    assert answer.redirect_chain[-1][0] == reverse("patient", args=[kept.pk])
    answer = client.post(reverse("alert_acknowledge", args=[alert.pk]), {"comment": "CT asked for"})
    assert answer.status_code == 409
    alert.refresh_from_db()
    assert alert.state == "open"


def test_a_merge_is_undone_from_its_page_and_what_came_since_is_listed(client: Client, cast: Cast, pair: Pair) -> None:
    done = merge(pair)
    give_draw(pair[0], FEB, {"CEA": "2.1"})
    client.force_login(cast.clinician)
    page = reverse("patient_merges", args=[pair[0].pk])
    assert "typed twice" in text_of(client.get(page))
    answer: Any = client.post(reverse("patient_merge_undo", args=[pair[0].pk]), {"merge": str(done.pk)}, follow=True)
    assert answer.redirect_chain == [(page, 302)]
    shown = text_of(answer)
    assert "This came between merge and undoing" in shown
    assert "03-Feb-2025" in shown
    done.refresh_from_db()
    assert (done.undone_by, done.came_since["draw"]) == (cast.clinician, [Draw.objects.get().pk])
    assert client.get(reverse("patient", args=[pair[1].pk])).status_code == 200


@pytest.mark.parametrize("sent", ["", "x", "987654", "１"])
def test_a_merge_that_is_not_there_cannot_be_undone(client: Client, cast: Cast, pair: Pair, sent: str) -> None:
    merge(pair)
    client.force_login(cast.clinician)
    answer = client.post(reverse("patient_merge_undo", args=[pair[0].pk]), {"merge": sent}, follow=True)
    assert "There is no such merge to undo." in text_of(answer)
    assert PatientMerge.objects.get().undone_at is None


def test_a_merge_with_a_record_of_another_team_is_undone_by_who_sees_both_only(
    client: Client, cast: Cast, pair: Pair
) -> None:
    Patient.objects.filter(pk=pair[1].pk).update(care_team=cast.other_team)
    done = merge(pair)
    client.force_login(cast.clinician)
    assert "typed twice" not in text_of(client.get(reverse("patient_merges", args=[pair[0].pk])))
    client.post(reverse("patient_merge_undo", args=[pair[0].pk]), {"merge": str(done.pk)})
    done.refresh_from_db()
    assert done.undone_at is None
    join_team(actor=ACTOR, user=cast.clinician, team=cast.other_team)
    client.post(reverse("patient_merge_undo", args=[pair[0].pk]), {"merge": str(done.pk)})
    done.refresh_from_db()
    assert done.undone_at is not None


# --- numbers --------------------------------------------------------------------------------------------------------
def numbers_page(patient: Patient) -> str:
    return reverse("patient_numbers", args=[patient.pk])


def test_a_changed_number_is_entered_and_the_page_shows_both_with_their_days(
    client: Client, cast: Cast, pair: Pair
) -> None:
    client.force_login(cast.nurse)
    answer = client.post(numbers_page(pair[0]), {"number": " H-7 ", "reason": "new card"}, follow=True)
    page = text_of(answer)
    assert "H-7" in page
    assert "former, until" in page
    assert PatientIdentifier.objects.get(value="H-1").retired_on is not None
    assert PatientIdentifier.objects.get(value="H-7").created_by == cast.nurse


def test_a_number_of_somebody_else_is_refused_and_what_was_typed_is_kept(
    client: Client, cast: Cast, pair: Pair
) -> None:
    make_patient(cast.other_team, name="Theirs Beta", number="B-1")
    client.force_login(cast.nurse)
    for number, said, unsaid in (("H-2", "Zhuo Quibbel", "B-1"), ("B-1", "is not free", "Theirs")):
        answer = client.post(numbers_page(pair[0]), {"number": number, "reason": "my own words"})
        page = text_of(answer)
        assert answer.status_code == 422
        assert said in page
        assert unsaid not in page
        assert 'value="my own words"' in page
        assert (f'href="{reverse("patient", args=[pair[1].pk])}">Open the record of' in page) is (number == "H-2")
    assert list(pair[0].identifiers.values_list("value", flat=True)) == ["H-1"]


@pytest.mark.parametrize(
    ("action", "reason", "said"),
    [("retire", "lost", "only number in use"), ("retire", "", "Write why"), ("burn", "x", "cannot be done")],
)
def test_a_change_of_a_number_that_does_not_do_is_said(
    client: Client, cast: Cast, pair: Pair, action: str, reason: str, said: str
) -> None:
    client.force_login(cast.nurse)
    number = pair[0].identifiers.get()
    answer = client.post(numbers_page(pair[0]), {"number_id": str(number.pk), "action": action, "reason": reason})
    assert answer.status_code == 422
    assert said in text_of(answer)
    number.refresh_from_db()
    assert number.retired_on is None


# --- who may be on record already -----------------------------------------------------------------------------------
def typed(cast: Cast, **changes: str) -> dict[str, str]:
    return {
        "care_team": str(cast.team.pk),
        "number": "H-9",
        "name": "Zhuo Quibbles",
        "birth_date": "1958-04-17",
        "sex": "female",
        "menopausal_status": "post",
        "smoking": "never",
        "histology": "squamous",
        "stage": "IVA",
        "baseline_bone_status": "unknown",
    } | changes


def test_a_likely_second_record_is_asked_about_and_nothing_typed_is_lost(client: Client, cast: Cast) -> None:
    known = make_patient(cast.team, number="H-1")
    client.force_login(cast.nurse)
    answer = client.post(reverse("patient_new"), typed(cast))
    page = text_of(answer)
    assert answer.status_code == 422
    assert "is this person on record already?" in page
    for kept in ('value="Zhuo Quibbles"', 'value="H-9"', 'value="1958-04-17"', '<option value="IVA" selected>'):
        assert kept in page
    assert Patient.objects.count() == 1
    answer = client.post(reverse("patient_new"), typed(cast, another_person="on", namesakes=str(known.pk)))
    assert answer.status_code == 302
    assert Patient.objects.count() == 2


def test_the_answer_counts_for_those_who_were_shown_only(client: Client, cast: Cast) -> None:
    make_patient(cast.team, number="H-1")
    client.force_login(cast.nurse)
    assert client.post(reverse("patient_new"), typed(cast, another_person="on", namesakes="")).status_code == 422
    assert Patient.objects.count() == 1


def test_a_namesake_of_another_team_is_not_disclosed(client: Client, cast: Cast) -> None:
    make_patient(cast.other_team, name="Zhuo Quibbles", number="B-1")
    client.force_login(cast.nurse)
    assert client.post(reverse("patient_new"), typed(cast)).status_code == 302


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"birth_date": "1958-04-18"}, 302),
        ({"name": "Anna Berg"}, 302),
        ({"name": "Quibble Zhuo"}, 422),
        ({"birth_date": "", "name": "zhuo quibble"}, 422),
        ({"birth_date": ""}, 302),
    ],
)
def test_who_is_like_whom(client: Client, cast: Cast, changes: dict[str, str], status: int) -> None:
    make_patient(cast.team, number="H-1")
    client.force_login(cast.nurse)
    assert client.post(reverse("patient_new"), typed(cast, **changes)).status_code == status


def test_an_edit_asks_only_where_it_makes_two_people_alike(client: Client, cast: Cast, pair: Pair) -> None:
    client.force_login(cast.nurse)
    page = reverse("patient_edit", args=[pair[0].pk])
    assert client.post(page, typed(cast, name="Zhuo Quibble")).status_code == 302  # as it stood
    assert client.post(page, typed(cast)).status_code == 422
    pair[0].refresh_from_db()
    assert pair[0].name == "Zhuo Quibble"


# --- finding --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("zs", {"张三"}),
        ("ＺＳ", {"张三"}),
        ("zhangsan", {"张三"}),
        ("zhang san", {"张三"}),
        ("san", {"张三"}),
        ("三", {"张三"}),
        ("zeng", {"曾国藩"}),
        ("cgf", {"曾国藩"}),
        ("国藩", {"曾国藩"}),
        ("zoe", {"Zoë Lyu"}),
        ("lyu z", {"Zoë Lyu"}),
        ("zl", {"Zoë Lyu"}),
        ("an", set()),
        ("-", set()),
        ("%", set()),
        ("_", set()),
        (" zhangsan ", {"张三"}),
        ("ZHANGSAN", {"张三"}),
        ("买买提艾力", {"买买提·艾力"}),
        ("买买提・艾力", {"买买提·艾力"}),
        ("mmtal", {"买买提·艾力"}),
        ("24-00", {"买买提·艾力"}),
        ("２４００１２", {"买买提·艾力"}),
        ("24001234", {"买买提·艾力"}),
        ("24%", {"买买提·艾力"}),  # a number that begins with 24; the sign is no wildcard
        ("2%4", {"买买提·艾力"}),
        ("2_1", set()),
        ("zb‘7", set()),
    ],
)
def test_a_patient_is_found_by_sound_initials_or_without_accents(
    client: Client, cast: Cast, text: str, found: set[str]
) -> None:
    names = {"张三": "H-1", "曾国藩": "H-2", "Zoë Lyu": "H-3", "买买提·艾力": "24-00 1234"}
    for name, number in names.items():
        make_patient(cast.team, name=name, number=number)
    client.force_login(cast.nurse)
    page = text_of(client.post(reverse("patient_list"), {"q": text}, follow=True))
    assert {name for name in names if f">{name}</a>" in page} == found


def test_a_number_typed_in_full_width_signs_is_kept_in_plain_ones_and_is_not_taken_twice(
    client: Client, cast: Cast
) -> None:
    client.force_login(cast.nurse)
    assert client.post(reverse("patient_new"), typed(cast, number="２４－００　１２")).status_code == 302
    assert PatientIdentifier.objects.get().value == "24-00 12"
    again = client.post(reverse("patient_new"), typed(cast, number="24-00  12", name="Anna Berg"))
    assert f'href="{reverse("patient", args=[Patient.objects.get().pk])}">Open the record of Zhuo' in text_of(again)
    assert again.status_code == 422
    assert "24-00 12 is Zhuo Quibbles" in text_of(again)
    assert Patient.objects.count() == 1


@pytest.mark.parametrize("text", ["24-00 1234", "24-00 1234 ", "２４－００　１２３４", "24001234"])
def test_a_whole_number_leads_straight_to_the_entry(client: Client, cast: Cast, text: str) -> None:
    patient = make_patient(cast.team, number="24-00 1234")
    make_patient(cast.team, number="24-00 12345")
    client.force_login(cast.nurse)
    answer: Any = client.post(reverse("enter_results"), {"q": text})
    wanted = reverse("enter_results") if text == "24001234" else reverse("draw_new", args=[patient.pk])
    assert answer["Location"] == wanted  # without its signs it may be the beginning of the other


def test_a_changed_name_is_found_and_the_former_one_is_not(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team, name="张三")
    client.force_login(cast.nurse)
    client.post(reverse("patient_edit", args=[patient.pk]), typed(cast, name="李四"))
    assert "李四" in text_of(client.post(reverse("patient_list"), {"q": "ls"}, follow=True))
    assert ">李四</a>" not in text_of(client.post(reverse("patient_list"), {"q": "zs"}, follow=True))


def test_a_search_costs_as_many_queries_for_fifty_as_for_one(client: Client, cast: Cast) -> None:
    def queries(person: User) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse("patient_list")).status_code == 200
        return len(captured)

    make_patient(cast.team, name="张三")
    client.force_login(cast.nurse)
    client.post(reverse("patient_list"), {"q": "zs"}, follow=True)
    one = queries(cast.nurse)
    for _number in range(49):
        make_patient(cast.team, name="张三")
    assert queries(cast.nurse) == one

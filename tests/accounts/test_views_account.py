from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.cast import PASSWORD, Cast


@pytest.fixture(autouse=True)
def _no_remembered_attempts() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def sign_in(client: Client, username: str, password: str) -> str:
    return client.post(reverse("account_login"), {"login": username, "password": password}).content.decode()


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_the_right_password_leads_to_the_worklist(client: Client, cast: Cast) -> None:
    answer = client.post(reverse("account_login"), {"login": "nurse", "password": PASSWORD})
    assert answer.status_code == 302
    assert answer.headers["Location"] == reverse("worklist")


def test_a_refusal_does_not_say_whether_the_person_exists(client: Client, cast: Cast) -> None:
    known = sign_in(client, "nurse", "wrong password 12")
    unknown = sign_in(client, "nobody", "wrong password 12")
    assert not is_signed_in(client)
    assert "Not signed in" in known

    def without_name_and_token(page: str) -> list[str]:
        return [line.replace("nurse", "").replace("nobody", "") for line in page.splitlines() if "csrf" not in line]

    assert without_name_and_token(known) == without_name_and_token(unknown)


def test_after_five_wrong_passwords_the_right_one_is_refused_for_a_while(client: Client, cast: Cast) -> None:
    for _attempt in range(5):
        sign_in(client, "nurse", "wrong password 12")
    page = sign_in(client, "nurse", PASSWORD)
    assert not is_signed_in(client)
    assert "Too many failed" in page


def test_what_was_typed_stays_but_never_the_password(client: Client, cast: Cast) -> None:
    page = sign_in(client, "nurse", "wrong password 12")
    assert 'value="nurse"' in page
    assert "wrong password 12" not in page


def test_nobody_signs_up_or_resets_here(client: Client, cast: Cast) -> None:
    page = client.get(reverse("account_login")).content.decode()
    assert "administrator can help" in page
    assert client.get("/accounts/signup/").status_code == 404
    assert client.get("/accounts/password/reset/").status_code == 404


def test_signing_out_needs_a_click(client: Client, cast: Cast) -> None:
    client.force_login(cast.nurse)
    assert client.get(reverse("account_logout")).status_code == 200
    assert is_signed_in(client)
    client.post(reverse("account_logout"))
    assert not is_signed_in(client)


def test_a_password_is_changed_with_the_present_one_only(client: Client, cast: Cast) -> None:
    client.force_login(cast.nurse)
    new = "three quiet rivers 5"
    address = reverse("account_change_password")
    wrong = client.post(address, {"oldpassword": "not it at all 1", "password1": new, "password2": new})
    assert wrong.status_code == 200
    assert "Nothing was saved yet" in wrong.content.decode()
    short = client.post(address, {"oldpassword": PASSWORD, "password1": "short", "password2": "short"})
    assert "12" in short.content.decode()
    assert client.post(address, {"oldpassword": PASSWORD, "password1": new, "password2": new}).status_code == 302
    assert User.objects.get(pk=cast.nurse.pk).check_password(new)


def test_who_was_switched_off_is_not_let_in(client: Client, cast: Cast) -> None:
    User.objects.filter(pk=cast.nurse.pk).update(is_active=False)
    answer = client.post(reverse("account_login"), {"login": "nurse", "password": PASSWORD}, follow=True)
    assert not is_signed_in(client)
    assert answer.status_code == 200


def test_an_inactive_account_and_a_second_proof_have_their_pages(client: Client, cast: Cast) -> None:
    assert client.get(reverse("account_inactive")).status_code == 200
    client.force_login(cast.nurse)
    assert "Confirm that it is you" in client.get(reverse("account_reauthenticate")).content.decode()

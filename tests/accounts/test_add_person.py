from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Team, User
from accounts.roles import Permission


def add(monkeypatch: pytest.MonkeyPatch, *arguments: str, password: str = "a long way home 7") -> str:
    monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))
    said = io.StringIO()
    call_command("add_person", *arguments, stdout=said)
    return said.getvalue()


@pytest.mark.django_db
def test_a_person_is_added_to_a_team_that_is_made_where_it_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    said = add(monkeypatch, "lin", "--role", "clinician", "--team", "Thoracic A", "--team", "Thoracic B")
    user = User.objects.get()
    assert said == "Added lin (clinician) to 2 team(s).\n"
    assert sorted(user.teams.values_list("name", flat=True)) == ["Thoracic A", "Thoracic B"]
    assert user.check_password("a long way home 7")
    assert user.may(Permission.ANSWER_ALERT)


@pytest.mark.django_db
def test_a_weak_password_adds_nobody_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="at least 12 characters"):
        add(monkeypatch, "lin", "--role", "clinician", "--team", "Thoracic A", password="short")
    assert not User.objects.exists()
    assert not Team.objects.exists()


@pytest.mark.django_db
def test_a_name_that_is_taken_adds_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    add(monkeypatch, "lin", "--role", "nurse")
    with pytest.raises(CommandError, match="Nobody was added"):
        add(monkeypatch, "lin", "--role", "administrator")
    assert User.objects.get().role == "nurse"

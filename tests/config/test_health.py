from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse


@pytest.mark.django_db
def test_it_says_that_the_database_can_be_read_and_nothing_else(client: Client) -> None:
    answer = client.get(reverse("health"))
    assert (answer.status_code, answer.json()) == (200, {"database": "ok"})


@pytest.mark.django_db
def test_a_database_that_is_away_is_503_without_a_reason_that_names_it(client: Client) -> None:
    def away(*_call: Any) -> None:
        raise OperationalError("connection to server at db.clinic.internal failed")

    with connection.execute_wrapper(away):
        answer = client.get(reverse("health"))
    assert (answer.status_code, answer.json()) == (503, {"database": "unreachable"})
    assert "clinic" not in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_it_is_there_to_be_read(client: Client, method: str) -> None:
    assert getattr(client, method)(reverse("health")).status_code == 405

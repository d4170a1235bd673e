from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from patients.models import Condition, FollowUpPlan, ImagingStudy, Patient, SkeletalEvent, Treatment
from tests.cast import Cast, make_patient

GOOD: dict[str, dict[str, Any]] = {
    "treatment_new": {
        "kind": "targeted",
        "name": "osimertinib",
        "line": "1",
        "started_on": "2026-01-05",
        "ended_on": "",
    },
    "imaging_new": {
        "performed_on": "2026-02-01",
        "modality": "ct",
        "finding": "bone_metastasis",
        "lesion_type": "lytic",
        "sites": "L3",
    },
    "skeletal_event_new": {"kind": "fracture", "occurred_on": "2026-02-02", "site": "L3"},
    "condition_new": {"kind": "infection", "occurred_on": "2026-02-02", "ended_on": "2026-02-12", "note": "pneumonia"},
    "plan_edit": {"markers": ["CEA", "ALP"], "every_weeks": "6", "starts_on": "2026-01-01"},
}
MODELS = {
    "treatment_new": Treatment,
    "imaging_new": ImagingStudy,
    "skeletal_event_new": SkeletalEvent,
    "condition_new": Condition,
    "plan_edit": FollowUpPlan,
}


def send(client: Client, patient: Patient, page: str, **changes: Any) -> Any:
    return client.post(reverse(page, args=[patient.pk]), GOOD[page] | changes)


@pytest.mark.parametrize("name", GOOD)
def test_an_event_is_recorded_once_and_leads_back_to_the_patient(client: Client, cast: Cast, name: str) -> None:
    patient = make_patient(cast.team)
    client.force_login(cast.clinician)
    answer = send(client, patient, name)
    assert answer.status_code == 302
    assert answer["Location"] == reverse("patient", args=[patient.pk])
    assert MODELS[name]._default_manager.filter(patient=patient).count() == 1


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize(("who", "status"), [("administrator", 403), ("stranger", 404)])
def test_who_may_not_record_events_changes_nothing(
    client: Client, cast: Cast, name: str, who: str, status: int
) -> None:
    patient = make_patient(cast.team)
    client.force_login(getattr(cast, who))
    assert send(client, patient, name).status_code == status
    assert not MODELS[name]._default_manager.exists()


@pytest.mark.parametrize(
    ("name", "changes", "field"),
    [
        ("treatment_new", {"started_on": "2999-01-01"}, "started_on"),
        ("treatment_new", {"ended_on": "2025-01-01"}, "ended_on"),
        ("treatment_new", {"name": " "}, "name"),
        ("treatment_new", {"line": "-1"}, "line"),
        ("imaging_new", {"finding": "none"}, "lesion_type"),
        ("imaging_new", {"modality": "guess"}, "modality"),
        ("skeletal_event_new", {"occurred_on": "yesterday"}, "occurred_on"),
        ("condition_new", {"kind": "fatigue"}, "kind"),
        ("condition_new", {"occurred_on": "2999-01-01"}, "occurred_on"),
        ("condition_new", {"ended_on": "2026-02-01"}, "ended_on"),
        ("plan_edit", {"every_weeks": "105"}, "every_weeks"),
        ("plan_edit", {"markers": []}, "markers"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field_and_nothing_written(
    client: Client, cast: Cast, name: str, changes: dict[str, Any], field: str
) -> None:
    client.force_login(cast.clinician)
    answer = send(client, make_patient(cast.team), name, **changes)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert "Nothing was saved yet" in answer.content.decode()
    assert not MODELS[name]._default_manager.exists()


def test_a_new_plan_shows_the_standing_one_and_replaces_it(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    client.force_login(cast.nurse)
    send(client, patient, "plan_edit")
    form = client.get(reverse("plan_edit", args=[patient.pk])).context["form"]
    assert set(form.initial["markers"]) == {"CEA", "ALP"}
    send(client, patient, "plan_edit", every_weeks="12")
    assert FollowUpPlan.objects.count() == 2
    assert FollowUpPlan.objects.get(is_active=True).every_weeks == 12
    assert FollowUpPlan.objects.get(is_active=True).starts_on == dt.date(2026, 1, 1)

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from exchange import batches, forms, tasks
from exchange.csv.own_columns import OWN
from patients.models import BatchState, ImportBatch, RejectedLine, Result
from tests.cast import Cast, make_patient
from tests.exchange.files import HEADER

CONTENT = HEADER + "P1,CEA,3.2,ng/mL,2024-03-12\nP1,BILI,1,mg/dL,2024-03-12\n"


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, settings: pytest.FixtureRequest) -> Path:
    settings.MEDIA_ROOT = tmp_path  # type: ignore[attr-defined]
    return tmp_path / batches.FOLDER


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def upload(cast: Cast, content: str = CONTENT, **more: str) -> ImportBatch:
    file = SimpleUploadedFile("March.csv", content.encode(), "text/csv")
    data = {"file": file, "care_team": cast.team.pk, **more}
    response = signed_in(cast.nurse).post(reverse("import_list"), data)
    batch = ImportBatch.objects.latest("pk")
    assert response.headers["Location"] == reverse("import_detail", args=[batch.pk])
    return batch


def test_an_upload_waits_then_shows_what_became_of_it(cast: Cast) -> None:
    make_patient(cast.team, number="P1")
    batch = upload(cast)
    assert (batch.file_name, batch.state, batch.started_by, batch.care_team) == (
        "March.csv",
        BatchState.WAITING,
        cast.nurse,
        cast.team,
    )
    nurse = signed_in(cast.nurse)
    page = nurse.get(reverse("import_detail", args=[batch.pk])).content.decode()
    assert 'hx-trigger="every' in page
    tasks.import_file(batch.pk)
    assert Result.objects.count() == 1
    part = nurse.get(reverse("import_detail", args=[batch.pk]), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "hx-trigger" not in part
    assert "“BILI” is no marker of the catalogue." in part
    assert "P1,BILI,1,mg/dL,2024-03-12" in part
    assert "March.csv" in nurse.get(reverse("import_list")).content.decode()


def test_a_dry_run_through_the_page_writes_no_result(cast: Cast) -> None:
    make_patient(cast.team, number="P1")
    batch = upload(cast, dry_run="on")
    tasks.import_file(batch.pk)
    page = signed_in(cast.nurse).get(reverse("import_detail", args=[batch.pk])).content.decode()
    assert "Nothing is in the record yet. This is what would happen." in page
    assert Result.objects.count() == 0


def test_a_refused_file_says_what_would_be_right(cast: Cast) -> None:
    batch = upload(cast, "patient_id,CEA\nP1,3\n")
    tasks.import_file(batch.pk)
    page = signed_in(cast.nurse).get(reverse("import_detail", args=[batch.pk])).content.decode()
    assert "There is no column for marker, value, unit, collected_at." in page
    assert "patient_id,marker,value,unit,collected_at" in page


def test_rejected_lines_download_as_a_file_that_runs_no_formula(cast: Cast) -> None:
    batch = upload(cast, HEADER + "=1+1,CEA,3.2,ng/mL,2024-03-12\n")
    tasks.import_file(batch.pk)
    response = signed_in(cast.nurse).get(reverse("import_rejected", args=[batch.pk]))
    text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    header, line = csv.reader(io.StringIO(text))
    assert header == [*HEADER.strip().split(","), *OWN]
    assert line[:5] == ["'=1+1", "CEA", "3.2", "ng/mL", "2024-03-12"]
    assert line[5:] == ["2", "patient_unknown", "No patient has the number “=1+1”.", "point", ""]
    assert response.headers["Content-Disposition"].startswith("attachment")


def test_what_stood_in_a_file_is_never_markup(cast: Cast) -> None:
    batch = upload(cast, HEADER + "<script>alert(1)</script>,CEA,3.2,ng/mL,2024-03-12\n")
    tasks.import_file(batch.pk)
    assert "<script>alert" not in signed_in(cast.nurse).get(reverse("import_detail", args=[batch.pk])).content.decode()


def test_many_rejected_lines_are_paged(cast: Cast) -> None:
    batch = upload(cast)
    RejectedLine.objects.bulk_create(
        RejectedLine(batch=batch, line_number=line, code="marker_unknown", params={"marker": f"M{line}"}, raw="x")
        for line in range(1, 121)
    )
    nurse = signed_in(cast.nurse)
    last = nurse.get(reverse("import_detail", args=[batch.pk]), {"page": 3}).content.decode()
    assert "“M120”" in last
    assert "“M100”" not in last


@pytest.mark.parametrize(
    ("person", "status"), [("nurse", 200), ("administrator", 200), ("clinician", 403), ("stranger", 403)]
)
def test_only_roles_that_import_see_the_pages(cast: Cast, person: str, status: int) -> None:
    batch = upload(cast)
    client = signed_in(getattr(cast, person))
    for name, arguments in (("import_list", []), ("import_detail", [batch.pk]), ("import_rejected", [batch.pk])):
        assert client.get(reverse(name, args=arguments)).status_code == status


def test_nobody_sees_a_batch_of_another_team_or_sends_into_it(cast: Cast) -> None:
    batch = upload(cast)
    cast.stranger.role = "nurse"
    cast.stranger.save()
    stranger = signed_in(cast.stranger)
    for name in ("import_detail", "import_rejected"):
        assert stranger.get(reverse(name, args=[batch.pk])).status_code == 404
    assert "March.csv" not in stranger.get(reverse("import_list")).content.decode()
    response = stranger.post(
        reverse("import_list"), {"file": SimpleUploadedFile("x.csv", b"x"), "care_team": cast.team.pk}
    )
    assert response.status_code == 200
    assert ImportBatch.objects.count() == 1


def test_who_is_not_signed_in_is_sent_to_sign_in(db: None) -> None:
    for name, arguments in (("import_list", []), ("import_detail", [1]), ("import_rejected", [1])):
        response = Client().get(reverse(name, args=arguments))
        assert response.status_code == 302
        assert reverse("account_login") in response.headers["Location"]


def test_no_file_an_empty_one_and_one_too_large_are_refused_with_the_reason(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    nurse = signed_in(cast.nurse)
    send = {"care_team": cast.team.pk}
    assert "Choose a file." in nurse.post(reverse("import_list"), send).content.decode()
    empty = {**send, "file": SimpleUploadedFile("x.csv", b"")}
    assert "This file is empty." in nurse.post(reverse("import_list"), empty).content.decode()
    monkeypatch.setattr(forms, "MOST_BYTES", 3)
    large = {**send, "file": SimpleUploadedFile("x.csv", b"four")}
    assert "larger than" in nurse.post(reverse("import_list"), large).content.decode()
    assert ImportBatch.objects.count() == 0

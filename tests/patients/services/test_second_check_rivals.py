"""Two people check one draw at the same moment, on the database that lets them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User
from monitoring.models import EvaluationMark
from patients.models import Draw, Result, ResultCheck
from patients.services import Checked, RecordError, SecondEntry, correct_result, enter_second_time, verify_results
from tests.cast import Cast, make_cast, make_patient, reading
from tests.monitoring.services.test_rivals import at_once
from tests.patients.holds import a_third, ask, standing, type_draw

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def committed_cast(transactional_db: None) -> Cast:
    return make_cast()


def drawn(cast: Cast, kind: str) -> Draw:
    ask(kind)
    draw = type_draw(make_patient(cast.team), cast.nurse, {"CEA": "5.2", "ALP": "80"})
    EvaluationMark.objects.all().delete()
    return draw


def verifier(draw: Draw, by: User) -> Callable[[], Checked]:
    rows = list(Result.objects.on_hold().filter(draw=draw).values_list("pk", flat=True))
    return lambda: verify_results(actor=by.audit_name, by=by, draw_id=draw.pk, result_ids=rows)


def test_two_verifiers_at_once_release_each_result_once(committed_cast: Cast) -> None:
    draw = drawn(committed_cast, "verify")
    done = at_once(*(verifier(draw, by) for by in (committed_cast.clinician, a_third(committed_cast))))
    assert sorted((len(one.released), len(one.already)) for one in done) == [(0, 2), (2, 0)]
    assert ResultCheck.objects.count() == 2
    assert not Result.objects.on_hold().exists()
    assert EvaluationMark.objects.get().version == 1


def test_two_second_entries_at_once_release_the_result_once(committed_cast: Cast) -> None:
    draw = drawn(committed_cast, "blind")
    row = standing(draw).pk

    def typing(by: User) -> Callable[[], Checked]:
        entry = SecondEntry(result_id=row, new=reading("CEA", "5.20"))
        return lambda: enter_second_time(actor=by.audit_name, by=by, draw_id=draw.pk, entries=[entry])

    done = at_once(typing(committed_cast.clinician), typing(a_third(committed_cast)))
    assert sorted((one.released, one.already) for one in done) == [((), (row,)), ((row,), ())]
    assert ResultCheck.objects.count() == 1


def test_a_correction_and_a_verification_at_once_never_release_a_value_unseen(committed_cast: Cast) -> None:
    draw = drawn(committed_cast, "verify")
    row = standing(draw)
    verify = verifier(draw, committed_cast.clinician)

    def correcting() -> str:
        by = committed_cast.nurse
        correct_result(
            actor=by.audit_name,
            result_id=row.pk,
            new=reading("CEA", "52"),
            status="corrected",
            reason="typed wrongly",
            recorded_by=by,
        )
        return "corrected"

    def verifying() -> str:
        try:
            verify()
        except RecordError as refused:
            return refused.code
        return "verified"

    done = set(at_once(correcting, verifying))
    assert done in ({"corrected", "verified"}, {"corrected", "result_not_current"})
    now = standing(draw)
    assert (now.as_typed, now.awaiting_check) == ("52", "verify")

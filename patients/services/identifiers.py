"""Writing a patient's numbers: hospitals change them, and people mistype them."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from audit.services import record
from patients.models import PatientIdentifier
from patients.services.locking import hold_patient

Change = Callable[[PatientIdentifier], None]


@transaction.atomic
def add_number(
    *,
    actor: str,
    patient_id: int,
    value: str,
    system: str = "hospital",
    reason: str,
    replaces_former: bool = True,
    created_by: User | None = None,
) -> PatientIdentifier:
    """A further number of a patient; by default those in use until now go out of use and still lead to the patient.

    Raises
    ------
    ValidationError
        the number is taken or empty, or there is no reason; nothing is written.
    """
    hold_patient(patient_id)
    _check_reason(reason)
    identifier = PatientIdentifier(patient_id=patient_id, system=system, value=value.strip(), created_by=created_by)
    identifier.full_clean()
    former = PatientIdentifier.objects.filter(patient_id=patient_id, system=system, retired_on=None)
    retired = []
    for one in former if replaces_former else ():
        one.retired_on = timezone.localdate()
        _save(one, reason)
        retired.append(one.pk)
    _save(identifier, reason)
    _record(actor, "number.added", identifier, {"retired": retired})
    return identifier


def retire_number(*, actor: str, patient_id: int, number_id: int, reason: str) -> PatientIdentifier:
    """Put a number out of use. Files and searches still find the patient by it."""

    def retire(one: PatientIdentifier) -> None:
        if not _others_in_use(one):
            raise ValidationError(_("This is the only number in use. Add the new number instead."))
        one.retired_on = one.retired_on or timezone.localdate()
        _save(one, reason)

    return _change(retire, actor=actor, patient_id=patient_id, number_id=number_id, reason=reason, action="retired")


def reinstate_number(*, actor: str, patient_id: int, number_id: int, reason: str) -> PatientIdentifier:
    """Put a former number into use again."""

    def reinstate(one: PatientIdentifier) -> None:
        one.retired_on = None
        _save(one, reason)

    return _change(
        reinstate, actor=actor, patient_id=patient_id, number_id=number_id, reason=reason, action="reinstated"
    )


def remove_number(*, actor: str, patient_id: int, number_id: int, reason: str) -> PatientIdentifier:
    """Take away a number that never was this patient's, so that its owner can have it; its history stays."""

    def remove(one: PatientIdentifier) -> None:
        if not _others_in_use(one):
            raise ValidationError(_("A patient keeps at least one number in use. Add the right number first."))
        # The history row of a deletion carries the reason as the others do.
        one._change_reason = reason.strip()  # type: ignore[attr-defined]  # read by the history library
        one.delete()

    return _change(remove, actor=actor, patient_id=patient_id, number_id=number_id, reason=reason, action="removed")


@transaction.atomic
def _change(
    change: Change, *, actor: str, patient_id: int, number_id: int, reason: str, action: str
) -> PatientIdentifier:
    hold_patient(patient_id)
    _check_reason(reason)
    one = PatientIdentifier.objects.filter(patient_id=patient_id, pk=number_id).first()
    if one is None:
        raise ValidationError(_("This number is not on record with this patient any more. Look at the list again."))
    change(one)
    _record(actor, f"number.{action}", one, {"number": number_id})
    return one


def _others_in_use(one: PatientIdentifier) -> bool:
    return PatientIdentifier.objects.filter(patient_id=one.patient_id, retired_on=None).exclude(pk=one.pk).exists()


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise ValidationError({"reason": _("Write why: who reads the history later will ask.")})


def _save(identifier: PatientIdentifier, reason: str) -> None:
    identifier._change_reason = reason.strip()  # type: ignore[attr-defined]  # read by the history library
    identifier.save()


def _record(actor: str, action: str, identifier: PatientIdentifier, details: dict[str, object]) -> None:
    record(
        actor=actor,
        action=action,
        object_type="patient",
        object_id=identifier.patient_id,
        patient_id=identifier.patient_id,
        details=details,
    )

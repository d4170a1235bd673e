"""Writing the profile of a laboratory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from audit.services import record
from patients.laboratory_profile import key_of
from patients.models import Draw, Laboratory, LaboratoryMarker, SecondCheck
from patients.services.errors import LaboratoryInUse, LaboratoryKnown


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLine:
    """One marker of the report. The place is that in the sequence; '' leaves the unit to the catalogue."""

    marker: str
    unit: str = ""
    assay: str = ""


@transaction.atomic
def save_laboratory(
    *,
    actor: str,
    name: str,
    decimal_comma: bool,
    is_active: bool,
    lines: Sequence[ReportLine],
    laboratory_id: int | None = None,
    second_check: str = SecondCheck.NONE,
) -> Laboratory:
    """Create the profile, or replace it as a whole. Raises LaboratoryKnown or LaboratoryInUse; then nothing is written.

    Another `second_check` holds for what is entered from now on: what waits already waits until it is checked.
    """
    name = " ".join(name.split())
    laboratory = Laboratory() if laboratory_id is None else Laboratory.objects.select_for_update().get(pk=laboratory_id)
    namesake = Laboratory.objects.filter(key=key_of(name)).first()
    if namesake is not None and namesake.pk != laboratory.pk:
        raise LaboratoryKnown()
    if laboratory.pk and laboratory.key != key_of(name) and _is_known_by_name(laboratory):
        raise LaboratoryInUse()
    laboratory.name, laboratory.key = name, key_of(name)
    laboratory.decimal_comma, laboratory.is_active = decimal_comma, is_active
    laboratory.second_check = second_check
    laboratory.save()
    laboratory.markers.all().delete()
    LaboratoryMarker.objects.bulk_create(
        LaboratoryMarker(laboratory=laboratory, marker_id=line.marker, order=at, unit=line.unit, assay=line.assay)
        for at, line in enumerate(lines, start=1)
    )
    record(
        actor=actor,
        action="laboratory.saved",
        object_type="laboratory",
        object_id=laboratory.pk,
        details={
            "markers": [line.marker for line in lines],
            "active": is_active,
            "second_check": str(second_check),
        },
    )
    return laboratory


def _is_known_by_name(laboratory: Laboratory) -> bool:
    """Draws and files hold the name: under another one they would lose its intervals and its second check."""
    if laboratory.intervals.exists() or laboratory.second_check != SecondCheck.NONE:
        return True
    names = Draw.objects.order_by().values_list("laboratory", flat=True).distinct()
    return any(key_of(name) == laboratory.key for name in names)

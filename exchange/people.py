"""Whose results they are: the patients that the person who sent a file may write to."""

from __future__ import annotations

from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import Team, User
from accounts.roles import Permission
from exchange.csv.dates import Clock, read_day
from exchange.csv.messages import LineRead
from exchange.preparing import LineRefused
from patients.access import visible_patients
from patients.models import PatientIdentifier
from patients.services import PatientDetails, create_patient

SYSTEM = "hospital"


class People:
    """Finds patients by their numbers, and makes those that are not on record where that was asked for."""

    def __init__(
        self, *, actor: str, user: User | None, care_team: Team | None, create: bool, dry_run: bool, clock: Clock
    ) -> None:
        self.created = 0
        self._actor = actor
        self._user = user
        self._care_team = care_team
        self._create = create
        self._dry_run = dry_run
        self._clock = clock
        self._would_create: set[str] = set()

    def find(self, numbers: Collection[str]) -> dict[str, int]:
        """Number -> patient, of those that this person may see. One query."""
        known = PatientIdentifier.objects.filter(system=SYSTEM, value__in=numbers)
        if self._user is not None:
            known = known.filter(patient__in=visible_patients(self._user, permission=Permission.IMPORT_FILES))
        return dict(known.values_list("value", "patient_id"))

    def made_before(self, number: str) -> None:
        """An earlier part of this dry run, which was counted, would have made this patient."""
        self._would_create.add(number)

    def make(self, line: LineRead) -> int | None:
        """A patient for this line's number; None where a dry run only says that there would be one.

        Raises
        ------
        LineProblem, LineRefused
            patients are not to be made, the number belongs to somebody out of sight, or the details do not do.
        """
        if not self._create or self._care_team is None:
            raise LineRefused("patient_unknown", {"patient": line.patient})
        if line.patient in self._would_create:
            return None
        born = read_day(line.birth_date, clock=self._clock, column="birth_date") if line.birth_date else None
        details = PatientDetails(name=line.name or line.patient, sex=line.sex, birth_date=born)
        if PatientIdentifier.objects.filter(system=SYSTEM, value=line.patient).exists():
            # Of another team. Said like a number nobody has, which is all this person may know.
            raise LineRefused("patient_unknown", {"patient": line.patient})
        return self._make(line, details, self._care_team)

    def _make(self, line: LineRead, details: PatientDetails, care_team: Team) -> int | None:
        try:
            with transaction.atomic():
                patient = create_patient(
                    actor=self._actor,
                    details=details,
                    care_team=care_team,
                    number=line.patient,
                    system=SYSTEM,
                    created_by=self._user,
                )
                if self._dry_run:
                    transaction.set_rollback(True)
        except ValidationError as error:
            detail = "; ".join(error.messages)[:200]
            raise LineRefused("patient_details_refused", {"patient": line.patient, "detail": detail}) from error
        self.created += 1
        if self._dry_run:
            self._would_create.add(line.patient)
            return None
        return patient.pk

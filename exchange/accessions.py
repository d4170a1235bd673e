"""Whose results they are in a file without hospital numbers: the patient of the draw with that accession number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from django.db.models import Exists, OuterRef

from accounts.models import User
from accounts.roles import Permission
from exchange.preparing import LineRefused, Prepared
from patients.access import visible_patients
from patients.laboratory_profile import key_of
from patients.models import Draw, Result, ResultStatus
from patients.selectors import primary_numbers


def with_patients(lines: Sequence[Prepared], *, user: User | None) -> list[Prepared | tuple[Prepared, LineRefused]]:
    """The lines, each that names no patient with the one to whom its accession number leads, or why to none.

    Two queries, none where every line names its patient. The number must be that of exactly one draw that this person
    may see; where the line names a laboratory, of one of that laboratory, for laboratories count each for itself.
    """
    wanted = {line.line.accession for line in lines if not line.number}
    if not wanted:
        return list(lines)
    standing = Result.objects.current().exclude(status=ResultStatus.ENTERED_IN_ERROR).filter(draw=OuterRef("pk"))
    draws = Draw.objects.filter(Exists(standing), accession__in=wanted)
    if user is not None:
        draws = draws.filter(patient__in=visible_patients(user, permission=Permission.IMPORT_FILES))
    known: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for accession, patient, laboratory in draws.values_list("accession", "patient_id", "laboratory"):
        known[accession].append((patient, laboratory))
    numbers = primary_numbers({patient for found in known.values() for patient, _laboratory in found})
    return [line if line.number else _with_patient(line, known[line.line.accession], numbers) for line in lines]


def _with_patient(
    line: Prepared, draws: Sequence[tuple[int, str]], numbers: dict[int, str]
) -> Prepared | tuple[Prepared, LineRefused]:
    accession, laboratory = line.line.accession, line.line.laboratory
    found = [draw for draw in draws if not laboratory or key_of(draw[1]) == key_of(laboratory)]
    if not found:
        return line, LineRefused("accession_unknown", {"accession": accession})
    if len(found) > 1:
        return line, LineRefused("accession_of_several", {"accession": accession, "count": str(len(found))})
    patient, of_laboratory = found[0]
    known = replace(line.line, patient=numbers.get(patient) or accession, laboratory=of_laboratory)
    return replace(line, line=known, patient_id=patient)

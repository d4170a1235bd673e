"""One blood sample is not recorded twice: two draws confirm a rise, so a paper typed twice would confirm itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from django.db import models
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from patients.laboratory_profile import of_laboratory
from patients.models import TAKEN_BACK, Draw, Patient, Result

LONGEST_ID: Final = 19


class SameDay(models.TextChoices):
    """What a paper is, where a draw of its day holds some of its markers already."""

    SAME = "same", _("The same blood: add what is new to that draw")
    SECOND = "second", _("A second draw: blood was taken twice that day")
    CORRECT = "correct", _("A correction: what is on record is wrong")


def other_draw(patient: Patient, facts: Mapping[str, Any], at: dt.datetime, markers: Collection[str]) -> Draw | None:
    """Another draw of that day that holds some of `markers`; `facts` names its laboratory and accession number.

    Asked under the patient's lock by the services: between an answer from outside and the writing somebody else may
    have recorded the same blood.
    """
    this = [row.pk for row in _this(patient, facts, at)]
    return draw_holding(patient.pk, markers, day=at.date(), but=this)


def draw_holding(patient_id: int, markers: Collection[str], *, day: dt.date, but: Collection[int]) -> Draw | None:
    """The first draw of a day that holds some of `markers`, but for those draws."""
    start = dt.datetime.combine(day, dt.time(), tzinfo=timezone.get_current_timezone())
    that_day = Draw.objects.filter(
        patient_id=patient_id, collected_at__gte=start, collected_at__lt=start + dt.timedelta(days=1)
    )
    # What was taken back is no blood of that day: it may be typed again.
    held = (
        Result.objects.current()
        .exclude(status__in=TAKEN_BACK)
        .filter(marker_id__in=markers, draw__in=that_day.exclude(pk__in=but))
    )
    result = held.select_related("draw").order_by("draw__collected_at", "pk").first()
    return None if result is None else result.draw


def this_draw(patient: Patient, facts: Mapping[str, Any], at: dt.datetime) -> Draw | None:
    """The draw on record that the form describes, as `record_draw` would recognise it."""
    return next(_this(patient, facts, at), None)


def draw_meant(
    patient: Patient, facts: Mapping[str, Any], at: dt.datetime, markers: Collection[str], *, choice: str, shown: str
) -> Draw | None:
    """The draw on record that this paper would be added to; None where it makes a new one.

    `choice` is what was answered to the question, `shown` the id of the draw that it was asked about: an answer about
    one draw is none about another that came in since.
    """
    if choice != SameDay.SAME:
        return this_draw(patient, facts, at)
    if shown.isascii() and shown.isdigit() and len(shown) < LONGEST_ID:
        row = Draw.objects.filter(patient=patient, pk=int(shown)).first()
        # Where the paper got another day since, the answer is about nothing any more: it is asked again.
        return row if row and timezone.localdate(row.collected_at) == at.date() else None
    return other_draw(patient, facts, at, markers)


def _this(patient: Patient, facts: Mapping[str, Any], at: dt.datetime) -> Iterator[Draw]:
    same = Draw.objects.filter(patient=patient, accession=facts["accession"])
    if not facts["accession"]:
        same = same.filter(collected_at=at)
    return of_laboratory(facts["laboratory"], same.order_by("pk"))


def question(other: Draw) -> str:
    moment = timezone.localtime(other.collected_at)
    when = date_format(moment, "SHORT_DATETIME_FORMAT" if other.time_known else "SHORT_DATE_FORMAT")
    return gettext("A draw of %(when)s with some of these markers is on record already. What is this paper?") % {
        "when": when
    }

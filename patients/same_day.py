"""One blood sample is not recorded twice: two draws confirm a rise, so a paper typed twice would confirm itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from django.db import models
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from patients.models import TAKEN_BACK, Draw, Patient, Result


class SameDay(models.TextChoices):
    """What a paper is, where a draw of its day holds some of its markers already."""

    SAME = "same", _("The same blood: add what is new to that draw")
    SECOND = "second", _("A second draw: blood was taken twice that day")
    CORRECT = "correct", _("A correction: what is on record is wrong")


def other_draw(patient: Patient, facts: Mapping[str, Any], at: dt.datetime, markers: Collection[str]) -> Draw | None:
    """Another draw of that day that holds some of `markers`; `facts` is what the form of the draw says."""
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    that_day = Draw.objects.filter(patient=patient, collected_at__gte=day, collected_at__lt=day + dt.timedelta(days=1))
    # What was taken back is no blood of that day: it may be typed again.
    held = (
        Result.objects.current()
        .exclude(status__in=TAKEN_BACK)
        .filter(marker_id__in=markers, draw__in=that_day.exclude(pk__in=_this(patient, facts, at).values("pk")))
    )
    result = held.select_related("draw").order_by("draw__collected_at", "pk").first()
    return None if result is None else result.draw


def this_draw(patient: Patient, facts: Mapping[str, Any], at: dt.datetime) -> Draw | None:
    """The draw on record that the form describes, as `record_draw` would recognise it."""
    return _this(patient, facts, at).order_by("pk").first()


def _this(patient: Patient, facts: Mapping[str, Any], at: dt.datetime) -> QuerySet[Draw]:
    same = Q(patient=patient, laboratory=facts["laboratory"], accession=facts["accession"])
    return Draw.objects.filter(same if facts["accession"] else same & Q(collected_at=at))


def question(other: Draw) -> str:
    moment = timezone.localtime(other.collected_at)
    when = date_format(moment, "SHORT_DATETIME_FORMAT" if other.time_known else "SHORT_DATE_FORMAT")
    return gettext("A draw of %(when)s with some of these markers is on record already. What is this paper?") % {
        "when": when
    }

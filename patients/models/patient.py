"""The person under follow-up."""

from __future__ import annotations

import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.models import Team, User
from patients.models.constraints import one_of
from patients.name_keys import LONGEST, number_key


class Sex(models.TextChoices):
    FEMALE = "female", _("female")
    MALE = "male", _("male")
    OTHER = "other", _("other")
    UNKNOWN = "unknown", _("not known")


class MenopausalStatus(models.TextChoices):
    PRE = "pre", _("premenopausal")
    POST = "post", _("postmenopausal")
    NOT_APPLICABLE = "not_applicable", _("not applicable")
    UNKNOWN = "unknown", _("not known")


class Smoking(models.TextChoices):
    NEVER = "never", _("never smoked")
    FORMER = "former", _("former smoker")
    CURRENT = "current", _("smoker")
    UNKNOWN = "unknown", _("not known")


class Histology(models.TextChoices):
    ADENOCARCINOMA = "adenocarcinoma", _("adenocarcinoma")
    SQUAMOUS = "squamous", _("squamous cell carcinoma")
    LARGE_CELL = "large_cell", _("large cell carcinoma")
    SMALL_CELL = "small_cell", _("small cell carcinoma")
    OTHER = "other", _("other histology")


class Stage(models.TextChoices):
    IA = "IA", "IA"
    IB = "IB", "IB"
    IIA = "IIA", "IIA"
    IIB = "IIB", "IIB"
    IIIA = "IIIA", "IIIA"
    IIIB = "IIIB", "IIIB"
    IIIC = "IIIC", "IIIC"
    IVA = "IVA", "IVA"
    IVB = "IVB", "IVB"
    LIMITED = "limited", _("limited disease")
    EXTENSIVE = "extensive", _("extensive disease")
    UNKNOWN = "unknown", _("stage not known")


class BoneStatus(models.TextChoices):
    NONE_KNOWN = "none_known", _("no bone metastasis known")
    EQUIVOCAL = "equivocal", _("equivocal bone finding")
    METASTASIS = "metastasis", _("bone metastasis known")
    UNKNOWN = "unknown", _("bone status not known")


class Patient(models.Model):
    """A person under follow-up. Found by number within a system, never matched on name alone."""

    name = models.CharField(_("name"), max_length=200)
    birth_date = models.DateField(_("date of birth"), null=True, blank=True)
    sex = models.CharField(_("sex"), max_length=10, choices=Sex.choices, default=Sex.UNKNOWN)
    menopausal_status = models.CharField(
        _("menopausal status"), max_length=20, choices=MenopausalStatus.choices, default=MenopausalStatus.UNKNOWN
    )
    smoking = models.CharField(_("smoking"), max_length=10, choices=Smoking.choices, default=Smoking.UNKNOWN)
    histology = models.CharField(_("histology"), max_length=20, choices=Histology.choices, default=Histology.OTHER)
    stage = models.CharField(_("stage"), max_length=10, choices=Stage.choices, default=Stage.UNKNOWN)
    diagnosis_date = models.DateField(_("date of diagnosis"), null=True, blank=True)
    baseline_bone_status = models.CharField(
        _("bone status at baseline"), max_length=20, choices=BoneStatus.choices, default=BoneStatus.UNKNOWN
    )
    care_team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="patients", verbose_name=_("care team"))
    is_synthetic = models.BooleanField(default=False, help_text="Made up by the demo cohort; said so on every page.")
    created_at = models.DateTimeField(auto_now_add=True)
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="merged_records"
    )
    history = HistoricalRecords()

    class Meta:
        indexes = [models.Index(fields=["birth_date"], name="patient_by_birth_date")]
        constraints = [
            one_of("sex", Sex, name="patient_sex_known"),
            one_of("menopausal_status", MenopausalStatus, name="patient_menopausal_status_known"),
            one_of("smoking", Smoking, name="patient_smoking_known"),
            one_of("histology", Histology, name="patient_histology_known"),
            one_of("stage", Stage, name="patient_stage_known"),
            one_of("baseline_bone_status", BoneStatus, name="patient_bone_status_known"),
            models.CheckConstraint(condition=~models.Q(name=""), name="patient_has_a_name"),
            models.CheckConstraint(
                condition=models.Q(diagnosis_date__isnull=True)
                | models.Q(birth_date__isnull=True)
                | models.Q(diagnosis_date__gte=models.F("birth_date")),
                name="patient_diagnosed_after_birth",
            ),
            models.CheckConstraint(
                condition=models.Q(merged_into__isnull=True) | ~models.Q(merged_into=models.F("pk")),
                name="patient_merged_into_another",
            ),
        ]

    def __str__(self) -> str:
        return f"patient {self.pk}"  # never the name: this string ends up in logs

    def age_on(self, day: datetime.date) -> int | None:
        """Whole years on `day`; None where the birth date is not known."""
        if self.birth_date is None:
            return None
        had_birthday = (day.month, day.day) >= (self.birth_date.month, self.birth_date.day)
        return day.year - self.birth_date.year - (0 if had_birthday else 1)


class PatientIdentifier(models.Model):
    """One number of a patient in one numbering system, for example the hospital's.

    A number that is out of use still leads to its patient: old papers and files carry it.
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="identifiers")
    system = models.CharField(_("system"), max_length=60, default="hospital")
    value = models.CharField(_("number"), max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    retired_on = models.DateField(_("out of use since"), null=True, blank=True)
    key = models.CharField(max_length=LONGEST, blank=True, editable=False, db_index=True, help_text="how it is found")
    history = HistoricalRecords(excluded_fields=["key"])

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["system", "value"], name="identifier_once_in_a_system"),
            models.CheckConstraint(condition=~models.Q(value="") & ~models.Q(system=""), name="identifier_not_empty"),
        ]

    def __str__(self) -> str:
        return f"identifier {self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.key = number_key(self.value)
        super().save(*args, **kwargs)

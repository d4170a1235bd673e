"""Treatment, imaging, skeletal events and conditions: what shares the time axis with the markers."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.models import User
from patients.models.constraints import one_of
from patients.models.patient import Patient


class TreatmentKind(models.TextChoices):
    CHEMOTHERAPY = "chemotherapy", _("chemotherapy")
    TARGETED = "targeted", _("targeted therapy")
    IMMUNOTHERAPY = "immunotherapy", _("immunotherapy")
    RADIOTHERAPY = "radiotherapy", _("radiotherapy")
    SURGERY = "surgery", _("surgery")
    BONE_AGENT = "bone_agent", _("bone-modifying agent")
    G_CSF = "g_csf", _("G-CSF")
    STEROID = "steroid", _("steroid")


class Treatment(models.Model):
    """A course of treatment; open while it has no end."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="treatments")
    kind = models.CharField(_("kind"), max_length=20, choices=TreatmentKind.choices)
    name = models.CharField(_("agent or procedure"), max_length=120)
    line = models.PositiveSmallIntegerField(_("line"), null=True, blank=True)
    started_on = models.DateField(_("started"))
    ended_on = models.DateField(_("ended"), null=True, blank=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    history = HistoricalRecords()

    class Meta:
        ordering = ["started_on"]
        constraints = [
            one_of("kind", TreatmentKind, name="treatment_kind_known"),
            models.CheckConstraint(condition=~Q(name=""), name="treatment_has_a_name"),
            models.CheckConstraint(
                condition=Q(ended_on__isnull=True) | Q(ended_on__gte=F("started_on")), name="treatment_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"treatment {self.pk}"


class Modality(models.TextChoices):
    CT = "ct", _("CT")
    PET_CT = "pet_ct", _("PET-CT")
    MRI = "mri", _("MRI")
    BONE_SCAN = "bone_scan", _("bone scan")
    XRAY = "xray", _("X-ray")
    OTHER = "other", _("other imaging")


class Finding(models.TextChoices):
    NONE = "none", _("no bone metastasis seen")
    EQUIVOCAL = "equivocal", _("equivocal")
    BONE_METASTASIS = "bone_metastasis", _("bone metastasis")


class LesionType(models.TextChoices):
    LYTIC = "lytic", _("lytic")
    BLASTIC = "blastic", _("blastic")
    MIXED = "mixed", _("mixed")


class ImagingStudy(models.Model):
    """One examination and what it found in bone."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="imaging_studies")
    performed_on = models.DateField(_("performed"))
    modality = models.CharField(_("modality"), max_length=20, choices=Modality.choices)
    finding = models.CharField(_("finding"), max_length=20, choices=Finding.choices)
    lesion_type = models.CharField(_("lesion type"), max_length=10, choices=LesionType.choices, blank=True)
    sites = models.CharField(_("sites"), max_length=300, blank=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    history = HistoricalRecords()

    class Meta:
        ordering = ["performed_on"]
        constraints = [
            one_of("modality", Modality, name="imaging_modality_known"),
            one_of("finding", Finding, name="imaging_finding_known"),
            one_of("lesion_type", LesionType, name="imaging_lesion_type_known", blank=True),
            models.CheckConstraint(
                condition=~Q(finding=Finding.NONE) | Q(lesion_type="", sites=""),
                name="imaging_no_lesion_where_none_seen",
            ),
        ]

    def __str__(self) -> str:
        return f"imaging {self.pk}"


class SkeletalEventKind(models.TextChoices):
    FRACTURE = "fracture", _("fracture")
    CORD_COMPRESSION = "cord_compression", _("spinal cord compression")
    BONE_RADIOTHERAPY = "bone_radiotherapy", _("radiotherapy to bone")
    BONE_SURGERY = "bone_surgery", _("surgery to bone")
    HYPERCALCAEMIA = "hypercalcaemia", _("hypercalcaemia")


class SkeletalEvent(models.Model):
    """A skeletal-related event."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="skeletal_events")
    kind = models.CharField(_("kind"), max_length=20, choices=SkeletalEventKind.choices)
    occurred_on = models.DateField(_("occurred"))
    site = models.CharField(_("site"), max_length=120, blank=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    history = HistoricalRecords()

    class Meta:
        ordering = ["occurred_on"]
        constraints = [one_of("kind", SkeletalEventKind, name="skeletal_event_kind_known")]

    def __str__(self) -> str:
        return f"skeletal event {self.pk}"


class ConditionKind(models.TextChoices):
    INFECTION = "infection", _("infection")
    CHOLESTASIS = "cholestasis", _("cholestasis")
    RENAL_IMPAIRMENT = "renal_impairment", _("renal impairment")


class Condition(models.Model):
    """An illness beside the tumour that moves markers; open while it has no end."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="conditions")
    kind = models.CharField(_("kind"), max_length=20, choices=ConditionKind.choices)
    occurred_on = models.DateField(_("started"))
    ended_on = models.DateField(_("ended"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=120, blank=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    history = HistoricalRecords()

    class Meta:
        ordering = ["occurred_on"]
        constraints = [
            one_of("kind", ConditionKind, name="condition_kind_known"),
            models.CheckConstraint(
                condition=Q(ended_on__isnull=True) | Q(ended_on__gte=F("occurred_on")),
                name="condition_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"condition {self.pk}"

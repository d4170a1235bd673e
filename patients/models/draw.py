"""One blood collection and what was measured in it. Append-only: a correction is a new row that points at the old."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from patients.models.constraints import one_of
from patients.models.draw_context import Taken
from patients.models.intake import ImportBatch
from patients.models.marker import Assay, Marker
from patients.models.patient import Patient
from patients.models.second_check import HOLDS


class Fasting(models.TextChoices):
    YES = "yes", _("fasting")
    NO = "no", _("not fasting")
    UNKNOWN = "unknown", _("fasting not known")


class Haemolysis(models.TextChoices):
    NONE = "none", _("not haemolysed")
    PRESENT = "present", _("haemolysed")
    UNKNOWN = "unknown", _("haemolysis not known")


class Draw(models.Model):
    """One blood collection: when it was true of the patient, and in what state the patient and sample were."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="draws")
    collected_at = models.DateTimeField(_("collected"))
    time_known = models.BooleanField(default=True, help_text="False where only the day was given.")
    laboratory = models.CharField(_("laboratory"), max_length=80, blank=True)
    accession = models.CharField(_("accession number"), max_length=64, blank=True)
    fasting = models.CharField(_("fasting"), max_length=10, choices=Fasting.choices, default=Fasting.UNKNOWN)
    haemolysis = models.CharField(
        _("haemolysis"), max_length=10, choices=Haemolysis.choices, default=Haemolysis.UNKNOWN
    )
    biotin = models.CharField(_("biotin"), max_length=10, choices=Taken.choices, default=Taken.UNKNOWN)
    g_csf = models.CharField(_("G-CSF"), max_length=10, choices=Taken.choices, default=Taken.UNKNOWN)
    steroid = models.CharField(_("steroid"), max_length=10, choices=Taken.choices, default=Taken.UNKNOWN)
    note = models.CharField(_("note"), max_length=500, blank=True)
    version = models.PositiveIntegerField(default=1, help_text="Grows with each correction of what the draw says.")
    recorded_at = models.DateTimeField(auto_now_add=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    batch = models.ForeignKey(ImportBatch, on_delete=models.PROTECT, null=True, blank=True, related_name="draws")

    class Meta:
        indexes = [models.Index(fields=["patient", "-collected_at"], name="draw_by_patient")]
        constraints = [
            one_of("fasting", Fasting, name="draw_fasting_known"),
            one_of("haemolysis", Haemolysis, name="draw_haemolysis_known"),
            one_of("biotin", Taken, name="draw_biotin_known"),
            one_of("g_csf", Taken, name="draw_g_csf_known"),
            one_of("steroid", Taken, name="draw_steroid_known"),
            models.UniqueConstraint(
                fields=["patient", "laboratory", "accession"], condition=~Q(accession=""), name="draw_once_by_accession"
            ),
            models.UniqueConstraint(
                fields=["patient", "laboratory", "collected_at"], condition=Q(accession=""), name="draw_once_by_time"
            ),
        ]

    def __str__(self) -> str:
        return f"draw {self.pk}"


class ResultStatus(models.TextChoices):
    """FHIR R4 ObservationStatus."""

    REGISTERED = "registered", _("registered")
    PRELIMINARY = "preliminary", _("preliminary")
    FINAL = "final", _("final")
    AMENDED = "amended", _("amended")
    CORRECTED = "corrected", _("corrected")
    CANCELLED = "cancelled", _("cancelled")
    ENTERED_IN_ERROR = "entered-in-error", _("entered in error")
    UNKNOWN = "unknown", _("unknown")


# What may be read into a trend. A preliminary value may still change; a cancelled one never was.
TREND_STATUSES = (ResultStatus.FINAL, ResultStatus.AMENDED, ResultStatus.CORRECTED)
TAKEN_BACK = (ResultStatus.CANCELLED, ResultStatus.ENTERED_IN_ERROR)


class Absent(models.TextChoices):
    """Why a result has no value; `patients.absent` knows the words laboratories print."""

    HAEMOLYSED = "haemolysed", _("haemolysed")
    NOT_DONE = "not_done", _("not done")
    CLOTTED = "clotted", _("clotted")
    INSUFFICIENT = "insufficient", _("not enough sample")


class ResultQuerySet(models.QuerySet["Result"]):
    def current(self) -> ResultQuerySet:
        """The latest version of each result: what no other row replaces."""
        return self.filter(replaced_by__isnull=True)

    def numbers(self) -> ResultQuerySet:
        """What may be read as a number."""
        return self.current().filter(status__in=TREND_STATUSES, absent="")

    def for_trends(self) -> ResultQuerySet:
        """The numbers that wait for no second person."""
        return self.numbers().filter(awaiting_check="")

    def on_hold(self) -> ResultQuerySet:
        """What a second person has still to look at."""
        return self.current().exclude(awaiting_check="")


class Result(models.Model):
    """One marker's value in one draw, kept exactly as reported beside its canonical form.

    Where the laboratory gave a reason instead, `absent` holds it and there is no value in any form.
    """

    draw = models.ForeignKey(Draw, on_delete=models.PROTECT, related_name="results")
    marker = models.ForeignKey(Marker, on_delete=models.PROTECT, related_name="results")
    assay = models.ForeignKey(Assay, on_delete=models.PROTECT, null=True, blank=True, related_name="results")
    as_typed = models.CharField(_("as typed"), max_length=64)
    comparator = models.CharField(_("comparator"), max_length=2, blank=True)
    value = models.CharField(
        _("value"), max_length=40, blank=True, help_text="decimal text exactly as reported: '0.50' stays '0.50'"
    )
    absent = models.CharField(_("why there is no value"), max_length=20, choices=Absent.choices, blank=True)
    unit = models.CharField(_("unit"), max_length=40, blank=True, help_text="exactly as reported")
    canonical_value = models.DecimalField(max_digits=30, decimal_places=12, null=True, blank=True)
    canonical_unit = models.CharField(max_length=20)
    factor = models.DecimalField(
        max_digits=24, decimal_places=12, null=True, blank=True, help_text="value x factor = canonical_value"
    )
    status = models.CharField(_("status"), max_length=20, choices=ResultStatus.choices, default=ResultStatus.FINAL)
    reference_low = models.CharField(_("lower limit as reported"), max_length=40, blank=True)
    reference_high = models.CharField(_("upper limit as reported"), max_length=40, blank=True)
    interpretation = models.CharField(_("interpretation as reported"), max_length=20, blank=True)
    issued_at = models.DateTimeField(_("issued"), null=True, blank=True)
    recorded_at = models.DateTimeField(auto_now_add=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    batch = models.ForeignKey(ImportBatch, on_delete=models.PROTECT, null=True, blank=True, related_name="results")
    version = models.PositiveSmallIntegerField(default=1)
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by")
    reason = models.CharField(_("reason of the correction"), max_length=300, blank=True)
    confirmed = models.BooleanField(default=False, help_text="An odd value that was typed a second time.")
    # The one fact of a row that changes: whether it waits. What was reported never does (docs/adr/0020).
    awaiting_check = models.CharField(
        max_length=10, choices=[(one.value, one.label) for one in HOLDS], blank=True, default=""
    )

    objects = ResultQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["marker", "draw"], name="result_by_marker"),
            models.Index(fields=["draw"], condition=~Q(awaiting_check=""), name="result_on_hold"),
        ]
        constraints = [
            one_of("status", ResultStatus, name="result_status_known"),
            models.UniqueConstraint(fields=["draw", "marker", "version"], name="result_version_once"),
            models.CheckConstraint(
                condition=Q(version=1, replaces__isnull=True) | Q(version__gt=1, replaces__isnull=False),
                name="result_later_version_replaces_one",
            ),
            models.CheckConstraint(condition=Q(version=1) | ~Q(reason=""), name="result_correction_has_a_reason"),
            models.CheckConstraint(
                condition=Q(comparator__in=["", "<", "<=", ">", ">="]), name="result_comparator_known"
            ),
            one_of("absent", Absent, name="result_absent_known", blank=True),
            models.CheckConstraint(
                condition=Q(canonical_value__gte=0) | Q(canonical_value__isnull=True), name="result_not_negative"
            ),
            models.CheckConstraint(condition=~Q(as_typed=""), name="result_as_typed"),
            models.CheckConstraint(
                condition=(
                    Q(absent="", canonical_value__isnull=False, factor__isnull=False) & ~Q(value="") & ~Q(unit="")
                )
                | (~Q(absent="") & Q(value="", comparator="", canonical_value__isnull=True, factor__isnull=True)),
                name="result_has_a_value_or_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(replaces__isnull=True) | ~Q(replaces=F("pk")), name="result_replaces_another"
            ),
            # Only what a person typed waits for another; what was taken back counts for nothing anyway.
            models.CheckConstraint(
                condition=Q(awaiting_check="")
                | (
                    Q(awaiting_check__in=[str(one) for one in HOLDS], recorded_by__isnull=False, batch__isnull=True)
                    & ~Q(status__in=[str(one) for one in TAKEN_BACK])
                ),
                name="result_on_hold_was_typed",
            ),
        ]

    def __str__(self) -> str:
        return f"result {self.pk}"

    @property
    def reported(self) -> str:
        """Comparator and value as reported: '<0.50'; where there is none, the word that stood there."""
        return self.as_typed if self.absent else f"{self.comparator}{self.value}"

"""What is to be evaluated, and what the engine read."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from patients.models import Marker, Patient
from patients.models.constraints import one_of


class Level(models.TextChoices):
    NONE = "none", _("calm")
    WATCH = "watch", _("watch")
    ALERT = "alert", _("alert")


class EvaluationMark(models.Model):
    """This patient is to be evaluated. The table is the truth; a Celery message is only a nudge.

    `version` grows with each change; whoever evaluated removes the mark only at the version it had read
    (compare-and-set), so that a result that came in meanwhile is evaluated too.
    """

    patient = models.OneToOneField(Patient, on_delete=models.CASCADE, related_name="evaluation_mark")
    version = models.PositiveBigIntegerField(default=1)
    reason = models.CharField(max_length=40)
    marked_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(null=True, blank=True, help_text="pushed forward after a failure")
    failure = models.CharField(max_length=120, blank=True, help_text="name of the error, never its text")

    class Meta:
        indexes = [models.Index(fields=["not_before", "marked_at"], name="mark_by_turn")]

    def __str__(self) -> str:
        return f"mark of patient {self.patient_id}"


class Evaluation(models.Model):
    """One run of the engine over one patient at one moment."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="evaluations")
    at = models.DateTimeField()
    engine_version = models.CharField(max_length=40)
    catalogue_version = models.CharField(max_length=40)
    level = models.CharField(max_length=10, choices=Level.choices)
    pattern = models.CharField(max_length=30, blank=True)
    since = models.DateField(null=True, blank=True, help_text="first draw of the rise")
    input_results = models.JSONField(default=list, help_text="ids of the results it was read from")
    reason = models.JSONField(default=dict, help_text="the patient finding as data")

    class Meta:
        indexes = [models.Index(fields=["patient", "-at"], name="evaluation_by_patient")]
        constraints = [one_of("level", Level, name="evaluation_level_known")]

    def __str__(self) -> str:
        return f"evaluation {self.pk}"


class Trend(models.Model):
    """The stored reading of one series: the marker finding as data, replaced by each evaluation."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="trends")
    marker = models.ForeignKey(Marker, on_delete=models.PROTECT, related_name="trends")
    evaluation = models.ForeignKey(Evaluation, on_delete=models.CASCADE, related_name="trends")
    state = models.CharField(max_length=20)
    since = models.DateField(null=True, blank=True)
    last_value = models.FloatField(null=True, blank=True, help_text="canonical unit")
    change_percent = models.FloatField(null=True, blank=True, help_text="last value against the baseline")
    finding = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["patient", "marker"], name="trend_once_a_series")]

    def __str__(self) -> str:
        return f"trend {self.pk}"

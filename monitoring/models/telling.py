"""Who is told, when and on which way: each person's own settings, and the ladder of each team."""

from __future__ import annotations

import datetime as dt

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from monitoring.models.alerts import AlertEvent
from patients.models.constraints import one_of


class AlertHow(models.TextChoices):
    NOW = "now", _("at once")
    SUMMARY = "summary", _("in the daily summary")


class WatchHow(models.TextChoices):
    SUMMARY = "summary", _("in the daily summary")
    NONE = "none", _("not by message")


class TellingSettings(models.Model):
    """How one person wants to be told; without a row the defaults hold. In Leadtime itself all is told always."""

    person = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="telling_settings")
    alert_how = models.CharField(_("alerts"), max_length=10, choices=AlertHow.choices, default=AlertHow.NOW)
    watch_how = models.CharField(
        _("patients to watch"), max_length=10, choices=WatchHow.choices, default=WatchHow.SUMMARY
    )
    by_email = models.BooleanField(_("by e-mail"), default=True)
    by_webhook = models.BooleanField(_("by the hospital's messenger"), default=False)
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=60, blank=True, help_text="empty: the clinic's")
    summary_at = models.TimeField(_("daily summary at"), default=dt.time(7))
    most_an_hour = models.PositiveSmallIntegerField(
        _("most messages an hour"), default=10, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    deputy = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("deputy")
    )
    away_from = models.DateField(_("away from"), null=True, blank=True)
    away_until = models.DateField(_("away until"), null=True, blank=True, help_text="the last day away")

    class Meta:
        constraints = [
            one_of("alert_how", AlertHow, name="telling_alert_how_known"),
            one_of("watch_how", WatchHow, name="telling_watch_how_known"),
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | (Q(quiet_from__isnull=False, quiet_until__isnull=False) & ~Q(quiet_from=F("quiet_until"))),
                name="telling_quiet_has_both_ends",
            ),
            models.CheckConstraint(
                condition=Q(away_from__isnull=True, away_until__isnull=True)
                | Q(away_from__isnull=False, away_until__gte=F("away_from")),
                name="telling_away_has_both_days",
            ),
            models.CheckConstraint(
                condition=Q(away_from__isnull=True) | Q(deputy__isnull=False), name="telling_away_has_a_deputy"
            ),
            models.CheckConstraint(
                condition=Q(deputy__isnull=True) | ~Q(deputy=F("person")), name="telling_deputy_is_another"
            ),
            models.CheckConstraint(
                condition=Q(most_an_hour__gte=1, most_an_hour__lte=100), name="telling_most_an_hour_in_range"
            ),
        ]

    def __str__(self) -> str:
        return f"settings of person {self.person_id}"


class Audience(models.TextChoices):
    CLINICIANS = "clinicians", _("clinicians of the team")
    EVERYBODY = "everybody", _("everybody of the team who receives alerts")
    ADMINISTRATORS = "administrators", _("administrators of the team")
    PERSON = "person", _("one person")


class LadderStep(models.Model):
    """Who of a team is told next, and after how long, when nobody has answered an alert."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="ladder")
    position = models.PositiveSmallIntegerField(help_text="1 is the first after those who were told at once")
    after_minutes = models.PositiveIntegerField(help_text="since the alert needed an answer")
    audience = models.CharField(max_length=20, choices=Audience.choices)
    person = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["team", "position"]
        constraints = [
            one_of("audience", Audience, name="ladder_audience_known"),
            models.UniqueConstraint(fields=["team", "position"], name="ladder_step_once"),
            models.CheckConstraint(
                condition=(Q(audience=Audience.PERSON) & Q(person__isnull=False))
                | (~Q(audience=Audience.PERSON) & Q(person__isnull=True)),
                name="ladder_person_is_named",
            ),
            models.CheckConstraint(
                condition=Q(position__gte=1, after_minutes__gte=1), name="ladder_step_is_after_the_first"
            ),
        ]

    def __str__(self) -> str:
        return f"step {self.position} of team {self.team_id}"


class EscalationCause(models.TextChoices):
    UNANSWERED = "unanswered", _("nobody answered")
    UNREACHED = "unreached", _("nobody was reached")


class Escalation(models.Model):
    """One step of the ladder that was taken, also where it found nobody to tell."""

    alert_event = models.ForeignKey(AlertEvent, on_delete=models.CASCADE, related_name="escalations")
    position = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    told = models.PositiveSmallIntegerField(help_text="how many people")
    cause = models.CharField(max_length=12, choices=EscalationCause.choices, default=EscalationCause.UNANSWERED)

    class Meta:
        ordering = ["alert_event", "position"]
        constraints = [
            one_of("cause", EscalationCause, name="escalation_cause_known"),
            models.UniqueConstraint(fields=["alert_event", "position"], name="escalation_once"),
        ]

    def __str__(self) -> str:
        return f"step {self.position} for event {self.alert_event_id}"

"""People, teams and who belongs where."""

from __future__ import annotations

import re

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.roles import Permission, Role, role_may

ROLE_LABELS = {Role.NURSE: _("Nurse"), Role.CLINICIAN: _("Clinician"), Role.ADMINISTRATOR: _("Administrator")}
CHINESE = re.compile(r"[\u3400-\u9fff]")
LANGUAGE_LABELS = {"en": _("English"), "zh-hans": _("Simplified Chinese")}


class User(AbstractUser):
    """Somebody who signs in. One role each; the teams say whose patients."""

    role = models.CharField(_("role"), max_length=20, choices=list(ROLE_LABELS.items()), default=Role.NURSE)
    language = models.CharField(
        _("language of mails"), max_length=10, choices=list(LANGUAGE_LABELS.items()), default="en"
    )

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(condition=models.Q(role__in=[r.value for r in Role]), name="user_role_known"),
            models.CheckConstraint(condition=models.Q(language__in=list(LANGUAGE_LABELS)), name="user_language_known"),
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    def get_full_name(self) -> str:
        """Family name first, and no space, where it is written in Chinese characters."""
        if CHINESE.search(self.last_name):
            return f"{self.last_name}{self.first_name}".strip()
        return super().get_full_name()

    def may(self, permission: Permission | str) -> bool:
        return self.is_active and role_may(self.role, Permission(permission))

    @property
    def audit_name(self) -> str:
        return f"user:{self.pk}"

    @property
    def permissions(self) -> dict[str, bool]:
        """For templates: `user.permissions.enter_results`."""
        return {permission.value: self.may(permission) for permission in Permission}


class Team(models.Model):
    """People who look after the same patients."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    members = models.ManyToManyField(User, through="Membership", related_name="teams")
    history = HistoricalRecords()

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """One person in one team."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    receives_alerts = models.BooleanField(_("receives alert mails"), default=True)
    history = HistoricalRecords()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "team"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.team_id}"

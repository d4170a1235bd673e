"""Choices as facts of the database: `choices=` alone constrains nothing below the forms."""

from __future__ import annotations

from django.db import models


def one_of(field: str, choices: type[models.TextChoices], *, name: str, blank: bool = False) -> models.CheckConstraint:
    """A check that `field` holds one of the values of `choices` (or, with `blank`, an empty string)."""
    allowed = [*choices.values, ""] if blank else list(choices.values)
    return models.CheckConstraint(condition=models.Q(**{f"{field}__in": allowed}), name=name)

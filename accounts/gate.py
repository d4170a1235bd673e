"""Who asks, and whether the role allows it. Which patient, `patients.access` decides."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.models import User
from accounts.roles import Permission
from audit.services import record


def signed_in(request: HttpRequest) -> User:
    """The person behind a request that passed `login_required`."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def may(request: HttpRequest, permission: Permission) -> User:
    """The person, if the role allows `permission`; PermissionDenied, and a line in the audit log, if not."""
    user = signed_in(request)
    if not user.may(permission):
        record(actor=user.audit_name, action="permission.refused", object_type="permission", object_id=permission.value)
        raise PermissionDenied
    return user

"""Where each address leads. Each package lists its own pages."""

from __future__ import annotations

from typing import Any

from allauth.account import views as sign_in
from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView
from django.views.i18n import set_language

from config.health import health

urlpatterns: list[URLPattern | URLResolver | Any] = [
    path("", RedirectView.as_view(pattern_name="worklist"), name="home"),
    path("health/", health, name="health"),
    path("language/", set_language, name="set_language"),
    # Only these of allauth's pages exist: accounts are made by an administrator, never by signing up.
    path("accounts/login/", sign_in.login, name="account_login"),
    path("accounts/logout/", sign_in.logout, name="account_logout"),
    path("accounts/reauthenticate/", sign_in.reauthenticate, name="account_reauthenticate"),
    path("accounts/password/change/", sign_in.password_change, name="account_change_password"),
    path("accounts/inactive/", sign_in.account_inactive, name="account_inactive"),
    path("", include("monitoring.urls")),
    path("", include("patients.urls")),
    path("", include("exchange.urls")),
]
if settings.MFA_ENABLED:
    urlpatterns.append(path("accounts/2fa/", include("allauth.mfa.urls")))

"""Readers of environment variables that refuse nonsense instead of guessing."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()
BOOLEANS = {"true": True, "on": True, "1": True, "yes": True, "false": False, "off": False, "0": False, "no": False}
SECRET_KEY_BYTES = 50


def boolean(name: str, *, default: bool) -> bool:
    """True or False from `name`; anything that is neither is refused by name.

    django-environ reads every unknown word as False, which would switch protections off on a typing mistake.
    """
    raw = os.environ.get(name, "").strip()
    if not raw:
        return default
    if raw.lower() not in BOOLEANS:
        raise ImproperlyConfigured(f"{name}={raw!r} is neither true nor false. Write {name}=true or {name}=false.")
    return BOOLEANS[raw.lower()]


def secret(name: str) -> str:
    """A secret from NAME, or from the file that NAME_FILE points at (the convention of container secrets)."""
    if file := os.environ.get(f"{name}_FILE", "").strip():
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE={file!r} cannot be read: {error.strerror}.") from error
    return os.environ.get(name, "").strip()


def url(name: str, *, schemes: tuple[str, ...]) -> str:
    """The URL in `name` or an empty string; a scheme that is not listed is refused."""
    raw = secret(name)
    if raw and raw.split(":", 1)[0] not in schemes:
        raise ImproperlyConfigured(f"{name} must begin with one of {', '.join(s + '://' for s in schemes)}.")
    return raw


def zone(name: str, *, default: str) -> str:
    """The name of a time zone that exists."""
    raw = os.environ.get(name, "").strip() or default
    try:
        ZoneInfo(raw)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ImproperlyConfigured(f"{name}={raw!r} is not a time zone. Write one such as Asia/Shanghai.") from error
    return raw


def kept_secret_key(folder: Path) -> str:
    """The key of an embedded installation: made once, kept in its data folder, readable by its owner only."""
    file = folder / "secret_key"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        new = folder / f"secret_key.{os.getpid()}"
        new.touch(mode=0o600)
        new.write_text(secrets.token_urlsafe(SECRET_KEY_BYTES), encoding="utf-8")
        try:  # link() fails where another process was first: then its key is the key
            file.hardlink_to(new)
        except FileExistsError:
            pass
        finally:
            new.unlink()
    return file.read_text(encoding="utf-8").strip()

"""Static files under names that change with their content, the parts a script imports among them."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]

# Only our own scripts: what others ship names files that are not there.
OUR_SCRIPTS = "js/*.js"
IMPORT = (r"""(?P<matched>from "(?P<url>\.[^"]+)";)""", """from "%(url)s";""")


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise ships no types
    """Without this, `from "./grid/keys.js"` would ask for a name that only the source tree knows."""

    patterns = (*CompressedManifestStaticFilesStorage.patterns, (OUR_SCRIPTS, (IMPORT,)))

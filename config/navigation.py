"""Which item of the menu a page belongs to, told by its address: a page that is added needs no list of names.

What is typed from a paper belongs to entering, though its address is the patient's.
"""

from __future__ import annotations

import re
from typing import Final

from django.http import HttpRequest

# The first that fits. Addresses are those of the resolver (`patients/<int:pk>/...`), never what was asked for.
SECTIONS: Final = (
    (re.compile(r"worklist/|alerts/"), "worklist"),
    (re.compile(r"enter/|to-check/|patients/<[^>]+>/draws/(new|dates|<[^>]+>/(check|second-entry))/"), "enter_results"),
    (re.compile(r"(patients|notes)/"), "patient_list"),
    (re.compile(r"cohort/"), "cohort"),
    (re.compile(r"scorecard/"), "scorecard"),
    (re.compile(r"markers/"), "marker_list"),
    (re.compile(r"imports/"), "import_list"),
    (re.compile(r"laboratories/"), "laboratory_list"),
    (re.compile(r"outbox/"), "outbox"),
    (re.compile(r"mentions/"), "mention_list"),
)


def section_of(request: HttpRequest) -> str:
    """The name of the menu's page that leads here; empty where none does: one's own account, a page that is not."""
    route = request.resolver_match.route if request.resolver_match else ""
    return next((name for address, name in SECTIONS if address.match(route)), "")

"""The codes of the rules in words: why a draw is left out, is uncertain or carries no ALERT, and what moved a level."""

from __future__ import annotations

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# Of a draw: `exclusions`, `extra_codes` and `watch_only` of a series.
DRAW_CODES: Final[dict[str, str | Promise]] = {
    "not_fasting": _("drawn after food"),
    "not_in_the_morning": _("not drawn in the morning"),
    "haemolysed": _("sample haemolysed"),
    "biotin": _("biotin can make this marker read low"),
    "treatment_window": _("too soon after a treatment was started"),
    "immunotherapy_window": _("early in immunotherapy, when a rise can precede a response"),
    "bone_flare_window": _("early in targeted therapy, when healing bone can raise this marker"),
    "chemotherapy_counts_window": _("blood counts move with chemotherapy"),
    "surgery_window": _("too soon after surgery"),
    "bone_agent_window": _("too soon after a bone-modifying agent was started"),
    "bone_agent_stop_window": _("bone turnover can rebound after a bone-modifying agent is stopped"),
    "g_csf_window": _("G-CSF raises this marker"),
    "steroid_window": _("steroids move this marker"),
    "fracture_window": _("a healing fracture raises this marker"),
    "bone_surgery_window": _("surgery to bone raises this marker"),
    "infection_window": _("infection moves this marker"),
    "cholestasis_window": _("cholestasis raises this marker"),
    "renal_impairment_window": _("renal impairment raises this marker"),
}
# Of what happened before a draw: `rebase_codes` of a series.
EVENT_CODES: Final[dict[str, str | Promise]] = {
    "treatment_start": _("a treatment was started"),
    "surgery": _("surgery"),
    "bone_agent_start": _("a bone-modifying agent was started"),
    "assay_change": _("the assay changed"),
    "laboratory_change": _("the laboratory changed"),
    "renal_impairment": _("renal impairment"),
}

"""Why a value was refused or is doubted, in the reader's language.

Pure code and services speak in codes; this is the one place that knows what each code reads like. Every text says what
is wrong and what would be right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from patients.catalogue import MarkerDefinition, catalogue
from patients.plausibility import check_value
from patients.wording import chinese, number_text, unit_text

# A lazy translation is a promise of a string; its type is Django's own.
TEMPLATES: Final[Mapping[str, object]] = {
    # patients.values
    "value_empty": _("There is no value. Type what the laboratory printed, or leave the whole row empty."),
    "value_too_long": _("“%(value)s” is longer than %(limit)s signs. Type the number alone."),
    "value_too_many_digits": _("“%(value)s” has more than %(limit)s digits before the decimal point."),
    "value_not_a_number": _("“%(value)s” is not a number. Write it like 3.2, <0.5 or >100."),
    "value_comparator_without_number": _("“%(value)s”: a number must follow %(comparator)s, as in <0.5."),
    "value_negative": _("“%(value)s”: a concentration or count cannot be below zero."),
    "value_is_a_range": _("“%(value)s” is a range. Type the one value that was measured."),
    "value_approximate": _("“%(value)s” is only approximate. Type the value as the laboratory printed it."),
    "value_exponent": _("“%(value)s” must be written out, for example 1000 for 1e3."),
    "value_decimal_comma_ambiguous": _(
        "“%(value)s”: a comma may mean decimals or thousands. Write 3.2 for three point two, 1200 for one thousand two "
        "hundred."
    ),
    "value_decimal_point_ambiguous": _(
        "“%(value)s”: beside a decimal comma, a point may mean decimals or thousands. Write it without the point."
    ),
    # patients.units
    "unit_missing": _("The unit of %(marker)s is missing. It must be one of: %(units)s."),
    "unit_unknown": _("“%(unit)s” is not a unit of %(marker)s. It must be one of: %(units)s."),
    "unit_of_another_marker": _(
        "“%(unit)s” is a unit of %(other)s, which is another marker than %(marker)s (%(units)s). %(reason)s"
    ),
    "unit_not_convertible": _(
        "“%(unit)s” cannot be converted for %(marker)s; it must be one of: %(units)s. %(reason)s"
    ),
    # patients.plausibility
    "value_below_possible": _(
        "%(value)s %(unit)s cannot be: %(marker)s is never below %(limit)s. Check value and unit."
    ),
    "value_above_possible": _(
        "%(value)s %(unit)s cannot be: %(marker)s is never above %(limit)s. Check value and unit."
    ),
    "value_urgently_low": _(
        "URGENT: %(marker)s %(value)s %(unit)s is at or below %(limit)s. Tell the doctor in charge now."
    ),
    "value_urgently_high": _(
        "URGENT: %(marker)s %(value)s %(unit)s is at or above %(limit)s. Tell the doctor in charge now."
    ),
    "value_unusually_low": _("%(value)s %(unit)s is unusually low for %(marker)s (below %(limit)s)."),
    "value_unusually_high": _("%(value)s %(unit)s is unusually high for %(marker)s (above %(limit)s)."),
    "value_zero": _("%(marker)s of exactly 0 is unusual. If the laboratory printed a limit such as <0.5, type that."),
    "change_fits_unit_slip": _(
        "%(value)s after %(previous)s %(unit)s looks like a slip of the unit (%(factor)s times). Check the unit."
    ),
    "change_large_and_fast": _(
        "%(value)s after %(previous)s %(unit)s is a change of more than five times in %(days)s days."
    ),
    # patients.services.errors
    "record_refused": _("This was refused. Nothing was saved."),
    "result_exists": _(
        "This draw has %(marker)s %(value)s %(unit)s on record already. If it is a second draw, give its own time or "
        "accession number; if the first value was wrong, correct that one."
    ),
    "result_not_current": _("Somebody corrected this result meanwhile. Look at the new value first."),
    "accession_at_another_time": _(
        "The accession number %(accession)s belongs to a draw of %(recorded)s. Check the number, or the day and time."
    ),
    "marker_is_derived": _("%(marker)s is computed from other markers and cannot be entered."),
    "draw_is_empty": _("No value was typed. Type at least one."),
    "reason_missing": _("A correction needs its reason. Say in a few words why the record was wrong."),
    "nothing_changed": _("Nothing differs from what is on record. Change what is wrong, or go back."),
    "draw_changed_meanwhile": _(
        "Somebody else changed this draw while you had it open. Nothing of yours was saved yet."
    ),
    "draw_on_record": _(
        "Another draw of %(moment)s from this laboratory is on record. Check day, time and laboratory; if blood was "
        "taken twice, give each draw its own time or accession number."
    ),
}
_NUMBERS: Final = ("limit", "previous", "factor")
_UNITS: Final = ("unit", "other_unit")


def explain(code: str, params: Mapping[str, str]) -> str:
    """The sentence for `code`; a code nobody described is still said, never swallowed."""
    template = TEMPLATES.get(code)
    if template is None:
        return gettext("This was refused (%(code)s).") % {"code": code}
    return str(template) % defaultdict(str, _readable(params))


def urgent_texts(marker: MarkerDefinition, canonical: Decimal, comparator: str) -> tuple[str, ...]:
    """What must be told to a doctor now about a value that stands, measured or computed."""
    concerns = check_value(marker, canonical, comparator)
    return tuple(explain(concern.code, concern.params) for concern in concerns if concern.severity == "urgent")


def _readable(params: Mapping[str, str]) -> dict[str, str]:
    shown = dict(params)
    for key in _NUMBERS:
        if key in shown:
            shown[key] = _plain_number(shown[key])
    for key in ("marker", "other"):
        if shown.get(key):
            shown[key] = _short_name(shown[key])
    if "units" in shown:
        shown["units"] = gettext(", ").join(unit_text(unit) for unit in shown["units"].split(", "))
    # A unit that was typed is quoted as typed; one beside a computed value is printed.
    if "limit" in shown or "previous" in shown:
        shown["unit"] = unit_text(shown.get("unit", ""))
        shown["value"] = _plain_number(shown.get("value", ""))
    shown["reason"] = shown.get("reason_zh" if chinese() else "reason_en", "")
    return shown


def _plain_number(text: str) -> str:
    try:
        return number_text(Decimal(text))
    except InvalidOperation:
        return text


def _short_name(code: str) -> str:
    try:
        return catalogue().marker(code).short_name
    except KeyError:
        return code

"""Why a value was refused or is doubted, in the reader's language.

Pure code and services speak in codes; this is the one place that knows what each code reads like. Every text says what
is wrong and what would be right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Context, Decimal, InvalidOperation
from typing import Final

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from patients.catalogue import MarkerDefinition, catalogue
from patients.fact_wording import differing_text, filled_text
from patients.plausibility import check_value
from patients.wording import chinese, interval_text, number_text, unit_text

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
        "%(value)s %(unit)s cannot be: %(marker)s is never below %(limit)s%(basis)s. Check value and unit."
    ),
    "value_above_possible": _(
        "%(value)s %(unit)s cannot be: %(marker)s is never above %(limit)s%(basis)s. Check value and unit."
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
        "%(value)s after %(previous)s %(unit)s fits only %(factor)s, like a slip of the unit: %(unit)s or "
        "%(other_unit)s%(basis)s? Check the unit."
    ),
    "change_fits_decimal_slip": _(
        "%(value)s after %(previous)s %(unit)s fits only %(factor)s, like a slip of the decimal point or of the unit. "
        "Check both. (Leadtime’s own rule, assumed.)"
    ),
    "first_value_fits_unit": _(
        "%(value)s %(unit)s, the first %(marker)s of this patient, lies within the usual %(usual)s only "
        "%(factor)s, like a slip of the unit: %(unit)s or %(other_unit)s%(basis)s? Check the unit."
    ),
    "first_value_fits_factor": _(
        "%(value)s %(unit)s, the first %(marker)s of this patient, lies within the usual %(usual)s only "
        "%(factor)s, like a slip of the decimal point or of the unit. Check both. (Leadtime’s own rule, assumed.)"
    ),
    "change_large_and_fast": _(
        "%(value)s after %(previous)s %(unit)s is a change of more than five times in %(days)s days."
    ),
    # patients.consistency
    "counts_exceed_wbc": _(
        "%(markers)s do not go together: the parts add up to %(sum)s, more than all white cells (%(whole)s %(unit)s). "
        "Check each of them."
    ),
    "differential_in_percent": _(
        "%(markers)s look like per cent (together %(sum)s). Type the counts in %(unit)s, not the per cent."
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
    "laboratory_in_use": _(
        "Draws, intervals or the second check know this laboratory by the name it has; under another one they would "
        "lose it. Describe the new name as a laboratory of its own; put this one out of use once it reports no more."
    ),
    "laboratory_known": _("A laboratory of this name is described already. Change that one, or give another name."),
    "interval_overlaps": _(
        "This line holds for some of the same people from the same day: %(line)s. Make the ages or the sex exclude "
        "each other, or withdraw that line first."
    ),
    "interval_beside_more_exact": _(
        "Older lines that say more exactly whom they hold for go before this one: %(lines)s. If this line replaces "
        "them, end them first."
    ),
    "limits_fit_another_unit": _(
        "These limits are about the catalogue's %(factor)s; in %(other_unit)s they would fit. Is the unit right?"
    ),
    "limits_far_off": _(
        "These limits are about the catalogue's %(factor)s. Are the decimal points and the unit right?"
    ),
    "interval_not_standing": _("This line was ended or withdrawn meanwhile. Look at the table again."),
    "interval_ends_too_early": _("The last day lies before the first. A line that never held is withdrawn."),
    "draft_is_older": _("This was typed on in another window meanwhile. Choose which of the two to go on with."),
    "draft_is_gone": _("This was saved or thrown away in another window meanwhile. What you typed here is still here."),
    "draft_in_the_way": _(
        "Something is typed here already and would be lost. Save it or throw it away first. Nothing was changed."
    ),
    "patient_merged": _("This record was merged into another one meanwhile. Nothing was saved. Enter it there."),
    "other_draw_of_the_day": _("A draw of that day with some of these markers is on record already."),
    "draw_facts_differ": _(
        "The draw on record and this paper do not agree. %(differing)s. Nothing was saved. If the record is wrong, "
        "correct that draw first; if it is other blood, save it as a second draw with its own time or accession number."
    ),
    "draw_facts_filled": _("The draw on record is told what it does not say yet. %(filled)s."),
    "draw_is_empty": _("No value was typed. Type at least one."),
    "reason_missing": _("A correction needs its reason. Say in a few words why the record was wrong."),
    "nothing_changed": _("Nothing differs from what is on record. Change what is wrong, or go back."),
    "nothing_checked": _("No value was ticked. Tick at least one that agrees with the paper."),
    "own_entry": _("You entered %(marker)s yourself. Another person has to check it."),
    "other_check_asked": _("%(marker)s waits for the other kind of second check. Open it from the list."),
    "typed_already": _(
        "You have typed %(marker)s a second time already and seen both values. Another person types it once more, or "
        "it is corrected."
    ),
    "draw_changed_meanwhile": _(
        "Somebody else changed this draw while you had it open. Nothing of yours was saved yet."
    ),
    "draw_on_record": _(
        "Another draw of %(moment)s from this laboratory is on record. Check day, time and laboratory; if blood was "
        "taken twice, give each draw its own time or accession number."
    ),
}
NO_SOURCE: Final = "assumed"  # the catalogue's word for a limit that nobody published
_FIVE_DIGITS: Final = Context(prec=5)
_NUMBERS: Final = ("limit", "previous", "sum", "whole")
# How far a source can be trusted, in the words of the marker's page.
_GRADES: Final[Mapping[str, object]] = {
    "P": _("read in the source"),
    "S": _("read in a second source"),
    "D": _("derived"),
    "R": _("recalled, not seen in a source: check before use"),
    "A": _("assumed"),
}


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
    shown = dict(params) | _names(params) | _figures(params)
    # A unit that was typed is quoted as typed; one beside a computed value is printed.
    if any(number in params for number in (*_NUMBERS, "factor")):
        shown["unit"] = unit_text(params.get("unit", ""))
        shown["value"] = _plain_number(params.get("value", ""))
    if "facts" in params:
        shown["differing"] = differing_text(params)
        shown["filled"] = filled_text(params)
    shown["basis"] = _basis(params.get("source", ""), params.get("grade", ""))
    shown["reason"] = params.get("reason_zh" if chinese() else "reason_en", "")
    return shown


def _names(params: Mapping[str, str]) -> dict[str, str]:
    """Markers by their short names, units as they are printed."""
    shown = {key: _short_name(params[key]) for key in ("marker", "other") if params.get(key)}
    if "markers" in params:
        shown["markers"] = gettext(", ").join(_short_name(code) for code in params["markers"].split(","))
    if "units" in params:
        shown["units"] = gettext(", ").join(unit_text(unit) for unit in params["units"].split(", "))
    if "other_unit" in params:
        shown["other_unit"] = unit_text(params["other_unit"])
    return shown


def _figures(params: Mapping[str, str]) -> dict[str, str]:
    shown = {key: _plain_number(params[key]) for key in _NUMBERS if key in params}
    if "factor" in params:
        shown["factor"] = _times(params["factor"])
    if "high" in params:
        shown["usual"] = interval_text(Decimal(params["low"]) if params.get("low") else None, Decimal(params["high"]))
    return shown


def _basis(source: str, grade: str) -> str:
    """In brackets, what a limit or factor rests on; empty where nothing is known of that."""
    if grade not in _GRADES:
        return ""
    if source in {"", NO_SOURCE}:
        return gettext(" (%(grade)s)") % {"grade": _GRADES[grade]}
    return gettext(" (%(grade)s; %(source)s)") % {"source": source, "grade": _GRADES[grade]}


def _times(text: str) -> str:
    """`× 10`, `÷ 1000`, `× 0.2495`: a factor below one as what it divides by, where that is a whole number."""
    factor = Decimal(text)
    divisor = _FIVE_DIGITS.divide(Decimal(1), factor)
    if factor < 1 and divisor == divisor.to_integral_value():
        return f"÷ {number_text(divisor)}"
    return f"× {number_text(factor)}"


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

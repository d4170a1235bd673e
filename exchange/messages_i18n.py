"""Why a file or a line was refused, in the reader's language."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from patients import messages

# A lazy translation is a promise of a string; its type is Django's own.
TEMPLATES: Final[Mapping[str, object]] = {
    # exchange.csv.messages, the whole file
    "file_empty": _("The file is empty. It must begin with a line of column names such as %(right)s."),
    "file_is_spreadsheet": _(
        "This is neither a text file nor an XLSX workbook without a password. Save it as XLSX or as CSV (UTF-8)."
    ),
    "workbook_broken": _("This workbook cannot be opened. Open it in Excel, save it again as XLSX and send that."),
    "workbook_too_large": _("This workbook unpacks to more than %(limit)s MB. Save the sheet as CSV (UTF-8)."),
    "workbook_formula_without_value": _(
        "This workbook has formulas whose results are not in the file. Open it in Excel, save it and send it again."
    ),
    "file_encoding_unknown": _(
        "The character encoding of the file cannot be told, so nothing was read. Save it as UTF-8 and send it again."
    ),
    "file_encoding_broken": _("The file says it is %(encoding)s and is not. Save it as UTF-8 and send it again."),
    "file_columns_missing": _(
        "There is no column for %(missing)s. The first line has: %(found)s. Right would be: %(right)s."
    ),
    "file_columns_doubtful": _("Several columns could be the %(role)s: %(found)s. Keep one of them."),
    "file_date_twice": _(
        "The column %(found)s holds the day of collection, and one day was given for the whole file. Keep one of them."
    ),
    # exchange.csv.messages, one line
    "line_too_long": _("The line is longer than %(limit)s signs."),
    "line_quote_not_closed": _("A quotation mark opens a cell here and none closes it."),
    "line_quotes_broken": _("A cell goes on after its closing quotation mark. Write a mark inside a cell twice."),
    "line_has_nul": _("The line holds signs that are no text. Save the file as UTF-8."),
    "line_cells_too_many": _(
        "%(count)s cells under %(columns)s column names. Is there a comma inside a value? Then put the value in "
        "quotation marks, or write the decimal point."
    ),
    "cell_missing": _("%(column)s is empty."),
    "cell_too_long": _("%(column)s is longer than %(limit)s signs."),
    "date_not_understood": _(
        "“%(value)s” in %(column)s is no date that can be read. Write 2024-03-12 or 2024-03-12 08:03."
    ),
    "date_order_ambiguous": _(
        "“%(value)s” in %(column)s: day and month could be swapped. Write the year first (2024-03-12), or say of this "
        "file which comes first."
    ),
    "date_is_serial_number": _(
        "“%(value)s” in %(column)s looks like a spreadsheet's day number. Write 2024-03-12 08:03, or say of this file "
        "from which year its days are counted."
    ),
    "date_in_future": _("“%(value)s” in %(column)s lies in the future."),
    "date_too_early": _("“%(value)s” in %(column)s lies before %(year)s."),
    "time_does_not_exist": _(
        "“%(value)s” in %(column)s: this clock time was skipped when the clocks went forward. Write the offset, as in "
        "2024-03-31T02:30+01:00."
    ),
    "fasting_not_understood": _("“%(value)s” in %(column)s: write yes, no or leave it empty."),
    "haemolysis_not_understood": _("“%(value)s” in %(column)s: write yes, no or leave it empty."),
    "taken_not_understood": _("“%(value)s” in %(column)s: write yes, no or leave it empty."),
    "status_not_understood": _(
        "“%(value)s” in %(column)s is no status of a result. Write final, preliminary, corrected or cancelled."
    ),
    # exchange.preparing
    "marker_unknown": _("“%(marker)s” is no marker of the catalogue."),
    "loinc_not_of_marker": _(
        "%(loinc)s is not a LOINC code of %(marker)s (%(codes)s). Check what was measured, or leave the code out."
    ),
    "marker_names_disagree": _("%(names)s name different markers: %(markers)s."),
    "marker_is_derived": _("%(marker)s is computed from other markers and is not taken in."),
    "patient_unknown": _("No patient has the number “%(patient)s”."),
    "accession_unknown": _(
        "No draw on record has the number “%(accession)s”, and the file names no patient. Write the patient's number."
    ),
    "accession_of_several": _(
        "%(count)s draws on record have the number “%(accession)s”, so it does not tell whose line this is. Write the "
        "patient's number, or the laboratory."
    ),
    "notes_too_long": _("The comments on this draw are longer than %(limit)s signs together."),
    "patient_details_refused": _("The patient “%(patient)s” could not be made: %(detail)s"),
    "value_with_flag": _("“%(value)s”: “%(flag)s” is no part of the number. Write it in a column of its own."),
    "value_twice_in_file": _("Line %(line)s of this file has another value of %(marker)s for the same draw."),
    "accession_at_another_time": _(
        "The draw with the number “%(accession)s” was taken at %(recorded)s, not at %(collected)s."
    ),
    # exchange.batches
    "no_progress": _(
        "This file was begun %(runs)s times and broken off each time before anything more of it was done: %(line)s of "
        "%(lines)s lines. Split it into smaller files, or have it taken in with import_draws. What of it is in the "
        "record already is repeated then and changes nothing."
    ),
    "upload_lost": _("The uploaded file is no longer there. Send it again."),
    "not_permitted": _("The person who sent this file may no longer take files in for this team."),
}


def explain(code: str, params: Mapping[str, str]) -> str:
    """The sentence for `code`; what the record refuses is put into words by the record."""
    template = TEMPLATES.get(code)
    if template is None:
        return messages.explain(code, params)
    return str(template) % defaultdict(str, params)

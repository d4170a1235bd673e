"""What of a file was seen already. Kept as numbers, not texts: about 200 bytes a line, for files of a million lines."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from exchange.preparing import DrawIdentity, LineRefused, Prepared


class FileMemory:
    """Tells a line that says the same again from one that contradicts an earlier line of the same file.

    A file that gives one draw two values of a marker does not say which is meant. Taking both, one as a correction of
    the other, would also make the file read differently each time it is read.
    """

    def __init__(self) -> None:
        # Hashes of 64 bits: two of a million lines meet by chance once in forty million files.
        self._results: dict[int, tuple[int, int]] = {}
        self._times: dict[int, float] = {}
        self._counted: set[int] = set()

    def see(self, line: Prepared) -> bool:
        """Whether the line is news; a repeat is not.

        Raises
        ------
        LineRefused
            an earlier line of the file has another value, or another time for the same accession number.
        """
        draw = hash(line.draw_identity())
        moment = line.line.collected_at.timestamp()
        if (earlier := self._times.setdefault(draw, moment)) != moment:
            raise _at_another_time(line, dt.datetime.fromtimestamp(earlier, tz=dt.UTC))
        key, says = hash((draw, line.marker.code)), hash(line.signature)
        if key not in self._results:
            self._results[key] = says, line.line.line_number
            return True
        before, line_number = self._results[key]
        if before != says:
            raise contradiction(line, line_number)
        return False

    def forget(self, line: Prepared) -> None:
        """The record refused the line after all, so that one like it repeats nothing."""
        self._results.pop(hash((hash(line.draw_identity()), line.marker.code)), None)

    def is_first_piece_of(self, draw: DrawIdentity) -> bool:
        """False for a draw whose lines went on past the end of a piece, so that it is counted once."""
        fresh = hash(draw) not in self._counted
        self._counted.add(hash(draw))
        return fresh


def contradiction(line: Prepared, earlier_line: int) -> LineRefused:
    return LineRefused("value_twice_in_file", {"line": str(earlier_line), "marker": line.marker.code})


def _at_another_time(line: Prepared, recorded: dt.datetime) -> LineRefused:
    def shown(moment: dt.datetime) -> str:
        return timezone.localtime(moment).isoformat(sep=" ", timespec="minutes")

    collected = shown(line.line.collected_at)
    return LineRefused(
        "accession_at_another_time",
        {"accession": line.line.accession, "recorded": shown(recorded), "collected": collected},
    )

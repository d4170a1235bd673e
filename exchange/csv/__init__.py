"""A laboratory's file, from bytes to plain messages. Pure: what the messages lead to is `exchange.loader`'s matter."""

from __future__ import annotations

from exchange.csv.messages import FileRefused, LineRead, LineRejected
from exchange.csv.reading import ResultFile, open_results

__all__ = ["FileRefused", "LineRead", "LineRejected", "ResultFile", "open_results"]

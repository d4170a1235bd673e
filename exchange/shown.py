"""What a preview showed of each piece of a file, so that what was confirmed is written so or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import fields

from exchange.csv import LineRejected
from exchange.orders import Counts, OtherThanShown
from patients.models import ImportBatch, ShownPiece


class ShownPieces:
    """A dry run keeps a digest of each piece; the run that was confirmed compares, in the transaction that writes."""

    def __init__(self, batch: ImportBatch | None, *, dry_run: bool) -> None:
        self._batch = batch
        self._dry_run = dry_run
        self._bound = batch is not None and not dry_run and batch.confirmed_at is not None

    def piece(self, lines_done: int, fates: Sequence[tuple[int, str]], rejected: Sequence[LineRejected]) -> None:
        """Keep the digest of the piece that ends at `lines_done`, or compare it.

        Raises
        ------
        OtherThanShown
            the piece does something else than was shown; the caller's transaction must not be committed.
        """
        if self._batch is None or not (self._dry_run or self._bound):
            return
        refused = [(line.line_number, f"{line.column} {line.code}") for line in rejected]
        digest = hashlib.sha256(json.dumps(sorted([*fates, *refused])).encode()).hexdigest()
        if self._dry_run:
            ShownPiece.objects.create(batch=self._batch, lines_done=lines_done, digest=digest)
        elif not ShownPiece.objects.filter(batch=self._batch, lines_done=lines_done, digest=digest).exists():
            raise OtherThanShown(f"import {self._batch.pk}")


def seen(batch: ImportBatch) -> str:
    """Stands for all that the page of a preview shows: how the file was read, its counts and the fate of every line."""
    shown = {
        "file": batch.sha256,
        "mapping": batch.mapping,
        "create_patients": batch.create_patients,
        "counts": {count.name: getattr(batch, count.name) for count in fields(Counts)},
        "pieces": list(batch.shown_pieces.order_by("lines_done").values_list("lines_done", "digest")),
    }
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()

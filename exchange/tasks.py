"""Files taken in in the background. A task takes a key only; how it is done stands in `exchange.batches`."""

from __future__ import annotations

import logging

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from exchange import batches

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 30


@shared_task
def import_file(batch_id: int) -> None:
    if batches.process(batch_id):
        nudge(batch_id)  # after commit: what the run did is committed piece by piece


@shared_task
def sweep() -> None:
    """Nudge again for every batch that may have been left alone."""
    now = timezone.now()
    for batch_id in batches.due(now=now):
        import_file.apply_async((batch_id,), expires=SWEEP_SECONDS * 0.9)  # after commit: this task writes nothing
    batches.discard_forgotten(now=now)
    batches.remove_orphans(now=now)


def nudge(batch_id: int) -> None:
    """Ask a worker for this batch now. Where there is no broker the batch waits for the sweep; nobody else does."""
    try:
        import_file.delay(batch_id)  # after commit: `batches.receive` calls this from on_commit
    except (KombuError, RedisError, OSError) as error:
        logger.warning("no broker (%s); import %s waits for the sweep", type(error).__name__, batch_id)

"""Retention: what the configuration no longer keeps goes out of the store, at most every few hours."""

import logging
from datetime import datetime, timedelta

from aggregator.config import Config
from aggregator.model import Source
from aggregator.pipeline import representatives
from aggregator.settings import Keep, StoreSettings
from aggregator.store import PruneReport, Store

log = logging.getLogger(__name__)

EVERY = timedelta(hours=6)

BELIEVED = timedelta(days=366)
"""A clock that is farther ahead of the last time is wrong: what it would purge does not come back."""


def keep_of(source: Source, settings: StoreSettings) -> Keep:
    """Which articles of a source are kept."""
    return Keep(source.retention or settings.retention, source.keep or settings.keep)


def prune(config: Config, store: Store, *, now: datetime) -> PruneReport:
    """Purge what is kept no longer.

    Raises:
        StoreError: the database refused; the batches before are done, the next time goes on from there.
    """
    settings = config.store
    keep = Keep(settings.retention, settings.keep)
    own = {source.id: kept for source in config.sources if (kept := keep_of(source, settings)) != keep}
    with store.write() as writer:
        report = writer.prune(
            now, keep, own=own, polls_kept=settings.polls_kept, tombstones_kept=settings.tombstones_kept
        )
        representatives.choose(store, writer, report.regrouped)
        return report


def prune_if_due(config: Config, store: Store, *, now: datetime) -> PruneReport | None:
    """For runs from cron: prune when the last time is long enough ago. None: it is not due."""
    last = store.pruned_at()
    if last is not None and last <= now < last + EVERY:
        return None
    known = last or store.newest()
    if known is not None and now > known + BELIEVED:
        log.warning(
            "not pruned: the clock says %s, and the store was in use at %s last; if that is right: aggregator db prune",
            now,
            known,
        )
        return None
    return prune(config, store, now=now)

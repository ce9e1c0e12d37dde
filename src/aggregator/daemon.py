"""The long-running scheduler: APScheduler only ticks; what is due, and when, lives in the database.

Jobs keep their hands off each other: a tick claims and submits and never waits for a feed, so one slow outlet delays
nobody; linking and retention run in threads. Another process may poll the same store at the same time: claims decide.
"""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from datetime import UTC, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from aggregator.config import Config
from aggregator.model import Poll, Visit
from aggregator.outlets import PARSERS
from aggregator.pipeline.link import link
from aggregator.pipeline.poll import Clock, Polling, run_async, sync_configuration
from aggregator.pipeline.retain import prune_if_due
from aggregator.store import Store

log = logging.getLogger(__name__)

TICK = timedelta(seconds=5)
SETTLE = timedelta(seconds=30)  # answers that only say "no connection" wait this long for the others
VISIT = timedelta(seconds=60)  # asks the pages of new articles
LINK = timedelta(seconds=60)
PRUNE = timedelta(hours=1)  # looks whether it is due
GRACE = timedelta(
    seconds=8
)  # what is in hand gets this long after SIGTERM; service managers kill after 10 s or more


def run(
    config: Config,
    store: Store,
    *,
    clock: Clock,
    on_poll: Callable[[Poll], None] | None = None,
    on_visit: Callable[[Visit], None] | None = None,
) -> int:
    """Poll, link and prune until SIGTERM (returns 0) or SIGINT (returns 130). A second signal ends it at once."""
    sync_configuration(config, store, now=clock())
    return run_async(_run(config, store, clock, on_poll, on_visit))


async def _run(
    config: Config,
    store: Store,
    clock: Clock,
    on_poll: Callable[[Poll], None] | None,
    on_visit: Callable[[Visit], None] | None,
) -> int:
    stop = asyncio.Event()
    code = 0

    def on_signal(number: signal.Signals) -> None:
        nonlocal code
        if stop.is_set():
            raise SystemExit(128 + number)
        code = 130 if number == signal.SIGINT else 0
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal, number)

    async with Polling(
        config, store, clock=clock, on_poll=on_poll, on_visit=on_visit, outlets=PARSERS
    ) as polling:

        async def settle() -> None:
            """Where answers can no longer be stored, polling on would only ask in vain: it ends, and says why."""
            try:
                await polling.settle()
            except BaseException:
                stop.set()
                raise

        scheduler = AsyncIOScheduler(timezone=UTC)

        def every(interval: timedelta, name: str, job: Callable[[], Awaitable[object]]) -> None:
            # One instance at a time; runs missed while the machine slept melt into one, however late.
            scheduler.add_job(
                _guarded(name, job, stop),
                "interval",
                seconds=interval.total_seconds(),
                id=name,
                max_instances=1,
                coalesce=True,
                misfire_grace_time=None,
            )

        every(TICK, "tick", polling.tick)
        every(SETTLE, "settle", settle)
        every(VISIT, "visit", polling.visit_pages)
        every(LINK, "link", lambda: asyncio.to_thread(link, store, config.relate))
        every(PRUNE, "prune", lambda: asyncio.to_thread(prune_if_due, config, store, now=clock()))
        await polling.tick()  # at once, not after the first interval
        scheduler.start()
        log.info("started feeds=%d", sum(1 for _ in config.feeds()))
        await stop.wait()
        scheduler.shutdown(wait=False)
        try:
            async with asyncio.timeout(GRACE.total_seconds()):
                await polling.drain()
        except TimeoutError:
            log.info("stopped with feeds in hand: their claims are released")
    return code


def _guarded(
    name: str, job: Callable[[], Awaitable[object]], stop: asyncio.Event
) -> Callable[[], Awaitable[None]]:
    """A job that fails is logged with its traceback and tried again next time; the other jobs never notice."""

    async def run_job() -> None:
        if stop.is_set():
            return
        try:
            await job()
        except Exception:
            log.exception("job_failed job=%s", name)

    return run_job

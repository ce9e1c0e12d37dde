"""Visits to articles' pages, on every database: who holds them, what they leave behind."""

from dataclasses import replace
from datetime import timedelta

import pytest

import store_databases
from aggregator.model import Article, Enrich, ItemFilter, Key, Visit
from aggregator.store import Store
from store_helpers import HOUR, NOW, add, article, hash64, poll, prune, revision

postgresql, url, store = store_databases.postgresql, store_databases.url, store_databases.store  # fixtures

LONG = timedelta(days=2)


def claim(
    store: Store, *, mode: Enrich = "always", at_most: int = 9, hours: int = 0, source: str = "harbour"
) -> list[Visit]:
    now = NOW + hours * HOUR
    with store.write() as writer:
        return writer.claim_visits(
            now, until=now + HOUR, since=NOW - LONG, wanted={source: mode}, at_most={source: at_most}
        )


def record(store: Store, held: Visit, enriched: Article | None = None, **changes: object) -> None:
    done = replace(held, at=NOW, outcome="ok", next_at=None, **changes)  # type: ignore[arg-type]
    with store.write() as writer:
        writer.record_visit(done, enriched, keys=(Key(hash64("https://harbour.example/other"), "alias"),))


def stored(store: Store, number: int = 1) -> Article:
    details = store.article_details(number)
    assert details is not None
    return details.item.article


def test_the_newest_are_taken_first_and_by_nobody_else(store: Store) -> None:
    add(store, article("a"), article("b"), article("c"))
    assert [held.article_id for held in claim(store, at_most=2)] == [3, 2]
    assert [held.article_id for held in claim(store)] == [1]
    assert claim(store) == []
    assert claim(store, source="wire") == []
    assert [held.tries for held in claim(store, hours=1)] == [2, 2, 2]


def test_missing_means_a_teaser_a_picture_or_a_time(store: Store) -> None:
    whole = article("whole", image="https://harbour.example/a.jpg")
    add(
        store,
        whole,
        article("no teaser", image=whole.image, teaser=""),
        article("no picture"),
        article("no time", image=whole.image, published_origin="first_seen"),
        article("a day", image=whole.image, published_precision="day"),
        article("ahead", image=whole.image, published_note="clamped from 2031"),
    )
    assert [held.article_id for held in claim(store, mode="missing")] == [6, 5, 4, 3, 2]


def test_what_the_page_gave_stands_in_every_place(store: Store) -> None:
    add(store, article("a", teaser=""))
    (held,) = claim(store)
    before = stored(store)
    after = replace(
        before,
        teaser="Words of the page, ferrous ones.",
        text="The whole body.",
        from_page=("teaser", "text"),
        paywalled=True,
    )
    record(store, held, after, note="teaser (og), text")
    assert stored(store) == after
    assert [item.paywall for item in store.items(ItemFilter(search="ferrous"))] == [True]
    assert [known.article_id for known in _known(store).values()] == [1]
    details = store.article_details(1)
    assert details is not None
    assert details.visit is not None
    assert (details.visit.outcome, details.visit.note) == ("ok", "teaser (og), text")
    assert store.visit_outcomes(NOW - LONG) == {"harbour": {"ok": 1}}
    assert details.item.revisions == ()
    assert store.check() == store.inconsistencies() == []


def _known(store: Store) -> dict[int, object]:
    with store.write() as writer:
        return dict(writer.known([hash64("https://harbour.example/other")]))


def test_an_address_of_another_article_stays_that_articles(store: Store) -> None:
    add(store, article("other"), article("a"))
    (held, _) = claim(store)
    assert held.article_id == 2
    record(store, held, None)
    assert [known.article_id for known in _known(store).values()] == [1]  # type: ignore[attr-defined]


def test_a_revision_keeps_what_only_the_page_knew(store: Store) -> None:
    add(store, article("a", teaser=""))
    (held,) = claim(store)
    given = replace(stored(store), teaser="Of the page.", text="Of the page.", from_page=("teaser", "text"))
    record(store, held, given)
    poll(store, [revision(1, article("a", teaser="", title="Another", text="Of the feed."), why="title")])
    assert (stored(store).title, stored(store).teaser, stored(store).text) == (
        "Another",
        *["Of the page."] * 2,
    )
    assert stored(store).from_page == ("teaser", "text")
    poll(store, [revision(1, article("a", teaser="Of the feed.", title="Another"), why="teaser")])
    assert (stored(store).teaser, stored(store).from_page) == ("Of the feed.", ("text",))


def test_in_one_transaction_what_is_known_is_what_the_page_said(store: Store) -> None:
    add(store, article("a"))
    (held,) = claim(store)
    hash = hash64("https://harbour.example/a")
    with store.write() as writer:
        assert writer.known([hash])[hash].teaser == "Teaser of a."
        now_known = writer.article(1)
        assert now_known is not None
        writer.record_visit(held, replace(now_known, teaser="Of the page.", from_page=("teaser",)))
        known = writer.known([hash])[hash]
        assert (known.teaser, known.from_page) == ("Of the page.", ("teaser",))


@pytest.mark.parametrize("purged_first", [False, True])
def test_a_purged_article_has_no_visit(store: Store, purged_first: bool) -> None:
    add(store, article("a"))
    (held,) = claim(store)
    if not purged_first:
        record(store, held, None)
    prune(store, NOW + timedelta(days=400), timedelta(days=90))
    if purged_first:
        record(store, held, stored_nowhere())
    assert store.visit_outcomes(NOW - LONG) == {}
    assert store.count(ItemFilter(state="all")) == 0
    assert store.inconsistencies() == []


def stored_nowhere() -> Article:
    return replace(article("a"), id=1)


def test_a_claim_given_back_is_as_if_it_had_not_been(store: Store) -> None:
    add(store, article("a"))
    first = claim(store)
    with store.write() as writer:
        writer.release_visits(first)
    (held,) = claim(store)
    assert held.tries == 1
    with store.write() as writer:
        writer.record_visit(replace(held, at=NOW, outcome="server", next_at=NOW + HOUR))
    again = claim(store, hours=2)
    assert [one.tries for one in again] == [2]
    with store.write() as writer:
        writer.release_visits(again)
    assert [one.tries for one in claim(store, hours=2)] == [2]

"""judge: what each entry of a document is, against the store and against the entries before it.

The entries pass through normalize as in a poll; the store is a dictionary that does what the contract says and no more.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import identify
from aggregator.model import Article, Entry, Feed, Identity, Known, Source, Verdict
from aggregator.normalize import identity, to_article

NOW = datetime(2023, 10, 11, 12, 0, tzinfo=UTC)
FEED = Feed(url="https://ledger.example/rss", source_id="ledger", id="ledger-world")
LEDGER = Source(id="ledger", name="The Daily Ledger", url="https://ledger.example/", feeds=(FEED,))
COURIER_FEED = Feed(url="https://courier.example/rss", source_id="courier", id="courier")
COURIER = Source(id="courier", name="Morning Courier", url="https://courier.example/", feeds=(COURIER_FEED,))


@dataclass
class Memory:
    """A store that keeps keys, the newest reading of each article, and how often each was revised."""

    keys: dict[int, int] = field(default_factory=dict)
    articles: dict[int, Known] = field(default_factory=dict)
    revisions: Counter[int] = field(default_factory=Counter)
    made: int = 0  # articles cleaned by the last poll
    shown: list[int] = field(default_factory=list)  # articles of the last document

    def poll(
        self,
        entries: Sequence[Entry],
        *,
        feed: Feed = FEED,
        source: Source = LEDGER,
        now: datetime = NOW,
        not_before: datetime | None = None,
        last_at: datetime | None = None,
    ) -> tuple[Verdict, ...]:
        identities = [identity(entry, feed) for entry in entries]
        keys = identify.document_keys(identities, source_id=source.id, feed_id=feed.id)
        known = {
            key.hash: self.articles[self.keys[key.hash]]
            for group in keys
            for key in group
            if key.hash in self.keys
        }
        self.made = 0

        def make(position: int) -> Article | str:
            self.made += 1
            return to_article(entries[position], identities[position], feed=feed, source=source, now=now)

        verdicts = identify.judge(
            identities,
            keys,
            known,
            make=make,
            source_id=source.id,
            feed_id=feed.id,
            not_before=not_before,
            last_at=last_at,
            past=_Past(self),
        )
        self.shown = [verdict.of for verdict in verdicts if verdict.of is not None]
        for verdict in verdicts:
            self._record(verdict, feed)
        return verdicts

    def _record(self, verdict: Verdict, feed: Feed) -> None:
        if verdict.outcome == "rejected":
            self.keys.update({key.hash: verdict.of for key in verdict.keys if verdict.of is not None})
            return
        article_id = verdict.of
        if verdict.outcome == "new":
            assert verdict.article is not None
            article_id = len(self.articles) + 1
            self.shown.append(article_id)
            self.articles[article_id] = known_of(verdict.article, article_id, verdict.fingerprint, feed.id)
        elif article_id is not None:
            self.articles[article_id] = replace(self.articles[article_id], fingerprint=verdict.fingerprint)
        if verdict.outcome == "revision":
            assert verdict.article is not None and article_id is not None
            self.articles[article_id] = known_of(verdict.article, article_id, verdict.fingerprint, feed.id)
            self.revisions[article_id] += 1
        for key in verdict.keys:
            assert article_id is not None
            assert key.hash not in self.keys, "a key belongs to one article"
            self.keys[key.hash] = article_id

    def purge(self, article_id: int) -> None:
        self.articles[article_id] = Known(
            article_id=article_id,
            source_id="",
            canonical_url="",
            title="",
            teaser="",
            published_at=None,
            fingerprint=0,
            purged=True,
        )


@dataclass
class _Past:
    memory: Memory

    def known(self, hashes: Collection[int]) -> dict[int, Known]:
        held = self.memory
        return {hash: held.articles[held.keys[hash]] for hash in hashes if hash in held.keys}

    def served(self) -> list[Known]:
        return [self.memory.articles[number] for number in self.memory.shown]


def known_of(article: Article, article_id: int, fingerprint: int, feed_id: str) -> Known:
    return Known(
        article_id=article_id,
        source_id=article.source_id,
        canonical_url=article.canonical_url,
        title=article.title,
        teaser=article.teaser,
        published_at=article.published_at,
        fingerprint=fingerprint,
        feed_id=feed_id,
    )


def entry(number: int = 1, **changes: object) -> Entry:
    base = Entry(
        id=f"ledger-{number}",
        url=f"https://ledger.example/world/story-{number}",
        title=f"Story number {number} of the harbour",
        summary=f"What happened in story {number} was told on Friday by the people of the harbour.",
        published=NOW - timedelta(hours=number),
        published_text=f"{number} hours before noon",
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def outcomes(verdicts: Sequence[Verdict]) -> list[str]:
    return [verdict.outcome for verdict in verdicts]


def words(count: int) -> str:
    return " ".join(["harbour", "talks", "strike", "dawn", "ships", "quay", "union"][:count])


# --- the laws --------------------------------------------------------------------------------------------------

entries = st.lists(
    st.builds(
        Entry,
        id=st.sampled_from([None, "1", "2", "https://ledger.example/a"]),
        url=st.sampled_from(
            [
                None,
                "javascript:x",
                "https://ledger.example/a",
                "https://ledger.example/a?utm_source=x",
                "https://ledger.example/b",
            ]
        ),
        title=st.sampled_from(
            [None, "", "Harbour strike", "Harbour strike ends", "Harbour strike ends at dawn", "Other"]
        ),
        summary=st.sampled_from(
            [None, "Ships left.", "Ships left at dawn on Friday after nine days of talks."]
        ),
        published=st.sampled_from([None, NOW, NOW - timedelta(days=3), datetime(2023, 10, 1)]),
    ),
    max_size=6,
)


@given(entries)
@settings(max_examples=200, deadline=None)
def test_feeding_a_document_twice_changes_nothing(document: list[Entry]) -> None:
    memory = Memory()
    first = memory.poll(document)
    articles = dict(memory.articles)
    for again in range(1, 4):
        verdicts = memory.poll(document, now=NOW + timedelta(minutes=15 * again))
        assert set(outcomes(verdicts)) <= {"unchanged", "rejected"}
        assert outcomes(verdicts).count("rejected") <= outcomes(first).count("rejected")
    assert not memory.revisions
    assert {number: replace(known, fingerprint=0) for number, known in memory.articles.items()} == {
        number: replace(known, fingerprint=0) for number, known in articles.items()
    }


@given(st.lists(entries, max_size=3))
@settings(max_examples=100, deadline=None)
def test_every_entry_gets_one_verdict_whatever_came_before(documents: list[list[Entry]]) -> None:
    memory = Memory()
    for document in documents:
        verdicts = memory.poll(document)
        assert [verdict.position for verdict in verdicts] == list(range(len(document)))
        for verdict in verdicts:
            assert (verdict.article is not None) == (verdict.outcome in ("new", "revision"))
            assert bool(verdict.why) == (verdict.outcome in ("rejected", "revision"))
            assert verdict.of is None or verdict.outcome != "new"


def test_known_entries_are_not_cleaned_again() -> None:
    memory = Memory()
    document = [entry(number) for number in range(1, 31)]
    memory.poll(document)
    assert memory.made == 30
    memory.poll([entry(31), *document])
    assert memory.made == 1


def test_keys_are_signed_64_bit_and_bounded() -> None:
    told = identity(entry(id="x" * 1_048_576), FEED)
    keys = identify.keys_of(told, source_id="ledger", feed_id=FEED.id)
    assert [key.kind for key in keys] == ["url", "guid", "title"]
    assert all(-(2**63) <= key.hash < 2**63 for key in keys)
    assert identify.alias_key("https://ledger.example/world/story-1").hash == keys[0].hash


def test_a_guid_is_the_feeds_own() -> None:
    told = identity(entry(), FEED)
    here, there = (identify.keys_of(told, source_id="ledger", feed_id=feed) for feed in ("a", "b"))
    assert here[0] == there[0] and here[1] != there[1]


# --- who is who ------------------------------------------------------------------------------------------------


def test_links_without_guids_are_enough() -> None:
    memory = Memory()
    document = [entry(1, id=None), entry(2, id=None)]
    assert outcomes(memory.poll(document)) == ["new", "new"]
    assert outcomes(memory.poll(document)) == ["unchanged", "unchanged"]


def test_an_entry_without_link_and_guid_is_rejected_every_time() -> None:
    memory = Memory()
    document = [entry(1, id=None, url=None), entry(2)]
    for _ in range(2):
        assert outcomes(memory.poll(document))[0] == "rejected"
    assert len(memory.articles) == 1


def test_two_items_that_share_a_guid_are_both_kept() -> None:
    memory = Memory()
    document = [entry(1, id="same"), entry(2, id="same")]
    assert outcomes(memory.poll(document)) == ["new", "new"]
    assert outcomes(memory.poll(document)) == ["unchanged", "unchanged"]
    assert outcomes(memory.poll([entry(3, id="same"), entry(2, id="same")])) == ["new", "unchanged"]
    assert outcomes(memory.poll([entry(3, id="same")])) == ["unchanged"]


def test_a_guid_that_is_used_again_for_another_item_does_not_hide_it() -> None:
    memory = Memory()
    memory.poll([entry(1, id="top")])
    assert outcomes(memory.poll([entry(2, id="top")])) == ["new"]
    assert outcomes(memory.poll([entry(2, id="top")])) == ["unchanged"]


def test_items_that_share_a_link_under_different_guids_and_titles_are_stable() -> None:
    memory = Memory()
    front = "https://ledger.example/live"
    document = [entry(1, url=front), entry(2, url=front)]
    assert outcomes(memory.poll(document)) == ["new", "new"]
    for _ in range(2):
        assert outcomes(memory.poll(document)) == ["unchanged", "unchanged"]
    assert outcomes(memory.poll(document[1:])) == ["unchanged"]
    assert outcomes(memory.poll([entry(3, url=front), *document])) == ["new", "unchanged", "unchanged"]


def test_items_that_all_link_to_the_front_page_without_guids_are_told_apart_by_their_headlines() -> None:
    memory = Memory()
    document = [entry(number, id=None, url="https://ledger.example/") for number in range(1, 4)]
    assert outcomes(memory.poll(document)) == ["new"] * 3
    assert outcomes(memory.poll(document)) == ["unchanged"] * 3


def test_a_page_that_links_one_article_under_two_headlines_has_one_article() -> None:
    memory = Memory()
    document = [entry(1, id=None), entry(2, id=None), entry(1, id=None, title="Most read: the harbour")]
    assert outcomes(memory.poll(document)) == ["new", "new", "unchanged"]
    assert outcomes(memory.poll(document)) == ["unchanged"] * 3
    assert not memory.revisions


def test_guids_that_change_at_every_fetch_add_nothing() -> None:
    memory = Memory()
    for fetch in range(3):
        memory.poll([entry(1, id=f"{fetch}-a"), entry(2, id=f"{fetch}-b")])
    assert len(memory.articles) == 2 and not memory.revisions


def test_tracking_parameters_that_change_at_every_fetch_add_nothing() -> None:
    memory = Memory()
    for fetch in range(3):
        told = [
            entry(1, id=None, url=f"https://ledger.example/a?utm_campaign={fetch}&sid=8fa{fetch}"),
            entry(2, id=None, url=f"https://ledger.example/b?sessionid={fetch}"),
        ]
        memory.poll(told)
    assert len(memory.articles) == 2 and not memory.revisions


def test_one_item_repeated_500_times_is_one_article() -> None:
    memory = Memory()
    verdicts = memory.poll([entry(1)] * 500)
    assert Counter(outcomes(verdicts)) == {"new": 1, "unchanged": 499}
    assert {verdict.of for verdict in verdicts} == {None}
    assert Counter(outcomes(memory.poll([entry(1)] * 500))) == {"unchanged": 500}


def test_of_two_readings_in_one_document_the_first_counts_at_every_poll() -> None:
    memory = Memory()
    document = [entry(1), entry(1, title="Another headline for the same link", id="ledger-1")]
    for _ in range(3):
        memory.poll(document)
    assert len(memory.articles) == 1 and not memory.revisions
    assert memory.articles[1].title == "Story number 1 of the harbour"


def test_a_repetition_lends_its_keys_to_the_first() -> None:
    memory = Memory()
    memory.poll([entry(1, id="a"), entry(1, id="b")])
    assert len(memory.articles) == 1
    assert outcomes(memory.poll([entry(1, id="b", url="https://ledger.example/moved/story-1")])) == [
        "unchanged"
    ]


def test_a_guid_with_an_agreeing_title_or_url_tail_survives_a_new_address() -> None:
    memory = Memory()
    memory.poll([entry(1), entry(2)])
    moved = [
        entry(1, url="https://ledger.example/new-place/12345"),
        entry(
            2,
            url="https://ledger.example/europe/story-2",
            title="A wholly different headline about the talks",
        ),
    ]
    assert outcomes(memory.poll(moved)) == ["unchanged", "revision"]
    assert outcomes(
        memory.poll([entry(2, url="https://ledger.example/europe/else", title="Another matter")])
    ) == ["new"]


def test_the_link_that_came_with_a_known_guid_finds_the_article_from_then_on() -> None:
    memory = Memory()
    memory.poll([entry(1)])
    memory.poll([entry(1, url="https://ledger.example/new-place/12345")])
    assert outcomes(memory.poll([entry(1, id=None, url="https://ledger.example/new-place/12345")])) == [
        "unchanged"
    ]
    assert len(memory.articles) == 1


def test_an_entry_with_a_usable_link_is_not_lost_behind_one_without() -> None:
    memory = Memory()
    assert outcomes(memory.poll([entry(1, url="javascript:alert(1)"), entry(1)])) == ["rejected", "new"]


def test_the_same_address_under_another_outlet_is_a_sighting() -> None:
    memory = Memory()
    memory.poll([entry(1)])
    seen = memory.poll(
        [entry(1, id="courier-9", title="What others say", summary="Elsewhere.")],
        feed=COURIER_FEED,
        source=COURIER,
    )
    assert (outcomes(seen), seen[0].of) == (["unchanged"], 1)
    assert memory.made == 0 and memory.articles[1].title == "Story number 1 of the harbour"
    memory.poll([entry(1)])
    assert memory.made == 0, "a sighting leaves the owner's fingerprint alone"


# --- what changed ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"title": "Story number 1 of the harbour: talks go on"}, "title"),
        ({"summary": "Something else entirely was told."}, "teaser"),
        ({"published": NOW - timedelta(minutes=20), "published_text": "later"}, "time"),
        ({"title": "New headline for the first story", "summary": "New teaser for it."}, "title, teaser"),
    ],
)
def test_a_changed_title_teaser_or_time_is_a_revision(change: dict[str, object], why: str) -> None:
    memory = Memory()
    memory.poll([entry(1), entry(2)])
    verdicts = memory.poll([entry(1, **change), entry(2)])
    assert outcomes(verdicts) == ["revision", "unchanged"]
    assert (verdicts[0].why, verdicts[0].of) == (why, 1)
    assert outcomes(memory.poll([entry(1, **change), entry(2)])) == ["unchanged", "unchanged"]
    assert len(memory.articles) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"title": "STORY  number 1 of the harbour…"},
        {"title": "<b>Story number 1</b> of the harbour"},
        {
            "summary": "What happened in story 1 was told on Friday by the people of the harbour. Continue reading..."
        },
        {"summary": "What happened in story 1 was told on Friday…"},
        {"summary": ""},
        {"published": NOW - timedelta(minutes=60, seconds=40), "published_text": "rounded"},
        {"published": None, "published_text": None},
        {"published": datetime(2999, 1, 1, tzinfo=UTC), "published_text": "2999"},
        {"published": datetime(2023, 10, 11), "published_precision": "day", "published_text": "11 Oct"},
        {"authors": ("Jo Roe",)},
        {"image": "https://ledger.example/a.jpg"},
    ],
)
def test_what_readers_would_not_notice_is_no_revision(change: dict[str, object]) -> None:
    memory = Memory()
    memory.poll([entry(1)])
    kept = memory.articles[1]
    assert outcomes(memory.poll([entry(1, **change)], now=NOW + timedelta(hours=1))) == ["unchanged"]
    assert replace(memory.articles[1], fingerprint=0) == replace(kept, fingerprint=0)
    memory.poll([entry(1, **change)], now=NOW + timedelta(hours=2))
    assert memory.made == 0, "the new reading is remembered, not compared again"


def test_a_revision_without_a_new_time_keeps_the_old_one() -> None:
    memory = Memory()
    memory.poll([entry(1)])
    revised = memory.poll([entry(1, title="A new headline", published=None)], now=NOW + timedelta(hours=5))[0]
    assert revised.article is not None
    assert revised.article.published_at == NOW - timedelta(hours=1)


@pytest.mark.parametrize(
    "broken",
    [
        "CafÃ© owners of MÃ¼nchen give up",
        "Caf\ufffd owners of M\ufffdnchen give up",
        "Cafï¿½ owners of Mï¿½nchen give up",
    ],
)
def test_a_version_in_a_broken_encoding_is_no_revision(broken: str) -> None:
    memory = Memory()
    memory.poll([entry(1, title="Café owners of München give up")])
    assert outcomes(memory.poll([entry(1, title=broken)])) == ["unchanged"]
    assert memory.articles[1].title == "Café owners of München give up"


def test_cyrillic_read_as_something_else_is_no_revision() -> None:
    memory = Memory()
    title = "Порт снова открыт, сообщает «ТАСС»"
    memory.poll([entry(1, title=title)])
    assert outcomes(memory.poll([entry(1, title=title.encode().decode("cp1251", "replace"))])) == [
        "unchanged"
    ]
    assert outcomes(memory.poll([entry(1, title="Порт СССР» и «ЕР» закрыт")])) == ["revision"]


def test_a_repaired_encoding_is_a_revision() -> None:
    memory = Memory()
    memory.poll([entry(1, title="CafÃ© owners of MÃ¼nchen give up")])
    assert outcomes(memory.poll([entry(1, title="Café owners of München give up")])) == ["revision"]


def test_a_feed_that_dates_every_entry_with_its_own_build_time_revises_nothing() -> None:
    memory = Memory()
    document = [entry(number) for number in range(1, 6)]
    memory.poll(document)
    built = NOW + timedelta(minutes=15)
    rebuilt = [replace(told, published=built, published_text="built 12:15") for told in document]
    assert outcomes(memory.poll(rebuilt, now=built)) == ["unchanged"] * 5
    assert not memory.revisions


def test_an_entry_that_lost_its_headline_or_link_is_a_sighting_of_the_article() -> None:
    memory = Memory()
    memory.poll([entry(1)])
    assert outcomes(memory.poll([entry(1, title="", summary="")])) == ["unchanged"]
    assert outcomes(memory.poll([entry(1, url="javascript:alert(1)")])) == ["unchanged"]
    assert memory.articles[1].title == "Story number 1 of the harbour"


# --- what does not come back -----------------------------------------------------------------------------------


def test_what_retention_took_does_not_come_back() -> None:
    memory = Memory()
    memory.poll([entry(1), entry(2)])
    memory.purge(1)
    verdicts = memory.poll([entry(1), entry(2), entry(1, title="With a new headline")])
    assert outcomes(verdicts) == ["rejected", "unchanged", "rejected"]
    assert verdicts[0].why == "purged earlier; does not come back"
    assert memory.made == 0


def test_a_purged_guid_alone_stops_nobody() -> None:
    memory = Memory()
    memory.poll([entry(1, id="top")])
    memory.purge(1)
    assert outcomes(memory.poll([entry(2, id="top")])) == ["new"]


def test_what_is_older_than_the_feeds_history_is_no_news() -> None:
    memory = Memory()
    old = entry(1, published=NOW - timedelta(days=400), published_text="last year")
    edge = NOW - timedelta(days=90)
    verdicts = memory.poll([old, entry(2)], not_before=edge)
    assert outcomes(verdicts) == ["rejected", "new"]
    assert verdicts[0].why == "published 2022-09-06: no news any more"
    assert memory.made == 1, "an archive is not cleaned at every poll"
    assert outcomes(memory.poll([replace(old, id="9")], not_before=None)) == ["new"]


def test_an_undated_or_misdated_entry_is_not_old() -> None:
    memory = Memory()
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    document = [entry(1, published=None, published_text=None), entry(2, published=epoch, published_text="0")]
    assert outcomes(memory.poll(document, not_before=NOW - timedelta(days=90))) == ["new", "new"]


def relaunched(number: int, **changes: object) -> Entry:
    """The same article after the outlet got a new publishing system."""
    return entry(
        number, id=f"urn:uuid:{number}", url=f"https://ledger.example/articles/{9_000 + number}", **changes
    )


def test_a_relaunch_with_new_addresses_and_ids_brings_nothing_twice() -> None:
    memory = Memory()
    memory.poll([entry(number) for number in range(1, 11)])
    verdicts = memory.poll([relaunched(11), *(relaunched(number) for number in range(1, 10))])
    assert outcomes(verdicts) == ["new"] + ["unchanged"] * 9
    assert [verdict.of for verdict in verdicts[1:]] == list(range(1, 10))
    assert outcomes(memory.poll([relaunched(12), relaunched(3)])) == ["new", "unchanged"]


def test_a_relaunch_leads_readers_to_the_new_addresses() -> None:
    memory = Memory()
    memory.poll([entry(number) for number in range(1, 11)])
    verdicts = memory.poll([relaunched(number) for number in range(1, 11)])
    assert {verdict.moved_to for verdict in verdicts} == {
        f"https://ledger.example/articles/{9_000 + number}" for number in range(1, 11)
    }


def test_a_relaunch_during_a_long_outage_brings_only_what_is_new() -> None:
    memory = Memory()
    memory.poll([entry(number) for number in range(1, 11)])
    verdicts = memory.poll([relaunched(number) for number in range(8, 18)])
    assert outcomes(verdicts) == ["unchanged"] * 3 + ["new"] * 7


def test_a_relaunch_that_reads_times_in_another_zone_brings_nothing_twice() -> None:
    memory = Memory()
    memory.poll(
        [entry(number, published=NOW - timedelta(hours=number)) for number in range(1, 21)], last_at=NOW
    )
    moved = [
        replace(relaunched(number), published=NOW - timedelta(hours=number - 5)) for number in range(6, 21)
    ]
    assert outcomes(memory.poll(moved, last_at=NOW)) == ["unchanged"] * 15


def test_a_relaunch_that_dates_everything_by_its_import_brings_nothing_twice() -> None:
    memory = Memory()
    memory.poll([entry(number, published=NOW - timedelta(hours=7 * number)) for number in range(1, 11)])
    imported = [
        relaunched(number, published=NOW + timedelta(days=1, seconds=number)) for number in range(1, 11)
    ]
    verdicts = memory.poll(imported, now=NOW + timedelta(days=1, hours=1), last_at=NOW)
    assert [verdict.of for verdict in verdicts] == list(range(1, 11))
    assert outcomes(verdicts) == ["unchanged"] * 10


def test_a_feed_of_three_that_moved_whole_brings_nothing_twice() -> None:
    memory = Memory()
    memory.poll([entry(number) for number in (1, 2, 3)])
    assert outcomes(memory.poll([relaunched(number) for number in (1, 2, 3)])) == ["unchanged"] * 3
    memory.poll([entry(number) for number in (4, 5, 6)])
    assert outcomes(memory.poll([relaunched(4), entry(7), entry(8)])) == ["new"] * 3


SERIES = ["Weather for the northern isles", "Tide table of Port Amity", "Fish prices at the harbour auction"]


@pytest.mark.parametrize("apart", [timedelta(days=1), timedelta(hours=12), timedelta(days=7)])
def test_series_that_repeat_their_headlines_are_never_taken_for_a_relaunch(apart: timedelta) -> None:
    memory = Memory()
    titles = [f"{title}, {place}" for title in SERIES for place in ("east", "west")]
    for edition in range(4):
        at = NOW + edition * apart
        document = [
            entry(
                10 * edition + place,
                title=title,
                published=at - timedelta(minutes=place),
                published_text=str(at),
            )
            for place, title in enumerate(titles)
        ]
        assert outcomes(memory.poll(document, now=at, last_at=at - apart)) == ["new"] * 6


def test_what_retention_took_does_not_come_back_after_a_relaunch() -> None:
    memory = Memory()
    memory.poll([entry(number) for number in range(1, 11)])
    for number in range(1, 11):
        memory.purge(number)
    verdicts = memory.poll([relaunched(number) for number in range(6, 16)], last_at=NOW)
    assert outcomes(verdicts) == ["rejected"] * 5 + ["new"] * 5
    verdicts = memory.poll([relaunched(number) for number in range(6, 16)], last_at=NOW)
    assert outcomes(verdicts) == ["rejected"] * 5 + ["unchanged"] * 5


def test_a_purged_guid_counts_when_its_headline_was_purged_with_it() -> None:
    memory = Memory()
    memory.poll([entry(1)])
    memory.purge(1)
    (verdict,) = memory.poll([entry(1, url="https://ledger.example/elsewhere/1")])
    assert (verdict.outcome, verdict.why) == ("rejected", "purged earlier; does not come back")


def test_an_old_article_that_is_listed_again_is_no_news() -> None:
    memory = Memory()
    keep = NOW - timedelta(days=90)
    memory.poll([entry(number, published=NOW - timedelta(hours=number)) for number in range(1, 11)])
    again = entry(50, published=NOW - timedelta(days=40))
    late = entry(51, published=NOW - timedelta(days=9))
    fresh = [entry(number, published=NOW - timedelta(hours=number)) for number in range(1, 9)]
    verdicts = memory.poll([again, late, *fresh], not_before=keep, last_at=NOW - timedelta(hours=1))
    assert outcomes(verdicts) == ["rejected", "new"] + ["unchanged"] * 8
    assert "no news" in verdicts[0].why


def test_a_feed_that_shows_old_articles_may_bring_more_of_them() -> None:
    memory = Memory()
    keep = NOW - timedelta(days=90)
    memory.poll([entry(number, published=NOW - timedelta(days=10 * number)) for number in range(1, 9)])
    (verdict,) = memory.poll(
        [entry(50, published=NOW - timedelta(days=40))], not_before=keep, last_at=NOW - timedelta(hours=1)
    )
    assert verdict.outcome == "new"


def test_one_known_headline_at_a_new_address_is_another_article() -> None:
    memory = Memory()
    memory.poll([entry(number) for number in range(1, 11)])
    document = [relaunched(1), *(entry(number) for number in range(2, 11))]
    assert outcomes(memory.poll(document)) == ["new"] + ["unchanged"] * 9
    assert outcomes(memory.poll(document)) == ["unchanged"] * 10


def test_an_alias_finds_its_article_when_something_else_agrees() -> None:
    memory = Memory()
    memory.poll([entry(1)])
    alias = "https://ledger.example/short/1"
    memory.keys[identify.alias_key(alias).hash] = 1
    assert outcomes(memory.poll([entry(1, id=None, url=alias)])) == ["unchanged"]
    assert outcomes(memory.poll([entry(2, id=None, url=alias)])) == ["new"]
    assert outcomes(memory.poll([entry(2, id=None, url=alias)])) == ["unchanged"]


# --- single rules ----------------------------------------------------------------------------------------------


def bare(**changes: object) -> Identity:
    return replace(
        Identity(url=None, canonical_url=None, guid=None, title="", day="", fingerprint=0),
        **changes,  # type: ignore[arg-type]
    )


def test_an_entry_always_keeps_one_key_when_it_has_any() -> None:
    same = [bare(guid="1", title=words(count)) for count in (1, 3, 5)]
    for keys in identify.document_keys(same, source_id="ledger", feed_id=FEED.id):
        assert keys
    assert identify.keys_of(bare(), source_id="ledger", feed_id=FEED.id) == ()


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("“Talks” — go ON…", "talks go on"),
        ("2.5 m", "2 5 m"),
        ("cafe\u0301", "café"),
        ("STRASSE straße", "strasse strasse"),
        ("", ""),
    ],
)
def test_folding(text: str, folded: str) -> None:
    assert identify.fold(text) == folded


def test_two_feeds_of_one_outlet_that_cut_their_teasers_differently_do_not_revise_back_and_forth() -> None:
    sport = replace(FEED, url="https://ledger.example/sport/rss", id="ledger-sport")
    memory = Memory()
    memory.poll([entry(summary="The final was decided by a penalty in the last minute, and nobody minded.")])
    for _ in range(3):
        (there,) = memory.poll([entry(summary="Read how the final was decided.")], feed=sport)
        (here,) = memory.poll(
            [entry(summary="The final was decided by a penalty in the last minute, and nobody minded.")]
        )
        assert (there.outcome, there.of, here.outcome) == ("unchanged", 1, "unchanged")
    assert not memory.revisions


def test_a_feed_that_still_serves_an_article_takes_over_from_one_that_does_not() -> None:
    sport = replace(FEED, url="https://ledger.example/sport/rss", id="ledger-sport")
    memory = Memory()
    memory.poll([entry()])
    memory.articles[1] = replace(
        memory.articles[1], feed_id=""
    )  # as the store says once the first feed dropped it
    (verdict,) = memory.poll([entry(title="A headline that was changed later on")], feed=sport)
    assert (verdict.outcome, verdict.of) == ("revision", 1)

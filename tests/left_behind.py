"""A store that a process left behind, looked at without writing and without the program: what belongs together, and whether
all of it is there.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from aggregator.pipeline.poll import LEASE
from newsstand import Stand


class Left:
    """A store as a dead process left it, read without writing."""

    def __init__(self, database: Path) -> None:
        self._file = sqlite3.connect(f"file:{database}?mode=ro", uri=True)

    def close(self) -> None:
        self._file.close()

    def rows(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        return self._file.execute(statement, values).fetchall()

    def numbers(self, statement: str, *values: object) -> dict[str, int]:
        return dict(self._file.execute(statement, values).fetchall())

    def is_made(self) -> bool:
        return bool(self.rows("SELECT 1 FROM sqlite_master WHERE name = 'migration'"))

    def addresses(self) -> Counter[str]:
        return Counter(url for (url,) in self.rows("SELECT coalesce(canonical_url, url) FROM article"))

    def polled(self, at: int) -> dict[str, int]:
        """Address of each feed whose poll of that time is in the journal, and how many new articles it says."""
        return self.numbers(
            'SELECT feed.key, poll."new" FROM poll JOIN feed ON feed.id = poll.feed_id WHERE poll.at = ?', at
        )

    def damage(self, *, thorough: bool = False) -> list[str]:
        check = "integrity_check" if thorough else "quick_check"
        return [str(line) for (line,) in self.rows(f"PRAGMA {check}") if line != "ok"]

    def halves(self, *, purged: bool = False) -> Iterator[str]:
        """Whatever has only a part of what belongs to it, over the whole store.

        Args:
            purged: retention was at work: the keys of what it took stay.
        """
        for what, statement in _HALVES.items():
            if purged and what == "keys without an article":
                continue
            found = [row[0] for row in self.rows(statement)]
            if found:
                yield f"{what}: {found[:5]}"

    def halves_of(self, at: int) -> Iterator[str]:
        """Polls of a time without all of their articles or without the feed's new state, and the other way round."""
        polled = self.polled(at)
        states = self.numbers(
            "SELECT feed.key, feed_state.checked_at FROM feed_state JOIN feed ON feed.id = feed_state.feed_id"
        )
        for feed, checked_at in states.items():
            if (checked_at == at) != (feed in polled):
                yield f"{feed}: state of {checked_at}, poll {polled.get(feed)}"
        claims = self.rows(
            "SELECT feed.key, claimed_until FROM feed_state JOIN feed ON feed.id = feed_state.feed_id"
            " WHERE claimed_until IS NOT NULL"
        )
        for feed, until in claims:
            if feed in polled or until > at + LEASE.total_seconds():  # type: ignore[operator]
                yield f"{feed}: claimed until {until}, poll {polled.get(str(feed))}"
        new = self.numbers(
            "SELECT source.key, count(*) FROM article JOIN source ON source.id = article.source_id"
            " WHERE first_seen_at = ? GROUP BY 1",
            at,
        )
        said = self.numbers(
            'SELECT source.key, sum(poll."new") FROM poll JOIN feed ON feed.id = poll.feed_id'
            ' JOIN source ON source.id = feed.source_id WHERE poll.at = ? AND poll."new" > 0 GROUP BY 1',
            at,
        )
        if new != said:
            yield f"new articles {new}, as the journal says {said}"

    def unknown_documents(self, stand: Stand) -> Iterator[str]:
        """Feeds that would be asked only for what came after a document that is not stored."""
        stored = self.addresses()
        for feed, etag in self.rows("SELECT url, etag FROM feed_state WHERE etag IS NOT NULL"):
            missing = [item.url for item in stand.printed[str(etag)].items if item.url not in stored]
            if missing:
                yield f"{feed} {etag}: {missing[:5]}"


_CURSOR = "(SELECT coalesce(max(CAST(value AS INTEGER)), 0) FROM meta WHERE name = 'link_cursor')"
_HALVES = {
    "articles without a key": "SELECT id FROM article WHERE id NOT IN (SELECT article_id FROM key)",
    "keys without an article": "SELECT hash FROM key WHERE article_id NOT IN (SELECT id FROM article)",
    "articles that no feed showed": "SELECT id FROM article WHERE id NOT IN (SELECT article_id FROM sighting)",
    "sightings of nothing": "SELECT article_id FROM sighting WHERE article_id NOT IN (SELECT id FROM article)",
    "articles that no search finds": "SELECT id FROM article WHERE id NOT IN (SELECT id FROM search_docsize)",
    "search rows of nothing": "SELECT id FROM search_docsize WHERE id NOT IN (SELECT id FROM article)",
    "revisions of nothing": "SELECT article_id FROM revision WHERE article_id NOT IN (SELECT id FROM article)",
    "linked by halves": f"""SELECT id FROM article WHERE id <= {_CURSOR}
        AND (id NOT IN (SELECT article_id FROM feature) OR id NOT IN (SELECT article_id FROM story_member))""",
    "linked too early": f"""SELECT article_id FROM (SELECT article_id FROM feature UNION SELECT article_id
        FROM story_member UNION SELECT article_id FROM neighbours) WHERE article_id > {_CURSOR}""",
    "members of no story": "SELECT article_id FROM story_member WHERE story NOT IN (SELECT number FROM story)",
    "copies of no group": "SELECT article_id FROM copy_member WHERE group_id NOT IN (SELECT id FROM copy_group)",
    "copies of nothing": """SELECT a FROM copy_edge WHERE a NOT IN (SELECT id FROM article)
        OR b NOT IN (SELECT id FROM article)""",
    "features of nothing": "SELECT article_id FROM feature WHERE article_id NOT IN (SELECT id FROM article)",
    "neighbours of nothing": "SELECT article_id FROM neighbours WHERE article_id NOT IN (SELECT id FROM article)",
    "texts of nothing": "SELECT article_id FROM article_text WHERE article_id NOT IN (SELECT id FROM article)",
    "groups of one": "SELECT group_id FROM copy_member GROUP BY 1 HAVING count(*) < 2",
    "groups shown by a stranger": """SELECT id FROM copy_group WHERE representative_id NOT IN
        (SELECT article_id FROM copy_member WHERE group_id = copy_group.id)""",
    "ids that do not follow time": """SELECT id FROM (SELECT id, first_seen_at, max(first_seen_at) OVER
        (ORDER BY id ROWS UNBOUNDED PRECEDING) AS newest FROM article) WHERE first_seen_at < newest""",
    "ids given twice": """SELECT max(id) FROM article HAVING max(id) >
        (SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'newest_id')""",
}  # fmt: skip

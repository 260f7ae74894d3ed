"""Where data sets and models are kept: facts in SQLite, contents in files named by number."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from workbench.errors import NotFoundError
from workbench.servers import Server

_SCHEMA = """
CREATE TABLE IF NOT EXISTS datasets (
    id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, about TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS models (
    id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, about TEXT NOT NULL);
"""


class Store:
    """Rows of facts by name, in two tables: "datasets" and "models".

    Args:
        folder: Where the database and the files are; made where it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in ("datasets", "models"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        with self._connected() as connection:
            connection.executescript(_SCHEMA)

    def add(self, table: str, name: str, **about: Any) -> None:
        """Add a row.

        Raises:
            sqlite3.IntegrityError: There is one of that name.
        """
        with self._connected() as connection:
            connection.execute(
                f"INSERT INTO {table} (name, about) VALUES (?, ?)",  # noqa: S608 - ours
                (name, json.dumps(about)),
            )

    def get(self, table: str, name: str) -> dict[str, Any]:
        """The facts of a row.

        Raises:
            NotFoundError: There is none of that name.
        """
        with self._connected() as connection:
            row = connection.execute(
                f"SELECT id, about FROM {table} WHERE name = ?",  # noqa: S608 - ours
                (name,),
            ).fetchone()
        if row is None:
            msg = f"There is no {table.removesuffix('s')} named {name!r}."
            raise NotFoundError(msg)
        return {"id": row[0], "name": name, **json.loads(row[1])}

    def update(self, table: str, name: str, **about: Any) -> None:
        """Change facts of a row; the others stay."""
        with self._connected() as connection:
            connection.execute(
                f"UPDATE {table} SET about = json_patch(about, ?) WHERE name = ?",  # noqa: S608
                (json.dumps(about), name),
            )

    def all(self, table: str) -> list[dict[str, Any]]:
        """The facts of all rows, oldest first."""
        with self._connected() as connection:
            rows = connection.execute(
                f"SELECT id, name, about FROM {table} ORDER BY id"  # noqa: S608 - ours
            ).fetchall()
        return [{"id": row[0], "name": row[1], **json.loads(row[2])} for row in rows]

    def path(self, table: str, name: str, suffix: str) -> Path:
        """The file of a row; its name is a number, whatever the row is called."""
        return self._folder / table / f"{self.get(table, name)['id']}{suffix}"

    def server(self) -> Server:
        """This process, as others that share the store see it."""
        return Server(self._folder)

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._folder / "workbench.db", timeout=10)
        try:
            with connection:
                yield connection
        finally:
            connection.close()

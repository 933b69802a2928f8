"""Watches the transactions of one request: what was committed before anything in the audit trail told of it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import connection

_WRITE: Final = re.compile(r'^\s*(?:INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM)\s+"(\w+)"', re.IGNORECASE)
TRAIL: Final = "accounts_auditentry"
# What is no act: the key itself, when a token was used, and word for open pages.
_BESIDE: Final = frozenset(
    {"accounts_keptanswer", "accounts_apitoken:used", "systems_changeevent", "systems_networksettings:made"}
)


@dataclass
class Transactions:
    """The tables that each committed transaction wrote to. A test's own transaction counts as none."""

    committed: list[set[str]] = field(default_factory=list)
    _open: list[set[str]] = field(default_factory=list)

    @property
    def unaudited(self) -> set[str]:
        """What stood in the database before, or without, a row of the audit trail: done again after a kill."""
        found: set[str] = set()
        for tables in self.committed:
            if TRAIL in tables:
                break
            found |= tables - _BESIDE
        return found

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        result = execute(sql, params, many, context)
        if sql.startswith("SAVEPOINT"):
            self._open.append(set())
        elif sql.startswith("ROLLBACK TO SAVEPOINT"):
            self._open[-1].clear()
        elif sql.startswith("RELEASE SAVEPOINT"):
            self._write(self._open.pop())
        elif (found := _WRITE.match(sql)) and (sql.startswith("INSERT") or context["cursor"].rowcount):
            table = found[1]
            if table == "accounts_apitoken" and "last_used_at" in sql and sql.startswith("UPDATE"):
                table += ":used"
            if table == "systems_networksettings" and sql.startswith("INSERT"):
                table += ":made"
            self._write({table})
        return result

    def _write(self, tables: set[str]) -> None:
        if self._open:
            self._open[-1] |= tables
        elif tables:
            self.committed.append(tables)


@contextmanager
def watched() -> Iterator[Transactions]:
    """Watch what happens meanwhile on this thread's connection; nothing is seen in a test without a transaction."""
    found = Transactions()
    if not connection.in_atomic_block:
        yield found
        return
    with connection.execute_wrapper(found):
        yield found

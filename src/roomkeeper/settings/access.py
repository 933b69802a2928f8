"""Whether this process only looks at the installation: said before Django reads its settings."""

from pathlib import Path
from urllib.parse import quote

_reads_only = False


def read_only() -> None:
    """From now on this process opens the embedded database for reading alone, and makes no file."""
    global _reads_only
    _reads_only = True


def reads_only() -> bool:
    """Whether it does."""
    return _reads_only


def sqlite_address(database: Path) -> str:
    """The embedded database, opened without writing. Without a log beside it nobody has it open, and SQLite would make
    one merely to read; where there is a log, what it holds is read, too."""
    log = database.with_name(f"{database.name}-wal")
    return f"file:{quote(str(database))}?" + ("mode=ro" if log.exists() else "mode=ro&immutable=1")

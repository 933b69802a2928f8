"""Does a connection pool stand before PostgreSQL that gives each transaction another session?

The server needs sessions: its lock for migrations and the durable engine's notifications belong to one. PgBouncer with
`pool_mode = session` is fine.
"""

import psycopg

from roomkeeper.installation.belonging import InstallationRefused
from roomkeeper.words import gettext as _

ROUNDS = 3


def require_sessions(url: str) -> None:
    """Raise `InstallationRefused` where transactions of one connection go to different sessions. Raises
    `psycopg.OperationalError` where the database cannot be reached."""
    with psycopg.connect(url, autocommit=True) as first:
        # A pooler invents the process id that it tells at the start; PostgreSQL itself tells the session's own.
        if _session(first) == first.info.backend_pid:
            return
        with psycopg.connect(url, autocommit=True) as second:
            for _rest in range(ROUNDS):
                if _is_shared(first, second):
                    raise InstallationRefused(
                        _(
                            "There is a connection pool between this server and PostgreSQL that gives each "
                            "transaction another session, such as PgBouncer with pool_mode = transaction. Set "
                            "pool_mode = session for this database, or have database_url name PostgreSQL itself."
                        )
                    )


def _is_shared(first: psycopg.Connection, second: psycopg.Connection) -> bool:
    """Whether a session that the first connection had is given to the second, or to nobody in particular."""
    before = _session(first)
    try:
        with second.transaction():
            other = _session(second)
            # The first one's session is in the second one's hands now, if it is anybody's.
            after = _session(first)
    except psycopg.DatabaseError as error:
        if "statement pooling" in str(error):
            return True
        raise
    return before != after or before == other


def _session(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT pg_backend_pid()", prepare=False).fetchone()
    return int(row[0]) if row else 0

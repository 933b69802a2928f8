"""What every session with PostgreSQL is told at its beginning: to read what is committed, whatever the database or the
account has as its default. Retries are written for no other isolation."""

from typing import Any, Final

from django.db import connection
from django.db.backends.signals import connection_created

READ_COMMITTED: Final = "read committed"
# As settings name it to PostgreSQL.
APPLICATION: Final = "roomkeeper"


def begin(connection: Any, **_: Any) -> None:
    """Django's own setting holds within transactions alone; a single statement goes by the session's default."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED")


def register() -> None:
    """Have it told to every session from now on."""
    connection_created.connect(begin, dispatch_uid="roomkeeper.installation.sessions")


def isolation() -> str:
    """How our own session reads, in PostgreSQL's words; the embedded database knows one way only."""
    if connection.vendor != "postgresql":
        return READ_COMMITTED
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_isolation")
        return str(cursor.fetchone()[0])


def are_others() -> bool:
    """Whether another session of this product is open on the same database: a process of the server, on whichever
    machine. Of the embedded database that is not known here."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
                AND application_name = %s AND pid <> pg_backend_pid())
            """,
            [APPLICATION],
        )
        return bool(cursor.fetchone()[0])

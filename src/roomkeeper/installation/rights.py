"""What PostgreSQL has to grant: a database in UTF-8, and schemas that we may make or use. Only looks."""

from typing import Final

from django.db import connection

from roomkeeper.installation.belonging import InstallationRefused
from roomkeeper.words import gettext as _

# The durable engine's own schema (ADR 0008).
ENGINE_SCHEMA: Final = "dbos"


def require_usable() -> None:
    """Raise `InstallationRefused` with what is wrong with the database, where something is."""
    if found := complaint():
        raise InstallationRefused(found)


def complaint() -> str:
    """What keeps this server from working on the database that it is connected to, with what to do; "" where nothing
    does."""
    return judge(*_ask()) if connection.vendor == "postgresql" else ""


def judge(name: str, encoding: str, may_create: bool, schema: str | None, may_use: bool) -> str:
    """The same by what the database says of itself. Pure."""
    if encoding != "UTF8":
        return _(
            "The database {name} is in {encoding}, which cannot store every name. Create "
            "another: CREATE DATABASE name OWNER account ENCODING 'UTF8' TEMPLATE template0, and "
            "name it in database_url.",
            name=name,
            encoding=encoding,
        )
    if schema is None and not may_create:
        return _(
            "This account may not create schemas in the database {name}, and the job engine "
            "needs one. GRANT CREATE ON DATABASE {name} TO the account, or CREATE SCHEMA "
            "{engine_schema} AUTHORIZATION the account.",
            name=name,
            engine_schema=ENGINE_SCHEMA,
        )
    if schema is not None and not may_use:
        return _(
            "This account may not use the schema {engine_schema} of the job engine. GRANT USAGE, "
            "CREATE ON SCHEMA {engine_schema} TO the account.",
            engine_schema=ENGINE_SCHEMA,
        )
    return ""


def _ask() -> tuple[str, str, bool, str | None, bool]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT current_database(), current_setting('server_encoding'),
                has_database_privilege(current_database(), 'CREATE'),
                (SELECT nspname FROM pg_namespace WHERE nspname = %s),
                COALESCE((SELECT has_schema_privilege(oid, 'USAGE') AND has_schema_privilege(oid, 'CREATE')
                    FROM pg_namespace WHERE nspname = %s), FALSE)
            """,
            [ENGINE_SCHEMA, ENGINE_SCHEMA],
        )
        name, encoding, may_create, schema, may_use = cursor.fetchone()
    return str(name), str(encoding), bool(may_create), schema, bool(may_use)

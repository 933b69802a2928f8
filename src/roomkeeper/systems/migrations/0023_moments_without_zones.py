"""Moments that our own statements wrote on SQLite with their zone, which is UTC, are kept without one, as all others."""

from django.db import migrations

COLUMNS = {
    "systems_timelineentry": ("last_at",),
    "systems_configurationversion": ("last_at", "read_at"),
    "systems_contact": (
        "first_seen_at",
        "last_seen_at",
        "next_contact_due_at",
        "overdue_at",
        "configuration_at",
        "status_at",
        "documents_asked_at",
    ),
}


def drop_zones(apps, schema_editor):
    """Nothing to do where the database knows moments."""
    if schema_editor.connection.vendor != "sqlite":
        return
    for table, columns in COLUMNS.items():
        for column in columns:
            schema_editor.execute(
                f"UPDATE {table} SET {column} = substr({column}, 1, length({column}) - 6) "
                f"WHERE {column} LIKE '%+00:00'"
            )


class Migration(migrations.Migration):
    dependencies = [("systems", "0022_phone_books")]

    operations = [migrations.RunPython(drop_zones, migrations.RunPython.noop)]

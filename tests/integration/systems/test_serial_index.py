"""Serial numbers without letter case (rule R3): the index is used where posts look, and the migration parts doubles."""

import importlib

import pytest
from django.apps import apps
from django.db import connection, transaction
from tests.integration.provisioning.conftest import NOW

from roomkeeper.systems.check_ins import roster, statements
from roomkeeper.systems.inventory import root_folder
from roomkeeper.systems.models import Contact, State, System

MANY = 3_000
UNIQUE = "one_admitted_system_a_serial_number"


@pytest.fixture
def many(db: None) -> None:
    folder = root_folder()
    made = System.objects.bulk_create(
        System(
            name=f"Room {number}",
            folder=folder,
            state=State.MANAGED,
            serial_number=f"FTT{number:08d}",
            mac_address=f"0000{number:08X}",
        )
        for number in range(MANY)
    )
    Contact.objects.bulk_create(Contact(system=system) for system in made)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def test_posts_find_systems_by_serial_number_through_the_index(
    many: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EXPLAIN of the statement itself, as it goes to the database."""
    plans: list[str] = []
    run = statements.execute

    def explaining(sql: str, parameters: list[object]) -> list[statements.Row]:
        if "UPPER(s.serial_number)" in sql:
            how = "EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN "
            plans.extend(str(row) for row in run(how + sql, parameters))
        return run(sql, parameters)

    monkeypatch.setattr(roster.statements, "execute", explaining)
    found = roster.Roster(NOW)
    with transaction.atomic():
        found.load_claims({"ftt00000007"}, {"000000000009"})
    assert sorted(known.serial_number for known in found.by_id.values()) == ["FTT00000007", "FTT00000009"]
    plan = "\n".join(plans)
    assert "systems_by_any_serial_number" in plan or UNIQUE in plan, plan
    assert "Seq Scan on systems_system s" not in plan
    assert "SCAN s\n" not in plan + "\n", plan


def test_the_migration_parts_systems_whose_serial_numbers_differ_in_case_alone(db: None) -> None:
    """With the index taken away, as it was before: what is left fits the index again."""
    unique = next(one for one in System._meta.constraints if one.name == UNIQUE)
    create = str(unique.create_sql(System, connection.SchemaEditorClass(connection, collect_sql=True)))
    folder = root_folder()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {UNIQUE}")
    rows = [
        ("ftt1830abcd", State.PENDING, ""),
        ("FTT1830ABCD", State.MANAGED, "Behind the stage."),
        ("ftt1830abcd", State.MANAGED, "Second rack."),
        ("Ftt1830Abcd", State.IGNORED, ""),
        ("FTT1830ABCE", State.MANAGED, ""),
        ("", State.MANAGED, ""),
        ("", State.MANAGED, ""),
    ]
    made = [
        System.objects.create(name=f"Room {n}", folder=folder, serial_number=serial, state=state, notes=notes)
        for n, (serial, state, notes) in enumerate(rows)
    ]
    module = importlib.import_module("roomkeeper.systems.migrations.0021_network_cards_and_codes")
    module.tell_apart(apps, None)
    for system in made:
        system.refresh_from_db()
    assert [system.serial_number for system in made] == [
        "ftt1830abcd",
        "FTT1830ABCD",
        "",
        "",
        "FTT1830ABCE",
        "",
        "",
    ]
    assert made[1].notes == "Behind the stage."
    assert made[2].notes.startswith("Second rack.\nSerial number ftt1830abcd: taken out")
    assert made[3].notes.startswith("Serial number Ftt1830Abcd: taken out")
    connection.check_constraints()  # PostgreSQL makes no index while checks are pending
    with connection.cursor() as cursor:
        cursor.execute(create)

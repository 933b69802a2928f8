"""Phone books of yesterday's version are found in today's."""

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from roomkeeper.phonebooks import dialling, searching
from roomkeeper.phonebooks.models import Contact, PhoneBook, Source
from roomkeeper.phonebooks.searching import Scope
from roomkeeper.systems import inventory
from roomkeeper.systems.models import Folder


def test_entries_of_before_are_found_by_the_words_in_order(transactional_db: None) -> None:
    executor = MigrationExecutor(connection)
    latest = executor.loader.graph.leaf_nodes()
    root = inventory.root_folder()
    before = [("phonebooks", "0003_dialled_addresses"), *(one for one in latest if one[0] != "phonebooks")]
    try:
        executor.migrate(before)
        old = executor.loader.project_state(before).apps
        book = old.get_model("phonebooks", "PhoneBook").objects.create(
            name="Old", path="/1/", folder_id=root.pk
        )
        source = old.get_model("phonebooks", "Source").objects.create(book=book, kind="manual", name="typed")
        old.get_model("phonebooks", "Contact").objects.bulk_create(
            old.get_model("phonebooks", "Contact")(
                source=source,
                number=number,
                key=str(number),
                name=f"Müller {number}",
                sort_name=f"muller {number}",
                methods=[["sip", f"m{number}@example.org", ""]],
                dial_key=f"m{number}@example.org",
                protocols=dialling.SIP,
            )
            for number in range(1, 1_202)
        )
        MigrationExecutor(connection).migrate(latest)
        where = Scope(((source.pk, 0),), dialling.ALL)
        assert searching.count(where, "mueller") >= 1_000
        assert [one.name for one in searching.search(where, "1201 muell", 10)] == ["Müller 1201"]
        assert searching.search(where, "m77@example.org", 10)[0].name == "Müller 77"
    finally:
        MigrationExecutor(connection).migrate(latest)
        Contact.objects.all().delete()
        Source.objects.all().delete()
        PhoneBook.objects.all().delete()
        Folder.objects.all().delete()

from django.db import migrations, models

_TABLE = "phonebooks_word"
_CREATE = {
    "sqlite": (
        f"CREATE TABLE {_TABLE} (source_id integer NOT NULL, kind integer NOT NULL, word text NOT NULL,"
        " sort_name text NOT NULL, number integer NOT NULL, contact_id integer NOT NULL,"
        " PRIMARY KEY (source_id, kind, word, sort_name, number, contact_id)) WITHOUT ROWID"
    ),
    # As Python compares texts, so that ranges and marks of pages mean the same everywhere.
    "postgresql": (
        f'CREATE TABLE {_TABLE} (source_id bigint NOT NULL, kind smallint NOT NULL, word text COLLATE "C" NOT NULL,'
        ' sort_name text COLLATE "C" NOT NULL, number bigint NOT NULL, contact_id bigint NOT NULL,'
        " PRIMARY KEY (source_id, kind, word, sort_name, number, contact_id))"
    ),
}
_AT_ONCE = 500


def _make(apps, schema_editor):
    schema_editor.execute("DROP TABLE IF EXISTS phonebooks_index")
    schema_editor.execute(_CREATE[schema_editor.connection.vendor])


def _unmake(apps, schema_editor):
    schema_editor.execute(f"DROP TABLE {_TABLE}")


def _fill(apps, schema_editor):
    from roomkeeper.phonebooks import index, words

    contacts = apps.get_model("phonebooks", "Contact").objects.order_by("id")
    last = 0
    while part := list(contacts.filter(pk__gt=last)[:_AT_ONCE]):
        for one in part:
            one.words = words.words_of(one.name, [method[1] for method in one.methods], one.note)
        contacts.bulk_update(part, ["words"])
        index.add(part)
        last = part[-1].pk


class Migration(migrations.Migration):

    dependencies = [("phonebooks", "0003_dialled_addresses")]

    operations = [
        migrations.AddField("contact", "words", models.TextField(blank=True, default="")),
        migrations.RunPython(_make, _unmake),
        migrations.RunPython(_fill, migrations.RunPython.noop),
    ]

"""What pages noted of registering systems and of moves to Secure-Only has the words that programs note."""

from django.db import migrations

AT_ONCE = 5_000
WORDS = {"pre-register": "pre-register system", "try-again secure-only": "try again secure-only"}


def rename(apps, schema_editor):
    """Some rows at a time: a trail may be long."""
    entries = apps.get_model("accounts", "AuditEntry").objects.filter(object_kind="system")
    for old, new in WORDS.items():
        while keys := list(entries.filter(act=old).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
            entries.filter(act=old, pk__lte=keys[-1]).update(act=new)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_words_of_admission")]

    operations = [migrations.RunPython(rename, migrations.RunPython.noop)]

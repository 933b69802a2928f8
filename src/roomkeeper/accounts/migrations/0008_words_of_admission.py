"""What pages noted of admission has the words that programs note."""

from django.db import migrations

AT_ONCE = 5_000
WORDS = {
    "approve": "approve system",
    "readmit": "readmit system",
    "ignore": "ignore system",
    "block": "block system",
    "identity": "accept identity",
    "accept_key": "accept key",
}


def rename(apps, schema_editor):
    """Some rows at a time: a trail may be long."""
    entries = apps.get_model("accounts", "AuditEntry").objects.filter(object_kind="system")
    for old, new in WORDS.items():
        while keys := list(entries.filter(act=old).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
            entries.filter(act=old, pk__lte=keys[-1]).update(act=new)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_saved_views")]

    operations = [migrations.RunPython(rename, migrations.RunPython.noop)]

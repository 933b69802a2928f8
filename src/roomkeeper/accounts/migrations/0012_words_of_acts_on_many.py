"""What pages noted of acts on several systems has the words that such acts have now."""

from django.db import migrations

AT_ONCE = 5_000
# Noted once for all, with no object.
WORDS = {
    "folder systems": "move system",
    "tags systems": "tag system",
    "enforce systems": "enforce settings",
    "restart systems": "restart",
    "run command on systems": "run command",
}


def rename(apps, schema_editor):
    """Some rows at a time: a trail may be long."""
    entries = apps.get_model("accounts", "AuditEntry").objects.filter(object_kind="")
    for old, new in WORDS.items():
        while keys := list(entries.filter(act=old).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
            entries.filter(act=old, pk__lte=keys[-1]).update(act=new)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0011_words_of_records")]

    operations = [migrations.RunPython(rename, migrations.RunPython.noop)]

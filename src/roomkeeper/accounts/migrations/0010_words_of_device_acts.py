"""What was noted of acts that go to devices has the words that every route notes now."""

from django.db import migrations

AT_ONCE = 5_000
# By the kind of object that the trail names: an act on several names none, or their job.
WORDS = {
    "system": {
        "enforce": "enforce settings",
        "message": "show message",
        "standby": "put into standby",
        "wake": "wake up",
        "poll": "poll system",
        "poll systems": "poll system",
        "diagnose": "diagnose system",
    },
    "job": {"back-up systems": "back up systems", "log in to systems": "log in"},
}


def rename(apps, schema_editor):
    """Some rows at a time: a trail may be long."""
    entries = apps.get_model("accounts", "AuditEntry").objects
    for kind, words in WORDS.items():
        found = entries.filter(object_kind=kind)
        for old, new in words.items():
            while keys := list(found.filter(act=old).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
                found.filter(act=old, pk__lte=keys[-1]).update(act=new)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0009_words_of_adding")]

    operations = [migrations.RunPython(rename, migrations.RunPython.noop)]

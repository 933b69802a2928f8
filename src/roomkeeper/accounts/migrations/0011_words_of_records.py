"""What pages and programs noted of a system's record and contact has the one word of each act."""

from django.db import migrations

AT_ONCE = 5_000
WORDS = {
    "rename": "rename system",
    "folder": "move system",
    "tags": "set tags of system",
    "notes": "set notes of system",
    "delete": "delete system",
    "address": "set address of system",
    "trust": "set trust of system",
    "credentials": "set credentials of system",
    "login-again": "try login again",
    "connectivity": "set connectivity of system",
    "lock": "lock connectivity of system",
    "unlock": "unlock connectivity of system",
    "undo": "undo connectivity change",
    "rotate": "rotate secret",
    "secure-only-off": "turn Secure-Only off",
    "activation-code": "create activation code",
    "make activation code system": "create activation code",
}


def rename(apps, schema_editor):
    """Some rows at a time: a trail may be long."""
    entries = apps.get_model("accounts", "AuditEntry").objects.filter(object_kind="system")
    for old, new in WORDS.items():
        while keys := list(entries.filter(act=old).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
            entries.filter(act=old, pk__lte=keys[-1]).update(act=new)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0010_words_of_device_acts")]

    operations = [migrations.RunPython(rename, migrations.RunPython.noop)]

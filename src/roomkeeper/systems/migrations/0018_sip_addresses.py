"""Systems are looked for by their SIP address: it is taken from the status that each told last."""

import re

from django.db import migrations, models

AT_ONCE = 500
# As the status of TC, CE and RoomOS names it (protocol notes O); newer releases are learnt from what they post.
SIP_URI = re.compile(r"SIP(/Profile\[\d+\]|/Profile)?/Registration(\[\d+\])?/URI")


def take_from_status(apps, schema_editor):
    """Some at a time: a fleet may be large."""
    System = apps.get_model("systems", "System")
    documents = apps.get_model("systems", "StoredDocument").objects.filter(kind="status").order_by("pk")
    last = 0
    while True:
        rows = list(documents.filter(pk__gt=last).values_list("pk", "system_id", "facts")[:AT_ONCE])
        if not rows:
            return
        last = rows[-1][0]
        found = []
        for _, system_id, facts in rows:
            uri = next((value for path, value in facts.items() if value and SIP_URI.fullmatch(path)), "")
            if uri:
                found.append(System(pk=system_id, sip_uri=uri[:255]))
        System.objects.bulk_update(found, ["sip_uri"])


class Migration(migrations.Migration):
    dependencies = [("systems", "0017_told_and_in_call")]

    operations = [
        migrations.AddField(
            model_name="system", name="sip_uri", field=models.CharField(blank=True, max_length=255)
        ),
        migrations.RunPython(take_from_status, migrations.RunPython.noop),
    ]

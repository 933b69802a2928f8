from django.db import migrations, models


def keep_calls(apps, _):
    """A system that was in a call when calls got their numbers stays in it until it tells anew, and is asked soon."""
    calling = apps.get_model("systems", "System").objects.filter(in_call=True, calls={})
    ids = list(calling.values_list("pk", flat=True))
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        calling.filter(pk__in=part).update(calls={"unnumbered": {"active": 1}})
        contacts = apps.get_model("systems", "Contact").objects.filter(system_id__in=part)
        contacts.update(status_at=None, documents_asked_at=None)


class Migration(migrations.Migration):
    dependencies = [
        ("systems", "0016_portions"),
    ]

    operations = [
        migrations.AddField(
            model_name="system",
            name="told_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.RunPython(keep_calls, migrations.RunPython.noop),
    ]

"""The audit trail notes where an act came from, and names the road of pages as the contract does."""

from django.db import migrations, models

AT_ONCE = 5_000


def name_pages(apps, schema_editor):
    """`web` becomes `page`, some rows at a time: a trail may be long."""
    entries = apps.get_model("accounts", "AuditEntry").objects
    while True:
        keys = list(entries.filter(road="web").order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
        if not keys:
            return
        entries.filter(road="web", pk__lte=keys[-1]).update(road="page")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_initial")]

    operations = [
        migrations.AddField(
            model_name="auditentry",
            name="source_address",
            field=models.CharField(blank=True, max_length=45, default=""),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="auditentry", name="road", field=models.CharField(max_length=8)
        ),
        migrations.RunPython(name_pages, migrations.RunPython.noop),
    ]

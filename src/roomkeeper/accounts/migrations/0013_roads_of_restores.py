"""What a restore noted as by the road of a job, which there is not, was done by the server."""

from django.db import migrations


def name_road(apps, schema_editor):
    """There are as many as there were restores."""
    apps.get_model("accounts", "AuditEntry").objects.filter(road="job").update(road="server")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0012_words_of_acts_on_many")]

    operations = [migrations.RunPython(name_road, migrations.RunPython.noop)]

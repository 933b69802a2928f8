"""A worker whose job engine cannot start says why."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One text column."""

    dependencies = [("jobs", "0002_jobs_and_workers")]

    operations = [
        migrations.AddField("worker", "problem", models.CharField(max_length=300, blank=True)),
    ]

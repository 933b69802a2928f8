"""The row by which a database knows its installation and its keys."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    """One table; its row is made by the first start that may."""

    initial = True
    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Installation",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("identity", models.CharField(max_length=32)),
                ("key_check", models.CharField(max_length=64)),
                ("sample", models.BinaryField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("last_backup_at", models.DateTimeField(null=True)),
            ],
        ),
    ]

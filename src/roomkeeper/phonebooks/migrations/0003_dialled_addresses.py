"""What became of calls to addresses in phone books."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("phonebooks", "0002_kinds_of_sources"),
    ]

    operations = [
        migrations.CreateModel(
            name="DialledAddress",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=255, unique=True)),
                ("calls", models.PositiveIntegerField(default=0)),
                ("connected", models.PositiveIntegerField(default=0)),
                ("last_at", models.DateTimeField()),
                ("last_cause", models.CharField(blank=True, max_length=100)),
                ("last_call", models.CharField(blank=True, max_length=64)),
            ],
            options={
                "verbose_name": "dialled address",
            },
        ),
    ]

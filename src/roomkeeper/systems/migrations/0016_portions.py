from typing import Any

from django.db import migrations, models

# The columns of the one row of settings, and what the portions are called.
_MOVED = {"marked_up_to": "marked", "compared_up_to": "compared"}


def _move(apps: Any, editor: Any) -> None:
    """What was under way goes on where it was."""
    portions = apps.get_model("systems", "Portion").objects
    for settings in apps.get_model("systems", "NetworkSettings").objects.all():
        for column, name in _MOVED.items():
            if (up_to := getattr(settings, column)) is not None:
                portions.update_or_create(name=name, defaults={"up_to": up_to})


class Migration(migrations.Migration):
    dependencies = [
        ("systems", "0015_no_alternate_address"),
    ]

    operations = [
        migrations.CreateModel(
            name="Portion",
            fields=[
                ("name", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("up_to", models.BigIntegerField()),
            ],
        ),
        migrations.RunPython(_move, migrations.RunPython.noop),
        migrations.RemoveField(model_name="networksettings", name="marked_up_to"),
        migrations.RemoveField(model_name="networksettings", name="compared_up_to"),
        migrations.AlterField(
            model_name="networksettings",
            name="feedback_slot",
            field=models.PositiveIntegerField(default=3),
        ),
        migrations.AlterField(
            model_name="networksettings",
            name="maintenance_window",
            field=models.CharField(blank=True, default="Mon-Sun 20:00-06:00", max_length=200),
        ),
        migrations.AlterField(
            model_name="networksettings",
            name="time_zone",
            field=models.CharField(blank=True, default="UTC", max_length=64),
        ),
    ]

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("systems", "0013_clock_offset"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="networksettings",
            name="alternate_address",
        ),
    ]

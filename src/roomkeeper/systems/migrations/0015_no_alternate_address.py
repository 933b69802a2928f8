from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("systems", "0014_daily_amounts"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="networksettings",
            name="alternate_address",
        ),
    ]

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("systems", "0012_posts_resumed"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="networksettings",
            name="alternate_address",
        ),
    ]

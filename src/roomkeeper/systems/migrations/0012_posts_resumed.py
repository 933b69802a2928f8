from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("systems", "0011_inbox_shares"),
    ]

    operations = [
        migrations.AddField(
            model_name="networksettings",
            name="posts_resumed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]

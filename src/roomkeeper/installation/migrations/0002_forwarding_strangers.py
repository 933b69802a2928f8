"""Who sends forwarding headers and is not trusted: seen by one process, told by all."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One small table."""

    dependencies = [("installation", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="ForwardingStranger",
            fields=[
                ("source", models.CharField(max_length=45, primary_key=True, serialize=False)),
                ("seen_at", models.DateTimeField()),
            ],
        ),
    ]

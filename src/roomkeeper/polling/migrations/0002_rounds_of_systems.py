from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("polling", "0001_initial"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="poll",
            name="rounds",
        ),
    ]

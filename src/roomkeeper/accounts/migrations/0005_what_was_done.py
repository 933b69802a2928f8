from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_sign_in_tries"),
    ]

    operations = [
        migrations.AddField(
            model_name="keptanswer",
            name="worker",
            field=models.CharField(blank=True, max_length=255, default=""),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="auditentry",
            name="kept_answer_id",
            field=models.BigIntegerField(db_index=True, null=True),
        ),
    ]

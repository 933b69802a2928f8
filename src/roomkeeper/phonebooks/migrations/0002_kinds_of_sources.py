import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("phonebooks", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="source", name="failures", field=models.PositiveSmallIntegerField(default=0)
        ),
        migrations.AddField(model_name="source", name="is_on", field=models.BooleanField(default=True)),
        migrations.AddField(model_name="source", name="is_to_stop", field=models.BooleanField(default=False)),
        migrations.AddField(
            model_name="source", name="mapping", field=models.JSONField(blank=True, default=list)
        ),
        migrations.AddField(model_name="source", name="may_shrink", field=models.BooleanField(default=False)),
        migrations.AddField(
            model_name="source", name="memory", field=models.JSONField(blank=True, default=dict)
        ),
        migrations.AddField(
            model_name="source", name="reading_at", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddField(
            model_name="source", name="records_read", field=models.PositiveIntegerField(default=0)
        ),
        migrations.AddField(
            model_name="source", name="secrets_ciphertext", field=models.BinaryField(blank=True, default=b"")
        ),
        migrations.AddField(
            model_name="source", name="warnings", field=models.JSONField(blank=True, default=list)
        ),
        migrations.AlterField(
            model_name="source",
            name="book",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="sources",
                to="phonebooks.phonebook",
            ),
        ),
    ]

"""Other network cards, activation codes, and serial numbers that are unique without letter case (rules R3, R4)."""

import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


def tell_apart(apps, schema_editor):
    """Of systems whose serial numbers differ in letter case alone the oldest keeps it; the others note theirs."""
    System = apps.get_model("systems", "System")
    seen = set()
    rows = System.objects.exclude(state="pending").exclude(serial_number="").order_by("pk")
    for pk, serial_number, notes in rows.values_list("pk", "serial_number", "notes").iterator(2_000):
        key = serial_number.upper()
        if key not in seen:
            seen.add(key)
            continue
        line = f"Serial number {serial_number}: taken out, because another system has it in other letters."
        System.objects.filter(pk=pk).update(serial_number="", notes=f"{notes}\n{line}".strip())


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("systems", "0020_contactable_networks"),
    ]

    operations = [
        migrations.CreateModel(
            name="ActivationCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.BinaryField(max_length=32, unique=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(null=True)),
                ("used_source", models.CharField(blank=True, max_length=64)),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "system",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="activation_code",
                        to="systems.system",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="NetworkCard",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("mac_address", models.CharField(db_index=True, max_length=12)),
                ("first_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "system",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="cards", to="systems.system"
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="networkcard",
            constraint=models.UniqueConstraint(
                fields=("system", "mac_address"), name="a_card_of_a_system_is_one_row"
            ),
        ),
        migrations.RunPython(tell_apart, migrations.RunPython.noop),
        migrations.RemoveConstraint(model_name="system", name="one_admitted_system_a_serial_number"),
        migrations.AddIndex(
            model_name="system",
            index=models.Index(
                django.db.models.functions.text.Upper("serial_number"), name="systems_by_any_serial_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="system",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Upper("serial_number"),
                condition=models.Q(("serial_number", ""), _negated=True) & models.Q(("state", "pending"), _negated=True),
                name="one_admitted_system_a_serial_number",
            ),
        ),
    ]

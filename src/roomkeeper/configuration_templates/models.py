"""Templates: named settings and commands, every version of them, and what they are assigned to."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from roomkeeper.provisioning.sources import Enforcement
from roomkeeper.systems.models import Folder, System


def move_up(collector: Any, field: Any, templates: Any, using: str) -> None:
    """What becomes of the templates of a folder that is deleted: they belong to the folder above, whose systems they
    do not touch before somebody says so."""
    first_contact = ConfigurationTemplate._meta.get_field("is_first_contact")
    for template in templates:
        collector.add_field_update(field, template.folder.parent, [template])
        collector.add_field_update(first_contact, False, [template])
    collector.collect(TemplateAssignment.objects.filter(template__in=[one.pk for one in templates]))


class ConfigurationTemplate(models.Model):
    """A template. It concerns no system outside its folder, so whoever may change settings there may change it.

    `newest` is the number of the version in force. A first-contact template is applied once to systems that are
    admitted into its folder, of the families listed (of all where none is).
    """

    name = models.CharField(max_length=100)
    description = models.TextField(blank=True)
    folder = models.ForeignKey(Folder, on_delete=move_up, related_name="configuration_templates")
    enforcement = models.CharField(
        max_length=12,
        choices=[(word.value, word.value) for word in Enforcement],
        default=Enforcement.AUTOMATIC.value,
    )
    is_first_contact = models.BooleanField(default=False)
    families = models.JSONField(default=list, blank=True)
    newest = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name"], name="template_names_differ")]

    def __str__(self) -> str:
        return self.name


class TemplateVersion(models.Model):
    """What a template held from some moment on; versions are never changed.

    `settings` are `{"path", "value"}` in order, a secret's value null and in `secrets_ciphertext` (encrypted JSON,
    match key to value; without an entry it was never typed). `commands` are `{"command", "arguments", "body"}`,
    arguments as `[name, value]` or `[name, [value, …]]`.
    """

    template = models.ForeignKey(ConfigurationTemplate, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    settings = models.JSONField(default=list)
    commands = models.JSONField(default=list)
    secrets_ciphertext = models.BinaryField(default=bytes, blank=True)
    note = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["template", "number"], name="template_versions_count")]

    def __str__(self) -> str:
        return f"{self.template} v{self.number}"


class TemplateAssignment(models.Model):
    """To what a template is assigned: a system, a tag (by its word) or a folder with all below it.

    Of several on one system the most exact wins: system, tag, nearer folder; then the lower `order`, then the older.
    """

    template = models.ForeignKey(ConfigurationTemplate, on_delete=models.CASCADE, related_name="assignments")
    system = models.ForeignKey(
        System, on_delete=models.CASCADE, null=True, related_name="template_assignments"
    )
    tag = models.CharField(max_length=50, blank=True)
    folder = models.ForeignKey(
        Folder, on_delete=models.CASCADE, null=True, related_name="template_assignments"
    )
    order = models.PositiveSmallIntegerField(default=100)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["template", "system"],
                condition=Q(system__isnull=False),
                name="template_once_a_system",
            ),
            models.UniqueConstraint(
                fields=["template", "tag"], condition=~Q(tag=""), name="template_once_a_tag"
            ),
            models.UniqueConstraint(
                fields=["template", "folder"],
                condition=Q(folder__isnull=False),
                name="template_once_a_folder",
            ),
            models.CheckConstraint(
                condition=Q(system__isnull=False, tag="", folder__isnull=True)
                | (Q(system__isnull=True, folder__isnull=True) & ~Q(tag=""))
                | Q(system__isnull=True, tag="", folder__isnull=False),
                name="template_assigned_to_one_thing",
            ),
        ]
        indexes = [models.Index(fields=["tag"], name="template_assignments_by_tag")]


class TemplateUse(models.Model):
    """That a template was applied once: by which version, when and by whom, as which change set."""

    template = models.ForeignKey(ConfigurationTemplate, on_delete=models.CASCADE, related_name="uses")
    number = models.PositiveIntegerField()
    change_set = models.ForeignKey(
        "provisioning.ChangeSet", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    systems = models.PositiveIntegerField(default=0)
    commands = models.PositiveIntegerField(default=0)
    is_first_contact = models.BooleanField(default=False)
    used_at = models.DateTimeField(default=timezone.now)
    used_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["template", "-id"], name="template_uses_newest_first")]


class FirstContact(models.Model):
    """A system that began to be managed and whose first-contact templates are still to be applied."""

    system = models.OneToOneField(System, on_delete=models.CASCADE, primary_key=True, related_name="+")
    admitted_at = models.DateTimeField(db_index=True)

"""People, their roles on folders, API tokens, answers kept for repeated requests, and the audit trail."""

from datetime import datetime

from django.contrib.auth.models import AbstractUser, Group
from django.db import models
from django.utils import timezone

from roomkeeper.words import gettext as _


class User(AbstractUser):
    """A person or a service account that may sign in."""

    time_zone = models.CharField(max_length=64, default="UTC")
    is_service_account = models.BooleanField(default=False)
    must_change_password = models.BooleanField(default=False)
    # The token that a program came with, for as long as its request lasts.
    token_used: "ApiToken | None" = None


class Role(models.TextChoices):
    """What somebody is on a folder and everything below it; each includes the one before."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMINISTRATOR = "administrator"


class RoleAssignment(models.Model):
    """A role of one user or of one group on a folder, inherited by all folders below."""

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, blank=True, related_name="role_assignments"
    )
    group = models.ForeignKey(
        Group, on_delete=models.CASCADE, null=True, blank=True, related_name="role_assignments"
    )
    folder = models.ForeignKey("systems.Folder", on_delete=models.CASCADE, related_name="role_assignments")
    role = models.CharField(max_length=16, choices=Role.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "folder"], name="one_role_of_a_user_on_a_folder"),
            models.UniqueConstraint(fields=["group", "folder"], name="one_role_of_a_group_on_a_folder"),
            models.CheckConstraint(
                condition=models.Q(user__isnull=False, group__isnull=True)
                | models.Q(user__isnull=True, group__isnull=False),
                name="role_of_either_a_user_or_a_group",
            ),
        ]


class ApiToken(models.Model):
    """A token for programs; only its SHA-256 is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100, blank=True)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    # Read-only: refused for everything that changes something.
    is_read_only = models.BooleanField(default=False)
    # Ends with it, whether that expires or is deleted: whoever stole a token keeps nothing that was made with it.
    made_with = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="children")


class SignInTries(models.Model):
    """Wrong passwords in a row for one account from one source, and until when that locks it out there.

    `key` is the account's name, or a digest of what was typed where there is no such account.
    """

    key = models.CharField(max_length=150)
    source = models.CharField(max_length=45)
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    tried_at = models.DateTimeField(db_index=True)
    locked_until = models.DateTimeField(null=True, blank=True)
    # Tries while it was locked.
    refused = models.PositiveIntegerField(default=0)
    worked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "lock-out"
        constraints = [
            models.UniqueConstraint(fields=["key", "source"], name="tries_of_a_name_from_a_source")
        ]
        indexes = [models.Index(fields=["source", "tried_at"], name="tries_of_a_source")]

    def __str__(self) -> str:
        return _("{name} from {source}", name=self.name, source=self.source)

    @property
    def name(self) -> str:
        """The account's name."""
        return self.user.username if self.user is not None else _("(unknown name)")

    def is_locked(self, now: datetime) -> bool:
        """Whether it is locked out at that moment."""
        return self.locked_until is not None and self.locked_until > now


class KeptAnswer(models.Model):
    """The answer to a POST with an Idempotency-Key, given again when the same request is repeated."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    key = models.CharField(max_length=255)
    request_digest = models.CharField(max_length=64)
    status = models.IntegerField()
    body = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    # The process that is at work on it (`jobs.processes`).
    worker = models.CharField(max_length=255, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="one_answer_a_key")]


class AuditEntry(models.Model):
    """Who did what to which object, and from which source. Never holds a secret."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True)
    user_name = models.CharField(max_length=150)
    # page, api, cli, device or server (`actors.Road`).
    road = models.CharField(max_length=8)
    # Where the request came from; empty for the server's own acts.
    source_address = models.CharField(max_length=45, blank=True)
    act = models.CharField(max_length=64)
    object_kind = models.CharField(max_length=32)
    object_id = models.BigIntegerField(null=True)
    object_label = models.CharField(max_length=255, blank=True)
    details = models.JSONField(default=dict)
    # The `KeptAnswer` of its request: written with the act, so that it shows what a killed process has done.
    kept_answer_id = models.BigIntegerField(null=True, db_index=True)

    class Meta:
        indexes = [models.Index(fields=["object_kind", "object_id", "-id"], name="audit_by_object")]


class SavedView(models.Model):
    """A list as somebody likes to see it: filters, sort and columns under a name."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_views")
    # The plural of the declared subject.
    of_list = models.CharField(max_length=64)
    name = models.CharField(max_length=100)
    # As in the address of the page, without its question mark.
    query = models.TextField(blank=True)
    columns = models.JSONField(default=list, blank=True)
    is_shared = models.BooleanField(default=False)

    class Meta:
        verbose_name = "saved view"
        constraints = [models.UniqueConstraint(fields=["user", "of_list", "name"], name="one_view_a_name")]
        indexes = [models.Index(fields=["of_list", "name"], name="views_of_a_list")]

    def __str__(self) -> str:
        return self.name


class ListHabit(models.Model):
    """How somebody wants a list when nothing else is asked for: the columns, and the view it begins with."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    of_list = models.CharField(max_length=64)
    columns = models.JSONField(default=list, blank=True)
    first_view = models.ForeignKey(SavedView, on_delete=models.SET_NULL, null=True)
    # Folders that are open in the tree beside the list.
    # None: as it begins for everybody.
    open_folders = models.JSONField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "of_list"], name="one_habit_a_list")]

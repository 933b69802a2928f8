"""What the database says of the installation that it belongs to, and what its processes saw of their place."""

from django.db import models
from django.utils import timezone


class Installation(models.Model):
    """The installation's id, and by what its keys are known.

    `key_check` fits one digest key and one key of the pages; `sample` is the id, encrypted like every stored secret, so
    that it can be read with the encryption keys that can read the others.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    identity = models.CharField(max_length=32)
    key_check = models.CharField(max_length=64)
    sample = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now)
    # By `roomkeeper backup create`; what other tools copied is not known here.
    last_backup_at = models.DateTimeField(null=True)


class ForwardingStranger(models.Model):
    """An address that sent forwarding headers and is no trusted proxy, and when it last did."""

    source = models.CharField(max_length=45, primary_key=True)
    seen_at = models.DateTimeField()

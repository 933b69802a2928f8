"""Dry runs of acts that a plan cannot tell beforehand: they are done, looked at, and taken back."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction


@contextmanager
def trial(is_dry_run: bool) -> Iterator[None]:
    """One transaction for what is done inside; with `is_dry_run` nothing of it stays. For one item: it writes."""
    with transaction.atomic():
        yield
        if is_dry_run:
            transaction.set_rollback(True)

"""What an act on one system is made of; the acts stand in `system_acts` and `system_device_acts`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from roomkeeper.accounts.permissions import Permission
from roomkeeper.operations.subjects import Act as Declared
from roomkeeper.systems.models import System


@dataclass(frozen=True, slots=True)
class Act:
    """One act: who may, what is asked, what is done, and what is said afterwards (`{0}` is the system). Of one that is
    `declared` too, `run` gives what it takes."""

    permission: Permission
    title: str
    what: str
    undo: str
    button: str
    run: Callable[[HttpRequest, System], Any]
    done: str
    extra: str = ""
    tab: str = ""
    is_dangerous: bool = False
    needs_word: bool = False
    declared: Declared | None = None

"""What an act on one system is made of; the acts stand in `system_acts` and `system_device_acts`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from roomkeeper.accounts.permissions import Permission
from roomkeeper.systems.models import System


@dataclass(frozen=True, slots=True)
class Act:
    """One act: who may, what is asked, what is done, and what is said afterwards (`{0}` is the system)."""

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

"""Loading all that a running server will need of its package, so that replacing the package under it breaks nothing:
what is read on the first request would be the new release's, between modules of the old one."""

import importlib
import pkgutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from django.template import engines
from django.urls import URLResolver, get_resolver

import roomkeeper
from roomkeeper import web

# What a server never uses: programs on a shell, virtual endpoints, and what is done before it serves.
_LEFT_OUT: Final = ("roomkeeper.cli", "roomkeeper.virtual")
_MIGRATIONS: Final = "migrations"


def load_everything() -> int:
    """Import all modules, and read all templates; returns how many addresses there are."""
    _import_below(roomkeeper.__path__, "roomkeeper.")
    number = _addresses(get_resolver())
    for folder in web.__path__:
        templates = Path(folder) / "templates"
        for path in sorted(templates.rglob("*.html")):
            engines["django"].get_template(str(path.relative_to(templates)))
    return number


def _import_below(path: Iterable[str], prefix: str) -> None:
    for found in pkgutil.iter_modules(path, prefix):
        if found.name in _LEFT_OUT or found.name.endswith(f".{_MIGRATIONS}"):
            continue
        module = importlib.import_module(found.name)
        if found.ispkg:
            _import_below(module.__path__, f"{found.name}.")


def _addresses(resolver: URLResolver) -> int:
    return sum(
        _addresses(pattern) if isinstance(pattern, URLResolver) else 1 for pattern in resolver.url_patterns
    )

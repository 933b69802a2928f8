"""Loading all that a running server will need of its package, so that replacing the package under it breaks nothing:
what is read on the first request would be the new release's, between modules of the old one."""

from pathlib import Path

from django.template import engines
from django.urls import URLResolver, get_resolver

from roomkeeper import web


def load_everything() -> int:
    """Import the modules of all addresses and read all templates; returns how many addresses there are."""
    number = _addresses(get_resolver())
    for folder in web.__path__:
        templates = Path(folder) / "templates"
        for path in sorted(templates.rglob("*.html")):
            engines["django"].get_template(str(path.relative_to(templates)))
    return number


def _addresses(resolver: URLResolver) -> int:
    return sum(
        _addresses(pattern) if isinstance(pattern, URLResolver) else 1 for pattern in resolver.url_patterns
    )

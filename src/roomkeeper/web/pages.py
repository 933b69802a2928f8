"""Cutting a list into pages, with the links below it."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.http import HttpRequest

PAGE_SIZE = 50


def cut(
    request: HttpRequest, found: Any, kept: Mapping[str, str] | Sequence[tuple[str, str]]
) -> tuple[Page[Any], dict[str, Any]]:
    """The page that the address names, and the links below it; `kept` are the filters that stay in them."""
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    pairs = kept.items() if isinstance(kept, Mapping) else kept
    lead = "?" + urlencode([*((name, value) for name, value in pairs if value), ("page", "")])
    return page, {
        "first": page.start_index(),
        "last": page.end_index(),
        "total": page.paginator.count,
        "before": f"{lead}{page.previous_page_number()}" if page.has_previous() else "",
        "after": f"{lead}{page.next_page_number()}" if page.has_next() else "",
        "number": page.number,
        "pages": page.paginator.num_pages,
    }

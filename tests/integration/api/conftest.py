"""Calling the API as somebody."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from tests.integration.api.transactions import watched

from roomkeeper.accounts import tokens
from roomkeeper.accounts.models import User


class Caller:
    """Calls the API with a user's token, or without any."""

    def __init__(self, user: User | None) -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = {}
        if user is not None:
            _, text = tokens.create_token(user, now=timezone.now())
            self.headers["Authorization"] = f"Bearer {text}"

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
    ) -> HttpResponse:
        """One request; `path` below /api/v1/ unless it begins with a slash."""
        content = raw if raw is not None else (b"" if body is None else json.dumps(body).encode())
        with watched() as seen:
            answer = self.client.generic(
                method,
                path if path.startswith("/") else f"/api/v1/{path}",
                content,
                content_type="application/json",
                headers={**self.headers, **(headers or {})},
            )
        # Whatever the API changes, the audit trail tells of it in the same transaction: see `api.idempotency`.
        assert not seen.unaudited, f"{method} {path}: committed without a word in the audit trail"
        return answer

    def get(self, path: str, **headers: str) -> Any:
        """The JSON of a GET that must succeed."""
        answer = self("GET", path, headers=headers)
        assert answer.status_code == 200, answer.content
        return answer.json()


CallerOf = Callable[[User | None], Caller]


@pytest.fixture
def as_user(db: None) -> CallerOf:
    """Makes a caller for a user."""
    return Caller


@pytest.fixture
def call(administrator: User) -> Caller:
    """The administrator's caller."""
    return Caller(administrator)

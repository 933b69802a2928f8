"""`Idempotency-Key` on POST: the same request with the same key is done once and answered alike.

A key is taken in a transaction of its own before the work begins, so that of two equal requests at a time
only one works. An answer that refuses (4xx, 5xx) is not kept: nothing was done, and the key is free again.
Kept answers are encrypted, because some hold a secret that is shown once (a token), and are told apart by an
HMAC of the request, because some requests hold a password.
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone

from roomkeeper import keys
from roomkeeper.accounts.models import KeptAnswer, User
from roomkeeper.api.problems import Conflict, Invalid

HEADER = "Idempotency-Key"
_LONGEST_KEY = 255
# No HTTP status: the request is still being worked on, or was cut off in the middle.
_AT_WORK = 0


def once(request: HttpRequest, work: Callable[[], Any]) -> Any:
    """Do the work, or answer as the same request was answered before.

    Raises `Invalid` where the key was used for another request, `Conflict` while the first one is at work.
    """
    key = request.headers.get(HEADER)
    if request.method != "POST" or key is None:
        return work()
    if not 0 < len(key) <= _LONGEST_KEY or not key.isprintable() or not key.isascii():
        raise Invalid(
            f"{HEADER} must be 1 to {_LONGEST_KEY} printable ASCII characters.",
            errors=[(f"header.{HEADER}", "cannot be used")],
        )
    user, digest = cast(User, request.user), _digest(request)
    try:
        with transaction.atomic():
            row = KeptAnswer.objects.create(
                user=user,
                key=key,
                request_digest=digest,
                status=_AT_WORK,
                body=b"",
                created_at=timezone.now(),
            )
    except IntegrityError:
        return _answer_again(KeptAnswer.objects.filter(user=user, key=key).first(), digest)
    request._kept_answer = row  # type: ignore[attr-defined]
    return work()


def keep(request: HttpRequest, answer: HttpResponseBase) -> None:
    """Keep the answer under the key that `once` took for this request, or free the key where it refuses."""
    row: KeptAnswer | None = getattr(request, "_kept_answer", None)
    if row is None:
        return
    if answer.status_code >= 400 or not isinstance(answer, HttpResponse):
        row.delete()
        return
    kept = {
        "location": answer.get("Location", ""),
        "type": answer.get("Content-Type", ""),
        "body": answer.content.decode(),
    }
    row.status = answer.status_code
    row.body = keys.load(settings.OPTIONS.data).encrypt(json.dumps(kept))
    row.save(update_fields=["status", "body"])


def _answer_again(row: KeptAnswer | None, digest: str) -> HttpResponse:
    if row is None or (row.status == _AT_WORK and row.request_digest == digest):
        raise Conflict(
            f"A request with this {HEADER} is still being worked on, or was cut off in the middle.",
            kind="still-at-work",
            hint="Repeat in a moment; if this stays, look whether it was done and use a new key.",
        )
    if row.request_digest != digest:
        raise Invalid(
            f"This {HEADER} was used for another request.",
            kind="key-used-otherwise",
            errors=[(f"header.{HEADER}", "was used for another request")],
            hint="Use a new key.",
        )
    kept = json.loads(keys.load(settings.OPTIONS.data).decrypt(bytes(row.body)))
    answer = HttpResponse(kept["body"], status=row.status, content_type=kept["type"])
    if kept["location"]:
        answer["Location"] = kept["location"]
    answer["Idempotency-Replayed"] = "true"
    return answer


def _digest(request: HttpRequest) -> str:
    content = b"\n".join([(request.method or "").encode(), request.get_full_path().encode(), request.body])
    return hmac.new(keys.load(settings.OPTIONS.data).digest_key, content, hashlib.sha256).hexdigest()

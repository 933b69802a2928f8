"""`Idempotency-Key` on POST: the same request with the same key is done once and answered alike.

A key is taken in a transaction of its own before the work begins, so that of two equal requests at a time
only one works. An answer that refuses (4xx, 5xx) is not kept: nothing was done, and the key is free again.
Where the process was killed in between, the audit trail says what was done, because it is written with the act, in the
first of its transactions: the repeated request is answered with that, and is worked on anew where there is nothing.
Writing the trail locks the key, and fails where it was given back meanwhile: what is taken for killed and is only slow
does nothing any more.
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
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone

from roomkeeper import keys
from roomkeeper.accounts import audit
from roomkeeper.accounts.models import AuditEntry, KeptAnswer, User
from roomkeeper.api.problems import Conflict, Invalid
from roomkeeper.jobs import processes
from roomkeeper.words import gettext as _

HEADER = "Idempotency-Key"
_LONGEST_KEY = 255
# No HTTP status: the request is being worked on, or was when its process ended.
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
            _(
                "{header} must be 1 to {longest_key} printable ASCII characters.",
                header=HEADER,
                longest_key=_LONGEST_KEY,
            ),
            errors=[(f"header.{HEADER}", _("cannot be used"))],
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
                worker=processes.this_process(),
            )
    except IntegrityError:
        kept = KeptAnswer.objects.filter(user=user, key=key).first()
        if _is_free(kept, digest):
            return once(request, work)
        return _answer_again(kept, digest)
    request._kept_answer = row  # type: ignore[attr-defined]
    with audit.answering(row.pk):
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
    body = keys.load(settings.OPTIONS.data).encrypt(json.dumps(kept))
    KeptAnswer.objects.filter(pk=row.pk).update(status=answer.status_code, body=body)


def _is_free(row: KeptAnswer | None, digest: str) -> bool:
    """Whether the key was taken by a process that ended before it had done anything; it is given back, then."""
    if row is None or not _was_cut_off(row) or row.request_digest != digest:
        return False
    with transaction.atomic():
        # Waits for an act that the killed process had asked the database to commit; see `audit.note`.
        found = KeptAnswer.objects.select_for_update().filter(pk=row.pk, status=_AT_WORK).first()
        if found is None or _done_for(row).exists():
            return False
        found.delete()
        return True


def _was_cut_off(row: KeptAnswer) -> bool:
    return row.status == _AT_WORK and processes.is_gone(row.worker, row.created_at, now=timezone.now())


def _done_for(row: KeptAnswer) -> QuerySet[AuditEntry]:
    return AuditEntry.objects.filter(kept_answer_id=row.pk).order_by("pk")


def _tell_done(row: KeptAnswer) -> HttpResponse:
    """What a killed process had done for the request; of many perhaps not all."""
    done = _done_for(row).values("act", "object_kind", "object_id", "object_label", "details")
    answer = HttpResponse(
        json.dumps({"was_cut_off": True, "done": list(done)}), content_type="application/json"
    )
    answer["Idempotency-Replayed"] = "true"
    return answer


def _answer_again(row: KeptAnswer | None, digest: str) -> HttpResponse:
    if row is not None and row.request_digest == digest and _was_cut_off(row):
        return _tell_done(row)
    if row is None or (row.status == _AT_WORK and row.request_digest == digest):
        raise Conflict(
            _("A request with this {header} is still being worked on.", header=HEADER),
            kind="still-at-work",
            hint=_("Repeat in a moment."),
        )
    if row.request_digest != digest:
        raise Invalid(
            _("This {header} was used for another request.", header=HEADER),
            kind="key-used-otherwise",
            errors=[(f"header.{HEADER}", _("was used for another request"))],
            hint=_("Use a new key."),
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

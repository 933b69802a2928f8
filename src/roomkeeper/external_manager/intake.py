"""Feedback, posted documents and phone book searches of known systems, within a batch (rule R5)."""

from collections.abc import Sequence
from datetime import datetime

from roomkeeper.external_manager import answers
from roomkeeper.external_manager.posts import Post, Reply, Service
from roomkeeper.external_manager.searches import result_reply
from roomkeeper.phonebooks import answering
from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.feedback import Feedback
from roomkeeper.protocols.phonebook import Catalog, Search
from roomkeeper.protocols.posted_document import PostedDocument
from roomkeeper.provisioning import confirmation, regaining
from roomkeeper.systems.admission import handover
from roomkeeper.systems.check_ins import checkin, daily_amount
from roomkeeper.systems.check_ins.roster import Known
from roomkeeper.systems.check_ins.writes import Writes
from roomkeeper.systems.documents import calls, events, feedback, reports, storing
from roomkeeper.systems.documents.configurations import ConfigurationFeedback
from roomkeeper.systems.documents.redaction import redact, redact_text
from roomkeeper.systems.documents.told import Telling
from roomkeeper.systems.models import NetworkSettings
from roomkeeper.words import gettext as _

# Kept whole only as the newest document of its kind; on the timeline a post of it is a line.
_ROUTINE = "status"


class Intake:
    """What the systems of one batch report; `finish` stores it set-wise."""

    def __init__(self, writes: Writes, settings: NetworkSettings) -> None:
        self._writes = writes
        self._settings = settings
        self._reports: list[reports.Report] = []
        self._statuses: list[feedback.StatusFeedback] = []
        self._events: list[events.Event] = []
        self._configurations: list[ConfigurationFeedback] = []

    def take(self, post: Post, known: Known) -> None:
        """Take in a post of a system that showed its secret, and set its reply."""
        if post.service is Service.PHONE_BOOK:
            self._answer_search(post, known)
            return
        message = post.message
        self._writes.see(known)
        is_over = daily_amount.take(known, len(post.raw), self._writes)
        if known.wants_https_proof and post.arrival.scheme == "https":
            handover.take_https_proof(known, writes=self._writes)
        checkin.notice_addresses(
            known, post.identification, post.arrival, settings=self._settings, writes=self._writes
        )
        if isinstance(message, PostedDocument):
            self._take_document(post, known, message, is_over=is_over)
        elif isinstance(message, Feedback) and not is_over:
            self._take_feedback(post, known, message)
        elif message is None:
            self._note(
                post, known, "unreadable", _("Posted something that could not be read; stored unchanged")
            )
        post.reply = answers.KEPT

    def turn_away(self, post: Post) -> Reply:
        """The reply to whoever is not known or not proven."""
        if post.service is Service.PHONE_BOOK:
            assert isinstance(post.message, Search)  # noqa: S101 - the door answers what it could not read with a fault
            return result_reply(post.message, Catalog(), is_proven=False)
        return answers.KEPT_CLAIM

    def finish(self) -> None:
        """Store what was reported and hold it against what was asked and is wanted."""
        feedback.merge_status(self._statuses, self._writes)
        events.tell(self._events)
        told = self._configurations and confirmation.confirm_feedback(
            self._configurations, writes=self._writes
        )
        if told:
            confirmation.note_drift(told, "feedback", settings=self._settings, writes=self._writes)
            regaining.look(
                regaining.cases_told(self._configurations, told),
                noticed_by="feedback",
                settings=self._settings,
                writes=self._writes,
            )
        if self._reports:
            standing = storing.store_reports(self._reports, self._writes)
            confirmation.confirm(standing, settings=self._settings, writes=self._writes)

    def _answer_search(self, post: Post, known: Known) -> None:
        """One of many: most others are answered beside the batches (`searches`), and only samples stand on the
        timeline."""
        search = post.message
        assert isinstance(search, Search)  # noqa: S101 - the door answers what it could not read with a fault
        found = answering.answer(answering.read_asker(known.system_id), search)
        post.reply = result_reply(search, found, is_proven=True)
        if daily_amount.take(known, len(post.raw), self._writes) or not post.is_sample:
            return
        shown = len(found.entries) + len(found.catalogs)
        what = f'"{search.text[:60]}"' if search.text.strip() else _("a list")
        self._note(
            post,
            known,
            "phone book",
            _(
                "Searched the phone books for {what}: {shown} of {entry_count} sent",
                what=what,
                shown=shown,
                entry_count=found.entry_count,
            ),
        )

    def _take_document(self, post: Post, known: Known, document: PostedDocument, *, is_over: bool) -> None:
        try:
            read = reports.decode_document(
                document.location, document.payload, (post.secret,), notes=document.mended
            )
        except ProtocolError as error:
            self._note(
                post, known, "unreadable", _("Posted a document that could not be read: {error}", error=error)
            )
            return
        report = reports.Report(known, read, self._moment(post), document.identification.product_type)
        self._reports.append(report)
        size = f"{len(document.payload) / 1000:.0f} kB"
        if report.kind != _ROUTINE:
            place = redact_text(document.location, (post.secret,))
            if report.kind in ("configuration", "command", "valuespace"):
                self._writes.note(
                    known,
                    "document",
                    _("Posted {place} ({size})", place=place, size=size),
                    source=post.arrival.source,
                )
            else:
                self._note(post, known, "document", _("Posted {place} ({size})", place=place, size=size))
        elif known.status_entry_id is None and not is_over:
            entry = self._writes.note(known, "document", _("Posted /Status"), source=post.arrival.source)
            entry.run_of, entry.run_kind = known, "status_entry_id"
            known.status_entry_id = 0  # until the row has its id, so that one batch begins one run
        elif known.status_entry_id:
            self._writes.runs[known.status_entry_id] += 1

    def _take_feedback(self, post: Post, known: Known, message: Feedback) -> None:
        secrets = (post.secret,)
        name = message.name or _subject(message)
        summary = f"{message.kind}: {name}{_told(message.mended)}"
        self._note(post, known, "feedback", redact_text(summary, secrets))
        at = self._moment(post)
        values = [(value.path, value.value) for value in message.values]
        told: list[Telling] = [*((path, None) for path in message.ghosts), *values]
        if message.kind == "Configuration":
            self._configurations.append(ConfigurationFeedback(known, at, told, post.secret))
        elif message.kind == "Event":
            redacted = {path: redact_text(value, secrets) for path, value in values}
            told = calls.told_by_event(message.name, redacted)
            self._statuses.append(feedback.StatusFeedback(known, at, told, message.name))
            self._events.append(events.Event(known, at, message.name, events.values_of(redacted)))
        else:
            told = [(path, value if value is None else redact_text(value, secrets)) for path, value in told]
            self._statuses.append(feedback.StatusFeedback(known, at, told))
        self._writes.changed(known)

    def _moment(self, post: Post) -> datetime:
        """When it was composed, as nearly as we know."""
        return min(post.arrived_at or self._writes.now, self._writes.now)

    def _note(self, post: Post, known: Known, kind: str, summary: str) -> None:
        entry = self._writes.note(
            known,
            kind,
            summary,
            source=post.arrival.source,
            path=post.arrival.path,
            scheme=post.arrival.scheme,
            request=redact(post.raw, (post.secret,)),
        )
        entry.answer = answers.STORED if post.service is not Service.PHONE_BOOK else b""


def _told(mended: Sequence[str]) -> str:
    return (
        _(" (not all of it could be read as it was sent: {mended})", mended="; ".join(mended))
        if mended
        else ""
    )


def _subject(feedback: Feedback) -> str:
    paths: Sequence[str] = [value.path for value in feedback.values] or feedback.ghosts
    shown = ", ".join(paths[:3])
    return shown + (" …" if len(paths) > 3 else "")

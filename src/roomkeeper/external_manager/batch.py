"""One batch of device posts in one transaction: who posts, what it changes, what it is handed (ARCHITECTURE.md).

The same function serves one post and ten thousand, on SQLite and PostgreSQL:
1. the systems of the batch are read set-wise, by secret and by claim;
2. every post is identified (R3) and taken in: events here, reports in `intake`;
3. what rides on the answers is worked out for all visitors at once (R7);
4. everything is written set-wise; the caller commits, and only then do replies leave.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from django.db import transaction

from roomkeeper.external_manager import answers, claims
from roomkeeper.external_manager.intake import Intake
from roomkeeper.external_manager.posts import Post, Reply, Service
from roomkeeper.protocols.external_manager import PostEvent
from roomkeeper.provisioning import confirmation, delivery, naming, withholding
from roomkeeper.systems import admission
from roomkeeper.systems.addresses import same_host
from roomkeeper.systems.admission import activation, handover, identification, secrets
from roomkeeper.systems.admission.identification import PostOutcome
from roomkeeper.systems.check_ins import checkin, daily_amount
from roomkeeper.systems.check_ins.roster import Known, Roster
from roomkeeper.systems.check_ins.writes import NewEntry, Writes
from roomkeeper.systems.documents.redaction import redact
from roomkeeper.systems.models import NetworkSettings, State, System, SystemSecret
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

_REASONS = {
    PostOutcome.CLAIM: noop("claims to be a known system without its secret"),
    PostOutcome.IGNORED: "ignored",
    PostOutcome.BLOCKED: "blocked",
    PostOutcome.ANONYMOUS: noop("gives neither serial number nor MAC address"),
    PostOutcome.CONFLICT: noop("secret of one system, identity of another"),
    PostOutcome.IDENTITY_CHANGED: "identity changed",
    PostOutcome.UNKNOWN: "unknown",
    PostOutcome.OTHER_BOX: noop("one number of a known system, and another that does not match"),
}


def handle(posts: Sequence[Post], *, settings: NetworkSettings, now: datetime) -> None:
    """Handle the posts in one transaction and set their replies; a failure leaves nothing half done."""
    with transaction.atomic():
        _Batch(posts, settings, now).run()


class _Batch:
    def __init__(self, posts: Sequence[Post], settings: NetworkSettings, now: datetime) -> None:
        self.posts = posts
        self.settings = settings
        self.now = now
        self.roster = Roster(now, resumed_at=settings.posts_resumed_at)
        self.writes = Writes(now)
        self.claims = claims.Claims(now)
        self.intake = Intake(self.writes, settings)
        self.pending: dict[tuple[str, str], Known] | None = None
        self.visits: list[tuple[Post, delivery.Visitor, NewEntry | None]] = []
        self.booted: set[int] = set()
        # The system that the activation code in its path admits, by the text of the code.
        self.by_code: dict[str, int] = {}

    def run(self) -> None:
        digests = secrets.digests(post.secret for post in self.posts)
        self.roster.load_secrets(set(digests.values()))
        found = [self.roster.find_by_digest(digests.get(post.secret)) for post in self.posts]
        self._load_codes(found, digests)
        self._load_claims(found)
        for post, by_secret in zip(self.posts, found, strict=True):
            self._handle(post, by_secret)
        self.intake.finish()
        confirmation.confirm_restarts(self.booted, now=self.now)
        self._answer_visitors()
        self.writes.flush()
        self.claims.flush()

    def _load_codes(
        self, found: Sequence[tuple[Known, int, str] | None], digests: Mapping[str, bytes]
    ) -> None:
        """Whoever shows what is no secret may show an activation code."""
        texts = {
            post.secret
            for post, by_secret in zip(self.posts, found, strict=True)
            if by_secret is None and post.secret and post.service is Service.EVENTS
        }
        codes = activation.find_codes([digests[text] for text in texts], now=self.now)
        self.by_code = {text: codes[digests[text]] for text in texts if digests[text] in codes}
        if self.by_code:
            self.roster.load_ids(set(self.by_code.values()) - self.roster.by_id.keys())

    def _load_claims(self, found: Sequence[tuple[Known, int, str] | None]) -> None:
        """Whoever proves to be what is stored needs no second look-up."""
        serials, macs = set(), set()
        for post, by_secret in zip(self.posts, found, strict=True):
            if by_secret is not None:
                known = by_secret[0]
                if known.serial_number == post.serial and known.mac_address == post.mac:
                    continue
            serials.add(post.serial)
            macs.add(post.mac)
        self.roster.load_claims(serials - {""}, macs - {""})

    def _handle(self, post: Post, by_secret: tuple[Known, int, str] | None) -> None:
        owner = by_secret[0] if by_secret else None
        by_claims = self.roster.find_by_claims(post.serial, post.mac)
        carriers = self.roster.carriers_of(post.mac)
        verdict = identification.identify(owner, by_claims, post.serial, post.mac, carriers)
        announced = self._find_by_code(post, by_claims)
        if announced is not None:
            verdict = identification.Verdict(PostOutcome.SYSTEM, announced.system_id)
        if verdict.outcome is PostOutcome.SYSTEM:
            known = self.roster.by_id[verdict.system_id or 0]
            if verdict.has_new_mac:
                self._note_card(post, known)
            if known.has_moved_to_secure_only and post.arrival.scheme == "http":
                self.writes.note(
                    known,
                    "refused",
                    _("Refused: {service} by plain HTTP after the move to Secure-Only", service=post.service),
                    source=post.arrival.source,
                )
                post.reply = answers.HTTPS_ONLY
            elif post.service is Service.EVENTS:
                self._handle_event(post, known, by_secret)
            elif by_secret is not None:
                self.intake.take(post, known)
            else:
                self.claims.add(post, _REASONS[PostOutcome.CLAIM], known.system_id)
                post.reply = self._turn_away(post)
            return
        if verdict.outcome in (PostOutcome.UNKNOWN, PostOutcome.OTHER_BOX) and post.service is Service.EVENTS:
            self._handle_unknown(post, is_other_box=verdict.outcome is PostOutcome.OTHER_BOX)
            return
        if verdict.outcome is PostOutcome.CONFLICT:
            claims.tell_conflict([verdict.system_id or 0, *verdict.others], post)
        elif verdict.outcome is PostOutcome.IDENTITY_CHANGED:
            claims.tell_identity_changed(verdict.system_id or 0, post)
        self.claims.add(post, _REASONS[verdict.outcome], verdict.system_id)
        post.reply = answers.BLOCKED if verdict.outcome is PostOutcome.BLOCKED else self._turn_away(post)

    def _find_by_code(self, post: Post, by_claims: Sequence[Known]) -> Known | None:
        """The awaited system whose activation code the post shows, unless what it says of itself is another's."""
        known = self.roster.by_id.get(self.by_code.get(post.secret, 0))
        if known is None or any(other is not known for other in by_claims):
            return None
        return known if identification.says_all(known, post.serial, post.mac) else None

    def _note_card(self, post: Post, known: Known) -> None:
        self.writes.cards.add((known.system_id, post.mac))
        self.writes.note(
            known,
            "identity",
            _("It posts from another network card, MAC address {mac}", mac=post.mac),
            source=post.arrival.source,
        )

    def _turn_away(self, post: Post) -> Reply:
        """The answer to whoever is not known or not proven: the same in every case."""
        if post.service is Service.EVENTS:
            assert isinstance(post.message, PostEvent)  # noqa: S101 - the door hands over no other event
            return answers.empty_reply(self.settings.heartbeat_unknown, post.message.soap_version)
        return self.intake.turn_away(post)

    def _handle_unknown(self, post: Post, *, is_other_box: bool) -> None:
        if self.pending is None:
            self.pending = claims.find_pending(
                [p for p in self.posts if p.service is Service.EVENTS], self.roster
            )
        known = self.pending.get((post.serial, post.mac)) or claims.add_to_inbox(
            post, self.roster, now=self.now
        )
        if isinstance(known, str):
            self.claims.add(post, known)
            post.reply = self._turn_away(post)
            return
        self.pending[post.serial, post.mac] = known
        if is_other_box:
            # Whose the numbers are is for a person to say, whatever a rule admits.
            self._let_wait(post, known)
            return
        self._handle_event(post, known, None)

    def _let_wait(self, post: Post, known: Known) -> None:
        # Who is not admitted fills in no blank of a record: anybody could have posted this.
        known.interval = self.settings.heartbeat_unknown
        self._check_in(post, known, may_learn=known.state == State.PENDING)
        post.reply = self._turn_away(post)

    def _handle_event(self, post: Post, known: Known, by_secret: tuple[Known, int, str] | None) -> None:
        event, arrival = post.message, post.arrival
        assert isinstance(event, PostEvent)  # noqa: S101 - the door hands over no other event
        if known.state in (State.PENDING, State.PRE_REGISTERED) and not self._admit_by_rule(post, known):
            self._let_wait(post, known)
            return
        was_just_proven = False
        if by_secret is None:
            if not self._is_expected(post, known):
                return
        elif by_secret[2] != SystemSecret.Stage.CURRENT or known.scheme != arrival.scheme:
            was_just_proven = handover.take_proof(known, by_secret[1], arrival, writes=self.writes)
        if (
            known.is_secure_only
            and not known.has_moved_to_secure_only
            and arrival.scheme == "https"
            and known.is_proven
        ):
            handover.complete_secure_only(known, writes=self.writes)
        if was_just_proven:
            naming.keep_name(known.system_id, event.identification.system_name, now=self.now)
        done = self._check_in(post, known, was_just_proven=was_just_proven)
        if by_secret is not None and not done.is_unchanged:
            daily_amount.take(known, len(post.raw), self.writes)
        if done.is_initial:
            self.booted.add(known.system_id)
        if done.is_unchanged and not self._has_news(known):
            post.reply = answers.beat_reply(known.interval, event.soap_version)
            return
        visitor = delivery.Visitor(known, arrival, done.is_initial, post.secret if by_secret else "")
        self.visits.append((post, visitor, done.entry))

    def _has_news(self, known: Known) -> bool:
        """Whether an unchanged beat is to be answered with more than the interval it already has."""
        lacks_documents = (
            known.status_is_old or known.configuration_is_old
        ) and not known.documents_were_asked
        return bool(
            known.has_work
            or known.management_is_due
            or known.comes_after_outage
            or lacks_documents
            or delivery.choose_interval(known, self.settings) != known.interval
        )

    def _check_in(
        self, post: Post, known: Known, *, was_just_proven: bool = False, may_learn: bool = True
    ) -> checkin.CheckedIn:
        assert isinstance(post.message, PostEvent)  # noqa: S101 - the door hands over no other event
        return checkin.check_in(
            known,
            post.message,
            post.arrival,
            partial(redact, post.raw, (post.secret,)),
            settings=self.settings,
            writes=self.writes,
            was_just_proven=was_just_proven,
            may_learn=may_learn,
        )

    def _admit_by_rule(self, post: Post, known: Known) -> bool:
        arrival = post.arrival
        has_code = self.by_code.get(post.secret) == known.system_id
        if not has_code and not admission.may_be_admitted(
            known.state, known.admission_network, arrival.source, self.settings
        ):
            return False
        earlier = known.source_address
        system = System.objects.select_related("folder").get(pk=known.system_id)
        try:
            with transaction.atomic():
                if has_code and not activation.use_code(system.pk, source=arrival.source, now=self.now):
                    return False
                admission.admit(system, now=self.now, source=arrival.source, has_code=has_code)
        except admission.AdmissionRefused:
            # Its serial number or MAC belongs to another admitted system: a person decides.
            return False
        known.state, known.name = system.state, system.name
        known.is_secure_only, known.has_work = system.is_secure_only, True
        self.writes.changed(known, "inbox")
        if earlier and not same_host(earlier, arrival.source):
            claims.tell_second_claimant(system, earlier, post.serial, post.mac)
        return True

    def _is_expected(self, post: Post, known: Known) -> bool:
        """Whether an unproven managed system comes from where it was admitted (rule R4); asks a person otherwise."""
        secret = SystemSecret.objects.filter(
            system_id=known.system_id, stage=SystemSecret.Stage.PENDING
        ).first()
        reason = withholding.why_withheld(secret, post.arrival, now=self.now) if secret else ""
        if secret is None or reason:
            if secret is not None:
                withholding.withhold(known, secret, reason)
            self.claims.add(post, "secret withheld", known.system_id)
            post.reply = self._turn_away(post)
            return False
        return True

    def _answer_visitors(self) -> None:
        found = delivery.deliver(
            [visitor for _, visitor, _ in self.visits], settings=self.settings, writes=self.writes
        )
        last = {visitor.known.system_id: post for post, visitor, _ in self.visits}
        for post, visitor, entry in self.visits:
            assert isinstance(post.message, PostEvent)  # noqa: S101 - the door hands over no other event
            known = visitor.known
            self.writes.contacts[known.system_id] = known
            if last[known.system_id] is not post:
                post.reply = answers.beat_reply(known.interval, post.message.soap_version)
                continue
            handed = found[known.system_id]
            post.reply = answers.delivery_reply(
                handed,
                software_version=known.software_version,
                family=known.family,
                soap_version=post.message.soap_version,
                is_proven=known.is_proven,
            )
            self._note_delivery(post, visitor, handed, entry)

    def _note_delivery(
        self, post: Post, visitor: delivery.Visitor, handed: delivery.Delivery, entry: NewEntry | None
    ) -> None:
        if handed.words and entry is None:
            entry = self.writes.note(
                visitor.known,
                "sent",
                "Sent",
                source=visitor.arrival.source,
                path=visitor.arrival.path,
                scheme=visitor.arrival.scheme,
                request=redact(post.raw, (post.secret,)),
            )
        if entry is None or post.reply is None:
            return
        if handed.words:
            if entry.run_of is not None:
                # What was handed over happened once; the run of equal beats begins with the next one.
                entry.run_of = None
                visitor.known.beat_entry_id = None
            entry.entry.details["handed_over"] = handed.words[:100]
            entry.entry.summary = f"{entry.entry.summary}: {', '.join(handed.words)}"[:500]
        entry.answer = redact(post.reply.body, (*handed.secrets, post.secret))

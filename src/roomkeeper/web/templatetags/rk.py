"""How times, states and icons look: the same on every page."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django import template
from django.conf import settings
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from roomkeeper.provisioning.actions import is_password
from roomkeeper.systems.check_ins import liveness
from roomkeeper.systems.check_ins.liveness import alive_word
from roomkeeper.systems.documents import calls
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

register = template.Library()

ALIVE = {
    "yes": ("green", "alive"),
    "no": ("red", noop("not alive")),
    "unknown": ("grey", "unknown"),
    "flapping": ("amber", "flapping"),
}
DELIVERY = {
    "waiting": "grey",
    "delivered": "azure",
    "confirmed": "green",
    "failed": "red",
    "expired": "amber",
    "cancelled": "grey",
    "superseded": "grey",
}
CONNECTIVITY = {
    "": noop("Undecided"),
    "inaccessible": noop("Inaccessible"),
    "reachable_on_lan": noop("Reachable on LAN"),
    "reachable_on_public_internet": noop("Reachable on Public Internet"),
    "behind_firewall": noop("Behind Firewall"),
}
# In dense lists; the whole word is the title.
SHORT_CONNECTIVITY = {"reachable_on_lan": "LAN", "reachable_on_public_internet": noop("Public Internet")}
STATES = {
    "pending": ("amber", noop("in the inbox")),
    "pre_registered": ("azure", "pre-registered"),
    "managed": ("green", "managed"),
    "ignored": ("grey", "ignored"),
    "blocked": ("red", "blocked"),
}
TICKET_STATES = {"open": "red", "acknowledged": "amber", "closed": "grey"}
LEVELS = {"info": "azure", "warning": "amber", "critical": "red"}
MEMBERS = {
    "waiting": "grey",
    "trusting": "amber",
    "proving": "amber",
    "asked": "amber",
    "moved": "green",
    "held": "red",
    "skipped": "grey",
}
JOBS = {"queued": "grey", "running": "azure", "done": "green", "failed": "red", "cancelled": "grey"}
JOB_ITEMS = {
    "waiting": ("grey", "waiting"),
    "running": ("azure", "running"),
    "done": ("green", "done"),
    "warning": ("amber", noop("with warnings")),
    "failed": ("red", "failed"),
    "skipped": ("grey", "skipped"),
    "cancelled": ("grey", "cancelled"),
}
_VERSION = re.compile(r"[A-Za-z]{0,8} ?\d+(\.\d{1,3}(?![0-9a-f]))*")
_STEPS = ((86_400 * 2, 86_400, "d"), (7_200, 3_600, "h"), (90, 60, "min"), (0, 1, "s"))


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """One of the icons that `frontend/copy.mjs` puts into the sprite."""
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}vendor/icons.svg#{}"/></svg>',
        f"icon {classes}".rstrip(),
        settings.STATIC_URL,
        name,
    )


@register.simple_tag(takes_context=True)
def act(
    context: dict[str, Any],
    slug: str,
    label: str = "",
    sign: str = "",
    query: str = "",
    kind: str = "btn btn-sm",
) -> SafeString | str:
    """The button of an act that is among the page's `acts`, which asks first; nothing where it is not offered."""
    found = context["acts"].get(slug.replace("-", "_"))
    if found is None:
        return ""
    return format_html(
        '<a class="{}" href="{}" hx-get="{}" hx-target="#dialog">{}{}</a>',
        kind,
        found["address"],
        found["address"],
        format_html("{} ", icon(sign)) if sign else "",
        label or found["button"],
    )


def dot_and_word(colour: str, word: str, classes: str = "") -> SafeString:
    """State's one language: a dot and a word, never colour alone."""
    return format_html('<span class="{}">{}</span>', f"state {colour} {classes}".rstrip(), _(word))


@register.simple_tag(takes_context=True)
def alive(context: dict[str, Any], contact: Any) -> SafeString:
    """Whether a system gives signs of life."""
    colour, word = ALIVE[alive_word(contact, context.get("now") or timezone.now())]
    return dot_and_word(colour, word)


@register.simple_tag
def in_call() -> SafeString:
    """A system that is in a call."""
    return dot_and_word("blue", "in call")


@register.filter
def is_in_call(system: Any, contact: Any) -> bool:
    """Whether a system is in a call now."""
    return liveness.is_in_call(system, contact, timezone.now())


@register.filter
def call_of(system: Any) -> calls.Call | None:
    """The call of the system that has gone on for longest."""
    return calls.decode(system.calls).longest


@register.filter
def next_due(contact: Any) -> datetime | None:
    """When the next post of a system is due."""
    return liveness.next_contact_due(contact, timezone.now())


@register.simple_tag
def delivery(state: str) -> SafeString:
    """WAITING, DELIVERED, CONFIRMED, FAILED, EXPIRED, CANCELLED, SUPERSEDED."""
    return dot_and_word(DELIVERY.get(state, "grey"), str(state).upper(), "state-caps")


@register.simple_tag
def record_state(state: str) -> SafeString:
    """Where a system's record stands."""
    colour, word = STATES.get(state, ("grey", state))
    return dot_and_word(colour, word)


@register.simple_tag
def ticket_state(state: str) -> SafeString:
    """Where a ticket stands."""
    return dot_and_word(TICKET_STATES.get(state, "grey"), state)


@register.simple_tag
def job_state(job: Any) -> SafeString:
    """Where a job stands; one that is to stop says so until it has."""
    if job.cancel_requested_at is not None and job.ended_at is None:
        return dot_and_word("amber", "stopping")
    return dot_and_word(JOBS.get(job.state, "grey"), job.state)


@register.simple_tag(takes_context=True)
def took(context: dict[str, Any], row: Any) -> str:
    """How long a job or a part of it took, or takes so far: `41 s`, `3 min 5 s`, `2 h 10 min`."""
    if row.started_at is None:
        return "–"
    seconds = max(0, int(((row.ended_at or context["now"]) - row.started_at).total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return (
        _("{hours} h {minutes} min", hours=hours, minutes=minutes)
        if hours
        else _("{minutes} min {seconds} s", minutes=minutes, seconds=seconds)
    )


@register.simple_tag
def item_state(state: str) -> SafeString:
    """Where a part of a job stands."""
    colour, word = JOB_ITEMS.get(state, ("grey", state))
    return dot_and_word(colour, word)


@register.simple_tag
def member_state(state: str) -> SafeString:
    """Where a system of a Secure-Only move stands."""
    return dot_and_word(MEMBERS.get(state, "grey"), _("on hold") if state == "held" else state)


@register.simple_tag
def level(word: str) -> SafeString:
    """How grave a ticket is."""
    return dot_and_word(LEVELS.get(word, "grey"), word)


@register.filter
def connectivity(word: str) -> str:
    """A connectivity in the words of the design."""
    return _(CONNECTIVITY.get(word, word))


@register.filter
def connectivity_short(word: str) -> str:
    """A connectivity in as few words as a dense list has room for."""
    return _(SHORT_CONNECTIVITY.get(word, "")) or connectivity(word)


@register.filter
def short_product(name: str) -> str:
    """A product's name without what they all begin with."""
    for prefix in ("Cisco ", "TelePresence ", "Webex "):
        name = name.removeprefix(prefix)
    return name


@register.filter
def short_version(text: str) -> str:
    """A software version without the build's fingerprint behind it."""
    found = _VERSION.match(text)
    return found.group() if found else text


@register.simple_tag
def shield(system: Any) -> SafeString | str:
    """The mark of a Secure-Only system."""
    if not system.is_secure_only:
        return ""
    return format_html(
        '<span class="mark" title="{}">{}<span class="visually-hidden">Secure-Only</span></span>',
        _("Secure-Only: only HTTPS"),
        icon("shield-check"),
    )


@register.simple_tag
def padlock(is_locked: bool, title: str = "locked") -> SafeString | str:
    """The mark of a locked value."""
    if not is_locked:
        return ""
    return format_html(
        '<span class="mark" title="{}">{}<span class="visually-hidden">{}</span></span>',
        _(title),
        icon("lock"),
        _("locked"),
    )


def relative_words(moment: datetime, now: datetime) -> str:
    """`2 min ago` or `in 13 min`. The script of the pages says it the same way as time passes."""
    seconds = (moment - now).total_seconds()
    size = abs(seconds)
    if size < 1:
        return _("now")
    for least, unit, word in _STEPS:
        if size >= least:
            count = int(size // unit)
            time = f"{count} {word}"
            return _("in {time}", time=time) if seconds > 0 else _("{time} ago", time=time)
    return _("now")


def stamp(at: datetime) -> str:
    """A moment as programs and addresses say it: `2026-12-01T08:00:00Z`."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


@register.simple_tag(takes_context=True)
def when(context: dict[str, Any], moment: datetime | None, empty: str = "–") -> SafeString | str:
    """A moment as relative words. The script of the pages adds the exact time in the reader's zone as its title."""
    if moment is None:
        return empty
    words = relative_words(moment, context.get("now") or timezone.now())
    return format_html('<time datetime="{}">{}</time>', stamp(moment), words)


@register.simple_tag
def moment(at: datetime | None, empty: str = "–") -> SafeString | str:
    """A moment written out in the reader's zone."""
    if at is None:
        return empty
    local = timezone.localtime(at)
    return format_html(
        '<time class="exact" datetime="{}" title="{}">{}</time>',
        stamp(at),
        local.strftime("%a %d %b %Y %H:%M:%S %Z"),
        local.strftime("%d %b %H:%M:%S"),
    )


@register.filter
def duration(seconds: int | float | None) -> str:
    """Seconds as `15 min`."""
    if seconds is None:
        return "–"
    whole = timedelta(seconds=int(seconds))
    size = int(whole.total_seconds())
    for unit, word in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if size >= unit and size % unit == 0:
            return f"{size // unit} {word}"
    return f"{size} s"


@register.filter
def mac(text: str) -> str:
    """12 hex digits as people write them."""
    return ":".join(text[i : i + 2] for i in range(0, 12, 2)) if len(text) == 12 else text


@register.filter
def label_of(choices: dict[str, str], key: str) -> str:
    """The value of a dictionary, or the key itself."""
    return choices.get(key, key)


@register.simple_tag
def help_mark(section: str) -> SafeString:
    """The mark beside a heading that leads to its words of help."""
    return format_html(
        '<a class="help-mark" href="/help/#{}" title="{}" aria-label="{}">{}</a>',
        section,
        _("Help on this page"),
        _("Help"),
        icon("help"),
    )


@register.filter
def noted(value: Any) -> str:
    """What the audit trail keeps of an act, as people read it: no value of Python's."""
    if value is None or value == "" or value == []:
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Mapping):
        return " ".join(f"{key} {noted(part)}" for key, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(noted(part) for part in value)
    return str(value)


@register.filter
def sum_of(numbers: Any) -> int:
    """The sum of numbers."""
    return sum(numbers)


@register.simple_tag
def alive_word_state(word: str) -> SafeString:
    """One of the words of being alive, as it looks on a system."""
    colour, shown = ALIVE[word]
    return dot_and_word(colour, shown)


@register.filter
def asked_words(action: Any) -> str:
    """What an action asks of a system: its command with the arguments, and of a new password only whose it is."""
    if is_password(action.command):
        names = [value for name, value in action.arguments if name == "Username"]
        return _("a new password for {name}", name=names[0]) if names else _("a new password")
    texts = (", ".join(value) if isinstance(value, list) else value for _, value in action.arguments)
    named = (f"{name}: {text}" for (name, _), text in zip(action.arguments, texts, strict=True))
    return " ".join([action.command, *named])


@register.filter
def breakable(path: str) -> SafeString:
    """A setting's path that may be broken after its slashes."""
    return format_html_join(SafeString("/<wbr>"), "{}", ((node,) for node in path.split("/")))


@register.filter
def show_lead(address: str) -> str:
    """The address of this page up to the value of its parameter `show`, for links that choose another one."""
    parts = urlsplit(address)
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "show"]
    return f"?{urlencode([*kept, ('show', '')])}"

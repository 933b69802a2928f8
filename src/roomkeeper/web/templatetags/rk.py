"""How times, states and icons look: the same on every page."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from django import template
from django.conf import settings
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from roomkeeper.operations.noting import label_of, noted
from roomkeeper.provisioning.actions import is_password
from roomkeeper.systems.check_ins import liveness
from roomkeeper.systems.check_ins.liveness import alive_word
from roomkeeper.systems.documents import calls
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

register = template.Library()

# State has one language, never colour alone: of each kind of thing its states, with a colour, and a word where the
# state is no word for people. One that is not here is grey and says its own name.
STATES: Final[dict[str, dict[str, str | tuple[str, str]]]] = {
    "alive": {
        "yes": ("green", "alive"),
        "no": ("red", noop("not alive")),
        "unknown": "grey",
        "flapping": "amber",
        "in_call": ("blue", "in call"),
    },
    "delivery": {
        "waiting": "grey",
        "cancelled": "grey",
        "superseded": "grey",
        "delivered": "azure",
        "confirmed": "green",
        "failed": "red",
        "expired": "amber",
    },
    "record": {
        "pending": ("amber", noop("in the inbox")),
        "pre_registered": ("azure", "pre-registered"),
        "managed": "green",
        "ignored": "grey",
        "blocked": "red",
    },
    "ticket": {"open": "red", "acknowledged": "amber", "closed": "grey"},
    "level": {"info": "azure", "warning": "amber", "critical": "red"},
    "finding": {
        "ok": ("green", "fine"),
        "info": ("grey", noop("for information")),
        "warning": "amber",
        "fault": "red",
    },
    "move": {
        "waiting": "grey",
        "skipped": "grey",
        "trusting": "amber",
        "proving": "amber",
        "asked": "amber",
        "moved": "green",
        "held": ("red", noop("on hold")),
    },
    "job": {
        "queued": "grey",
        "cancelled": "grey",
        "running": "azure",
        "done": "green",
        "failed": "red",
        "stopping": ("amber", noop("stopping")),
    },
    "item": {
        "waiting": "grey",
        "skipped": "grey",
        "cancelled": "grey",
        "running": "azure",
        "done": "green",
        "warning": ("amber", noop("with warnings")),
        "failed": "red",
    },
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


def _look(kind: str, word: Any) -> tuple[str, str]:
    """The colour and the word of a state."""
    found = STATES[kind].get(str(word), "grey")
    colour, shown = (found, str(word)) if isinstance(found, str) else found
    return colour, _(shown.upper() if kind == "delivery" else shown)


@register.simple_tag
def state(kind: str, word: Any) -> SafeString:
    """Where something of that kind stands: a dot and a word."""
    colour, shown = _look(kind, word)
    classes = f"{colour} state-caps" if kind == "delivery" else colour
    return format_html('<span class="state {}">{}</span>', classes, shown)


@register.simple_tag
def dot(kind: str, word: Any) -> SafeString:
    """The dot alone, where a sentence stands beside it; the word is its title."""
    return format_html('<i class="dot dot-{}" title="{}"></i>', *_look(kind, word))


@register.simple_tag(takes_context=True)
def alive(context: dict[str, Any], contact: Any) -> SafeString:
    """Whether a system gives signs of life."""
    return state("alive", alive_word(contact, context.get("now") or timezone.now()))


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
    return format_html(
        '<time class="exact" datetime="{}" title="{}">{}</time>',
        stamp(at),
        exact(at),
        timezone.localtime(at).strftime("%d %b %H:%M:%S"),
    )


def exact(at: datetime) -> str:
    """A moment with its day and year, in the reader's zone."""
    return timezone.localtime(at).strftime("%a %d %b %Y %H:%M:%S %Z")


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


@register.simple_tag
def details(entry: Any) -> SafeString:
    """What an entry of the audit trail says besides, in the words of pages."""
    return format_html_join(
        ", ",
        '<span class="text-secondary">{}</span> {}',
        ((label_of(key, entry.act), noted(value, entry.act)) for key, value in entry.details.items()),
    )


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

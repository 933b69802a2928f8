"""Writes docs/reference/families.md from the families' manifests.

Run it after changing a manifest; tests/unit/devices holds the committed page against it.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from roomkeeper.devices.manifest import Condition, Direction, Manifest, Mode, Requirement
from roomkeeper.devices.registry import load_families

ROOT = Path(__file__).resolve().parent.parent
FAMILIES_PAGE = ROOT / "docs" / "reference" / "families.md"

_HEAD = """\
# System families

<!-- Written by scripts/generate_families.py from src/roomkeeper/devices/families; do not edit by hand. -->

What Roomkeeper knows of each family of systems: the network it needs, what is written to a system when it is admitted
or its management settings are enforced, and what the two modes change. The server obeys the same data.

*Inbound* means that Roomkeeper connects to the system, *outbound* that the system connects to Roomkeeper.

| level | means |
|---|---|
| identified | it is recognised and listed |
| monitored | its documents are read: status, configuration, value spaces |
| managed | settings are written and commands run |
| proven on hardware | somebody outside the project has shown it with the real device; no family has this level yet |

"""
_CONDITIONS = {
    Condition.REACHABLE: "reachable",
    Condition.SECURE_ONLY_OFF: "Secure-Only is off",
    Condition.SECURE_ONLY_ON: "Secure-Only is on",
}


def families_page() -> str:
    """The whole text of the page."""
    families = sorted(
        load_families().values(), key=lambda family: (family.is_fallback, -_rank(family), family.name)
    )
    return _HEAD + "\n".join(_section(family) for family in families)


def _rank(family: Manifest) -> int:
    return len(family.capabilities)


def _section(family: Manifest) -> str:
    parts = [
        f"## {family.title}\n\n{family.about}\n",
        f"Level: **{family.level.value}**. Name in the API: `{family.name}`.\n",
        _recognition(family),
        _table(
            "Network",
            ("service", "port", "direction", "for", "only when"),
            map(_requirement, family.requirements),
        ),
        f"**Never calls us**: {family.never_calls}\n" if family.never_calls else "",
        f"**Behind Firewall**: {_mode(family.behind_firewall)}\n",
        f"**Secure-Only**: {_mode(family.secure_only)}\n",
        _settings(family),
        _table(
            "Limits",
            ("limit", "blocks"),
            ((limit.text, ", ".join(map(_words, limit.blocks)) or "–") for limit in family.limits),
        ),
        _table(
            "What Roomkeeper does with it",
            ("act", "level"),
            ((_words(one.name), one.level.value) for one in family.capabilities),
        ),
    ]
    return "\n".join(part for part in parts if part)


def _recognition(family: Manifest) -> str:
    if family.is_fallback:
        return "Recognised by: nothing of what the other families show.\n"
    ways = []
    for match in sorted(family.matches, key=lambda match: -match.weight):
        shown = {
            "product type": match.product_type,
            "product id": match.product_id,
            "product": match.product_words,
            "software version": match.software_version,
        }
        words = [f"{what} with {_code(pattern.pattern)}" for what, pattern in shown.items() if pattern]
        if match.sys_object_id:
            words.append(f"sysObjectID {_code(match.sys_object_id)}")
        ways.append(f"- {' and '.join(words)}")
    return "Recognised by any of:\n\n" + "\n".join(ways) + "\n"


def _code(text: str) -> str:
    return f"`{text}`"


def _requirement(row: Requirement) -> tuple[str, ...]:
    when = [_CONDITIONS[condition] for condition in Condition if condition in row.only_when]
    return (
        row.service,
        f"{row.protocol} {row.port}",
        "inbound" if row.direction is Direction.INBOUND else "outbound",
        row.purpose + (" (optional)" if row.is_optional else ""),
        ", ".join(when) or "always",
    )


def _mode(mode: Mode) -> str:
    return f"{'supported' if mode.is_supported else 'not supported'}. {mode.changes}"


def _settings(family: Manifest) -> str:
    if not family.settings:
        return "No setting is written to it.\n"
    rows = [
        (
            _code(setting.path),
            _code(setting.value),
            _code(setting.secure_only_value) if setting.secure_only_value != setting.value else "the same",
            setting.why,
        )
        for setting in family.settings
    ]
    text = _table("Settings written", ("path", "value", "in Secure-Only", "why"), rows)
    text += "\nWords in braces are filled in for each system; a setting is left out where there is nothing for them.\n"
    if family.feedback is not None:
        expressions = ", ".join(map(_code, family.feedback.expressions))
        text += f"\nFeedback slot {family.feedback.slot} is registered for {expressions}.\n"
    return text


def _words(name: str) -> str:
    return name.replace("_", " ")


def _table(title: str, head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    cells = [" | ".join(cell.replace("|", "&#124;") for cell in row) for row in rows]
    if not cells:
        return ""
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head), *(f"| {line} |" for line in cells)]
    return f"**{title}**\n\n" + "\n".join(lines) + "\n"


def main() -> None:
    """Write the page; with --check only say whether the manifests are sound and the page is theirs."""
    text = families_page()
    if "--check" not in sys.argv[1:]:
        FAMILIES_PAGE.write_text(text, "utf-8")
    elif FAMILIES_PAGE.read_text("utf-8") != text:
        sys.exit(
            "docs/reference/families.md is not what the manifests give: run scripts/generate_families.py"
        )


if __name__ == "__main__":
    main()

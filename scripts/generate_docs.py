"""Writes the pages of the documentation that follow from the code: today docs/reference/settings.md.

Run it after changing `roomkeeper.settings.options`; tests/unit/docs holds the committed page against it.
"""

from pathlib import Path

from roomkeeper.settings.options import described

ROOT = Path(__file__).resolve().parent.parent
SETTINGS_PAGE = ROOT / "docs" / "reference" / "settings.md"

_HEAD = """\
# Settings

<!-- Written by scripts/generate_docs.py from roomkeeper.settings.options; do not edit by hand. -->

Settings of the server itself. What devices are told, and the rules towards them, stands in
[Network settings](network-settings.md) and is changed on the pages.

A setting is an environment variable, or a line of a TOML file named by `--config` or `ROOMKEEPER_CONFIG`. In the file
the name is in lower case and without the prefix: `ROOMKEEPER_LOG_LEVEL` is `log_level = "info"`. A command's option
wins over the environment, the environment over the file, the file over the default. Lists are separated by commas in
the environment and are arrays in the file. A name that is not a setting, or a value that cannot be used, stops
the start with exit code 2 and a sentence that names it.

`ROOMKEEPER_CONFIG` itself names the file and has no other form.

| setting | default | meaning |
|---|---|---|
"""


def settings_page() -> str:
    """The whole text of the page of settings."""
    rows = [
        f"| `{name}` | {f'`{default}`' if default else 'unset'} | {line.replace('|', '&#124;')} |"
        for name, default, line in described()
    ]
    return _HEAD + "\n".join(rows) + "\n"


def main() -> None:
    """Write the pages."""
    SETTINGS_PAGE.write_text(settings_page(), "utf-8")


if __name__ == "__main__":
    main()

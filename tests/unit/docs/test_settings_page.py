"""The committed page of settings is the one that the code gives."""

from scripts.generate_docs import SETTINGS_PAGE, settings_page


def test_committed_settings_page_equals_the_generated_one() -> None:
    assert SETTINGS_PAGE.read_text("utf-8") == settings_page(), (
        "run: .venv/bin/python scripts/generate_docs.py"
    )

"""Keeps a package without its pages' front end from being built; all else stands in pyproject.toml."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

FRONT_END = Path(__file__).parent / "src" / "roomkeeper" / "web" / "static" / "vendor"
# As frontend/copy.mjs makes them; the running server looks for the same (serving/place_checks.py).
FILES = ("tabler.css", "tabler.js", "htmx.js", "icons.svg")


class BuildWithFrontEnd(build_py):
    """Refuses where the front end was not fetched. An installation for development (-e) comes before it."""

    def run(self) -> None:
        """Build."""
        missing = [name for name in FILES if not (FRONT_END / name).is_file()]
        if missing and not self.editable_mode:
            raise SystemExit(
                f"The pages' front end is not here ({', '.join(missing)} in {FRONT_END}), and a package without it "
                "shows no pages. Run: make setup"
            )
        super().run()


setup(cmdclass={"build_py": BuildWithFrontEnd})

"""The log: one JSON document a line, whatever somebody calls himself."""

import json
import subprocess
import sys

_SCRIPT = """
import django, structlog
django.setup()
from roomkeeper.serving import logs
logs.configure("info")
structlog.get_logger("test").warning("sign in refused", name='eve\\n{"event": "forged"}\\r\\u2028x')
"""


def test_a_name_puts_no_line_into_the_log() -> None:
    done = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True)
    lines = (done.stderr + done.stdout).split("\n")
    assert [json.loads(line)["event"] for line in lines if line] == ["sign in refused"]

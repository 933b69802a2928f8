"""The product's programs as processes of their own, started and ended by their ids; waiting for conditions."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

from tests.acceptance.device import Reply, request

PROGRAM = Path(sys.executable).with_name("roomkeeper")
START_SECONDS = 180
STOP_SECONDS = 20
INTERNAL, PUBLIC = "127.0.0.1", "127.0.0.2"
# Below those that the kernel gives to connections, of which tests beside this one make many at any moment.
PORTS = range(20_000, 32_000)
T = TypeVar("T")


def eventually(find: Callable[[], T], what: str, *, seconds: float = 30, every: float = 0.1) -> T:
    """What `find` gives as soon as it is true; fails naming `what` and the last value where it never is."""
    deadline = time.monotonic() + seconds
    while True:
        found = find()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"Waited {seconds:.0f} s for this: {what}. Last: {found!r}")
        time.sleep(every)


def free_port(*hosts: str) -> int:
    """A port that is free on all of these addresses (both of the server's, by default)."""
    hosts = hosts or (INTERNAL, PUBLIC)
    for _ in range(100):
        port = random.choice(PORTS)
        try:
            for host in hosts:
                with socket.socket() as probe:
                    probe.bind((host, port))
        except OSError:
            continue
        return port
    raise AssertionError("no free port")


def clean_environment(**values: str) -> dict[str, str]:
    """The environment without what this test run or its caller says about Roomkeeper."""
    own = {k: v for k, v in os.environ.items() if not k.startswith(("ROOMKEEPER_", "DJANGO_"))}
    return {**own, **values}


class Program:
    """A running program. `output` is what it printed so far; `log` the file with its standard error."""

    def __init__(
        self,
        words: Sequence[str],
        log: Path,
        environment: dict[str, str],
        *,
        cwd: Path | None = None,
        stdin: int = subprocess.DEVNULL,
    ) -> None:
        self.output: list[str] = []
        self.log = log
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                list(words),
                stdout=subprocess.PIPE,
                stderr=errors,
                stdin=stdin,
                text=True,
                env=environment,
                cwd=cwd,
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output.append(line.rstrip("\n"))

    def line(self, beginning: str, *, seconds: float = START_SECONDS) -> str:
        """The first printed line that begins so, as soon as it is there."""

        def find() -> str | None:
            found = next((line for line in self.output if line.startswith(beginning)), None)
            if found is None and self.process.poll() is not None:
                words = self.log.read_text("utf-8", "replace")[-3000:]
                raise AssertionError(f"{self.process.args} ended with {self.process.returncode}: {words}")
            return found

        found = eventually(find, f"{beginning!r} from {self.process.args}", seconds=seconds, every=0.02)
        assert found is not None
        return found

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it and give its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(STOP_SECONDS)
            raise AssertionError(
                f"{self.process.args} did not end within {STOP_SECONDS} s of signal {number}"
            ) from None

    def memory(self) -> int:
        """Its resident memory now, in bytes."""
        return _status_field(self.process.pid, "VmRSS")

    def settled_memory(self, *, seconds: float = 60.0) -> int:
        """The same once it grows no more: a server that has just started loads for a while what it needs first."""
        until, before = time.monotonic() + seconds, 0
        while (now := self.memory()) > before + _STEADY and time.monotonic() < until:
            before = now
            time.sleep(_LOOK)
        return now

    def peak_memory(self) -> int:
        """The most it ever was."""
        return _status_field(self.process.pid, "VmHWM")

    def bytes_written(self) -> int:
        """What it has written to files and sockets until now, in bytes."""
        lines = Path(f"/proc/{self.process.pid}/io").read_text("ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("wchar"))

    def forget_peak(self) -> None:
        """Begin a new peak from now on."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5", "ascii")


# It grows by less than this, in bytes, from one look to the next, so many seconds later.
_STEADY = 500_000
_LOOK = 3.0


def _status_field(pid: int, field: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


class Api:
    """The REST API with a token; keeps the text of every answer for the search for secrets."""

    def __init__(self, origin: str, token: str) -> None:
        self.origin = origin
        self._token = token
        self.answers: list[str] = []

    def __call__(self, method: str, path: str, body: Any = None, *, expect: int = 200) -> Any:
        """One call below /api/v1/; the JSON of its answer, which must have the expected status."""
        reply = self.raw(method, f"/api/v1/{path}", body)
        assert reply.status == expect, (method, path, reply.status, reply.body[:1000])
        return json.loads(reply.body) if reply.body else None

    def raw(self, method: str, path: str, body: Any = None) -> Reply:
        """One call, whatever it answers."""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body).encode()
        reply = request(method, self.origin + path, content, headers=headers)
        self.answers.append(reply.body.decode("utf-8", "replace"))
        return reply

    def items(self, path: str) -> list[dict[str, Any]]:
        """All items of a list, page by page."""
        found: list[dict[str, Any]] = []
        joint = "&" if "?" in path else "?"
        cursor = ""
        while True:
            page = self("GET", f"{path}{joint}limit=200{cursor}")
            found += page["items"]
            if page["next"] is None:
                return found
            cursor = f"&cursor={page['next']}"

    def system(self, serial_number: str) -> dict[str, Any] | None:
        """The system with that serial number in whichever state, or None."""
        found = self.items(f"systems?state=all&serial_number={serial_number}")
        return found[0] if found else None


class Server:
    """A data folder and the processes on it. `environment` holds settings as ROOMKEEPER_… variables."""

    PASSWORD = "Correct-Horse-Battery-7"

    def __init__(self, data: Path, **environment: str) -> None:
        self.data = data
        self.environment = clean_environment(ROOMKEEPER_DATA=str(data), **environment)
        self.http_port, self.https_port = free_port(), free_port()
        self.programs: list[Program] = []
        self._starting = threading.Lock()
        self.token = ""

    @property
    def http(self) -> str:
        """The internal origin by HTTP."""
        return f"http://{INTERNAL}:{self.http_port}"

    @property
    def https(self) -> str:
        """The internal origin by HTTPS."""
        return f"https://{INTERNAL}:{self.https_port}"

    @property
    def public_http(self) -> str:
        """The public origin by HTTP."""
        return f"http://{PUBLIC}:{self.http_port}"

    @property
    def public_https(self) -> str:
        """The public origin by HTTPS."""
        return f"https://{PUBLIC}:{self.https_port}"

    @property
    def listeners(self) -> list[str]:
        """The options that say where to listen."""
        words = []
        for host in (INTERNAL, PUBLIC):
            words += ["--http", f"{host}:{self.http_port}", "--https", f"{host}:{self.https_port}"]
        return words

    @property
    def log(self) -> str:
        """All that its processes wrote to standard error."""
        return "".join(
            p.read_text("utf-8", "replace") for p in sorted(self.data.parent.glob(f"{self.data.name}*.log"))
        )

    def start(self, command: str = "serve", *words: str, prefix: Sequence[str] = ()) -> Program:
        """Start a part of the server, behind `prefix`, and wait until it is ready."""
        with self._starting:
            log = self.data.parent / f"{self.data.name}-{len(self.programs)}.log"
            program = Program(
                [*prefix, str(PROGRAM), command, *(words or self.listeners)], log, self.environment
            )
            self.programs.append(program)
        program.line("ready")
        return program

    def start_with_administrator(self) -> tuple[Program, Api]:
        """Start the whole server, make an administrator with a token, and let the server contact the endpoints of the
        tests, which are on loopback."""
        program, api = self.start(), self.administrator()
        api("PATCH", "network-settings", {"contactable_networks": ["127.0.0.0/8", "::1/128"]})
        return program, api

    def administrator(self, origin: str = "") -> Api:
        """The API as an administrator, who is made by the command line."""
        if not self.token:
            self.cli(
                "user", "create", "boss", "--role", "administrator", "--password-stdin", send=self.PASSWORD
            )
            self.token = self.cli("token", "create", "boss").strip().splitlines()[-1]
        return Api(origin or self.http, self.token)

    def cli(self, *words: str, send: str = "") -> str:
        """Run a command on this data folder; what it printed."""
        done = subprocess.run(
            [str(PROGRAM), *words],
            input=send + "\n",
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    def stop(self) -> None:
        """End whatever still runs."""
        for program in self.programs:
            if program.process.poll() is None:
                program.stop()


class Fleet:
    """Virtual endpoints as a process, with their control API."""

    def __init__(
        self, folder: Path, endpoints: Sequence[dict[str, Any]], *, prefix: Sequence[str] = ()
    ) -> None:
        plan = folder / "fleet.toml"
        lines = []
        for endpoint in endpoints:
            # JSON's strings, numbers and booleans are TOML's.
            lines += [
                "[[endpoint]]",
                *(f"{key} = {json.dumps(value)}" for key, value in endpoint.items()),
                "",
            ]
        plan.write_text("\n".join(lines), "utf-8")
        words = [*prefix, str(PROGRAM), "virtual", "run", "--plan", str(plan), "--control", "127.0.0.1:0"]
        self.program = Program(words, folder / "fleet.log", clean_environment())
        self._control = self.program.line("control ").split()[1]
        self.program.line("ready ")

    def show(self, serial: str) -> dict[str, Any]:
        """An endpoint with its settings, its status and its last posts."""
        reply = request("GET", f"{self._control}/{serial}")
        assert reply.status == 200, reply.body
        return dict(json.loads(reply.body))

    def act(self, serial: str, verb: str, body: dict[str, Any] | None = None) -> None:
        """`boot`, `post`, `configuration`, `status` or `command` of an endpoint."""
        content = json.dumps(body or {}).encode()
        headers = {"Content-Type": "application/json"}
        reply = request("POST", f"{self._control}/{serial}/{verb}", content, headers=headers)
        assert reply.status in (200, 202), reply.body

    def panel(self, serial: str, query: str = "", pressed: dict[str, str] | None = None) -> str:
        """The page of an endpoint's touch panel; that a button was pressed where it is given a form."""
        url = f"{self._control.removesuffix('/endpoints')}/panel/{serial}"
        if pressed is not None:
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            reply = request("POST", f"{url}/do", urlencode(pressed).encode(), headers=headers)
            assert reply.status == 303, reply.body
            url = url.partition("/panel/")[0] + reply.headers["location"]
            return request("GET", url).body.decode()
        reply = request("GET", url + query)
        assert reply.status == 200, reply.body
        return reply.body.decode()

    def stop(self) -> None:
        """End it."""
        self.program.stop()

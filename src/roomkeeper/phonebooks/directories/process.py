"""Asks an LDAP server, as a program of its own: it is given one question, and tells what it hears line by line.

A process, because bonsai waits for a server without letting other threads run, and libldap takes an answer of any size
into memory: here neither harms anybody, and whoever asked can end it. It imports nothing of the package: `asking`
writes it out as it was when the server started. The question is one JSON object on standard input. Each line of output
is a JSON list:

    ["bound"]                               the server let us in
    ["entry", SEARCH, DN, VALUES, LONG]     VALUES: by attribute the octets of each, as text of Latin-1;
                                            LONG: by attribute the longest length among values that were left out
    ["many", SEARCH, DN, ATTRIBUTE]         more values than are taken
    ["refers", SEARCH, URLS]                part of what was asked for is elsewhere
    ["elsewhere", SEARCH, URLS]             all of it is; without URLS the base may not be read, or nobody says where
    ["end"]                                 everything was told
    ["failed", STAGE, CODE, WORDS, SEARCH]  STAGE: connecting, reading or memory; CODE: the LDAP result code
"""

import json
import re
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

# An address has 255 characters, a note as many.
LONGEST: Final = 4_096
VALUES: Final = 100
# So many kinds of attributes (“telephoneNumber;x-work”) may come that nobody asked for.
NAMES: Final = 200
SCOPES: Final = {"base": 0, "one": 1, "sub": 2}
_ANY: Final = "(objectClass=*)"
ADMINISTRATIVE_LIMIT: Final = 11
_REFUSED_PAGING: Final = frozenset({ADMINISTRATIVE_LIMIT, 12, 53})


def main() -> int:
    """Do what is asked; always 0: what went wrong is told."""
    question = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (question["memory"], question["memory"]))
    import bonsai

    # It takes neither “cn=Room #5” nor “cn=a=b” for a DN, and then the whole page is lost
    # (findings/bonsai-one-hash-costs-the-whole-search.sh). Which names a server gives is not ours to judge.
    bonsai.LDAPDN._dnregex = re.compile("")
    asker = Asker(bonsai, question)
    try:
        asker.ask()
        tell("end")
    except MemoryError:
        tell("failed", "memory", 0, "", asker.number)
    except bonsai.LDAPError as error:
        words = str(error.args[0] if error.args else "")[:500]
        tell(
            "failed",
            "memory" if is_short(question["memory"]) else asker.stage,
            error.code,
            words,
            asker.number,
        )
    except (ValueError, TypeError, SystemError) as error:
        # How bonsai says that it cannot make sense of what it heard.
        words = f"{type(error).__name__}: {error}"[:500]
        tell("failed", "memory" if is_short(question["memory"]) else asker.stage, 0, words, asker.number)
    return 0


def is_short(memory: int) -> bool:
    """Whether it was memory that went wrong: libldap says that it cannot contact the server, bonsai nothing."""
    status = Path("/proc/self/status")
    found = re.search(r"VmPeak:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return found is not None and int(found[1]) * 1024 * 2 > memory


def tell(*line: Any) -> None:
    """Say something to whoever asked."""
    sys.stdout.write(json.dumps(line) + "\n")
    if line[0] != "entry":
        sys.stdout.flush()


class Asker:
    """One question, asked of one server."""

    def __init__(self, bonsai: Any, question: dict[str, Any]) -> None:
        self.bonsai = bonsai
        self.question = question
        self.limit = float(question["limit"])
        self.stage = "connecting"
        self.number = 0
        self.raw: dict[str, str] = {}
        self.client: Any = None

    def ask(self) -> None:
        """Ask all, and tell it."""
        self.client = self.new_client()
        with self.client.connect(timeout=self.limit) as connection:
            self.stage = "reading"
            tell("bound")
            for number, search in enumerate(self.question["searches"]):
                self.number = number
                self.tell_search(connection, number, search)

    def new_client(self) -> Any:
        """Who connects to the server, and how; nothing is sent yet."""
        client = self.bonsai.LDAPClient(self.question["url"], tls=self.question["start_tls"])
        if self.question["user"]:
            client.set_credentials("SIMPLE", user=self.question["user"], password=self.question["password"])
        client.set_cert_policy("demand")
        if self.question["authorities"]:
            client.set_ca_cert(self.question["authorities"])
        client.set_auto_page_acquire(False)
        client.set_server_chase_referrals(False)
        client.set_ignore_referrals(False)
        return client

    def tell_search(self, connection: Any, number: int, search: dict[str, Any]) -> None:
        """Tell what a search finds."""
        self.keep_octets(*search["attributes"])
        told, refers, most = 0, False, search["most"]
        for page in self.pages(connection, search):
            for found in page:
                if isinstance(found, self.bonsai.LDAPReference):
                    refers = True
                    tell("refers", number, [str(url) for url in found.references])
                elif most is None or told < most:
                    told += 1
                    self.tell_entry(connection, number, found, search)
            # What comes next may take as long as the server likes.
            sys.stdout.flush()
            if most is not None and told >= most:
                return
        if not told and not refers and not self.is_there(connection, search["base"]):
            self.tell_elsewhere(number, search["base"])

    def pages(self, connection: Any, search: dict[str, Any], *, is_paged: bool = True) -> Iterator[list[Any]]:
        """What a search finds, page by page; all at once from a server that gives this account no pages."""
        given = (search["base"], SCOPES[search["scope"]], search["filter"], search["attributes"])
        if not is_paged:
            yield connection.search(*given, timeout=self.limit)
            return
        size = search["page_size"] if search["most"] is None else min(search["page_size"], search["most"])
        try:
            page = connection.paged_search(*given, timeout=self.limit, page_size=size)
        except self.bonsai.LDAPError as error:
            if error.code not in _REFUSED_PAGING:
                raise
            # Some servers forbid pages to some accounts.
            yield from self.pages(connection, search, is_paged=False)
            return
        while True:
            yield list(page)
            message = page.acquire_next_page()
            if message is None:
                return
            page = connection.get_result(message, self.limit)

    def keep_octets(self, *names: str) -> None:
        """Have bonsai hand over the values of these as they are: it makes a number of “+4722334455”
        (findings/bonsai-numbers-lose-their-plus.sh)."""
        for name in names:
            if len(self.raw) < NAMES:
                self.raw.setdefault(name.lower(), name)
        self.client.set_raw_attributes(list(self.raw.values()))

    def tell_entry(self, connection: Any, number: int, entry: Any, search: dict[str, Any]) -> None:
        """Tell an entry, with the octets of its values."""
        converted = [
            name
            for name, found in entry.items(exclude_dn=True)
            if name.lower() not in self.raw and any(isinstance(one, int) for one in found)
        ]
        if converted:
            # It came under a name that was not asked for, as with an option: its octets are gone, so once more.
            self.keep_octets(*converted)
            again = connection.search(str(entry.dn), 0, _ANY, search["attributes"], timeout=self.limit)
            entry = next((one for one in again if hasattr(one, "dn")), entry)
        values: dict[str, list[str]] = {}
        long: dict[str, int] = {}
        for name, found in entry.items(exclude_dn=True):
            octets = [_octets(one) for one in found[:VALUES] if isinstance(one, bytes | str | bool)]
            values[name] = [one.decode("latin-1") for one in octets if len(one) <= LONGEST]
            longest = max(map(len, octets), default=0)
            if longest > LONGEST:
                long[name] = longest
            if len(found) > VALUES:
                tell("many", number, str(entry.dn), name)
        tell("entry", number, str(entry.dn), values, long)

    def is_there(self, connection: Any, base: str) -> bool:
        """Whether the base itself is held here and may be read."""
        found = connection.search(base, 0, _ANY, ["1.1"], timeout=self.limit)
        return any(not isinstance(one, self.bonsai.LDAPReference) for one in found)

    def tell_elsewhere(self, number: int, base: str) -> None:
        """bonsai says nothing of a base that is on another server; its entry names it to who asks for the entry."""
        client = self.new_client()
        client.set_managedsait(True)
        client.set_raw_attributes(["ref"])
        with client.connect(timeout=self.limit) as connection:
            found = connection.search(base, 0, _ANY, ["ref"], timeout=self.limit)
        urls = [one.decode("latin-1") for entry in found for one in entry.get("ref", ())]
        tell("elsewhere", number, urls[:VALUES])


def _octets(value: bytes | str | bool) -> bytes:
    """What the server sent: what bonsai makes text of was good UTF-8, and of two words it makes truth."""
    if isinstance(value, bool):
        return b"TRUE" if value else b"FALSE"
    return value.encode() if isinstance(value, str) else value


if __name__ == "__main__":
    sys.exit(main())

"""The status of one endpoint: facts over the profile's template, kept only where they differ from it."""

from __future__ import annotations

from collections.abc import Callable

from roomkeeper.virtual.paths import is_under, order

StatusListener = Callable[[dict[str, str], tuple[str, ...]], None]
"""Gets what changed (path -> value) and the list nodes that went away (ghosts)."""


class StatusTree:
    """Facts by path; changes are told to listeners in one piece."""

    def __init__(self, template: dict[str, str]) -> None:
        self._template = template
        self._facts: dict[str, str] = {}
        self._gone: set[str] = set()
        self._listeners: list[StatusListener] = []
        self._computed: dict[str, Callable[[], str]] = {}

    def listen(self, listener: StatusListener) -> None:
        """Call `listener(changed, ghosts)` on every change."""
        self._listeners.append(listener)

    def compute(self, path: str, function: Callable[[], str]) -> None:
        """Let `function` say the value each time it is read (uptime, the time of day): never announced."""
        self._computed[path] = function

    def find(self, path: str, default: str = "") -> str:
        """The value at this exact path."""
        if path in self._computed:
            return self._computed[path]()
        if path in self._facts:
            return self._facts[path]
        return default if path in self._gone else self._template.get(path, default)

    def preset(self, facts: dict[str, str]) -> None:
        """Set facts without telling anybody."""
        self._facts.update(facts)

    def set(self, facts: dict[str, str]) -> dict[str, str]:
        """Set facts; returns and announces those that changed."""
        changed = {}
        for path, value in facts.items():
            known = self._facts.get(path)
            if known is None and path not in self._gone:
                known = self._template.get(path)
            if known != value:
                changed[path] = value
                self._facts[path] = value
                self._gone.discard(path)
        if changed:
            self._tell(changed, ())
        return changed

    def remove(self, node: str, *, is_list_member: bool = True) -> None:
        """Take a node and all below it away; a list member's going is announced as a ghost (notes C.4)."""
        below = [path for path in self._facts if is_under(path, node)]
        for path in below:
            del self._facts[path]
        self._computed = {
            path: function for path, function in self._computed.items() if not is_under(path, node)
        }
        templated = {path for path in self._template if is_under(path, node)} - self._gone
        self._gone |= templated
        if (below or templated) and is_list_member:
            self._tell({}, (node,))

    def as_dict(self) -> dict[str, str]:
        """Every fact, in no particular order."""
        facts = {path: value for path, value in self._template.items() if path not in self._gone}
        facts.update(self._facts)
        for path, function in self._computed.items():
            facts[path] = function()
        return facts

    def under(self, node: str) -> dict[str, str]:
        """The facts at and below a node, in document order."""
        facts = {path: value for path, value in self.as_dict().items() if is_under(path, node)}
        return dict(sorted(facts.items(), key=lambda one: order(one[0])))

    def members(self, node: str) -> list[int]:
        """The item numbers of the list at `node` (`Call`, `Diagnostics/Message`)."""
        start = node + "["
        found = {
            int(path[len(start) :].partition("]")[0]) for path in self.as_dict() if path.startswith(start)
        }
        return sorted(found)

    def _tell(self, changed: dict[str, str], ghosts: tuple[str, ...]) -> None:
        for listener in list(self._listeners):
            listener(changed, ghosts)

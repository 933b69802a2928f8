"""The configuration of one endpoint: values over the profile's leaves, checked against their value spaces."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from roomkeeper.virtual.paths import BadPath, match_key, normalise, order
from roomkeeper.virtual.profile import Profile, ProfileLeaf

HIDDEN = "***"


class UnknownSetting(LookupError):
    """This endpoint has no such setting."""


class SettingRefused(ValueError):
    """The endpoint does not take this value."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


Listener = Callable[[str, str, str], None]


class ConfigurationTree:
    """Settings by canonical path; only what differs from the factory values is kept per endpoint."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._values: dict[str, str] = {}
        self._listeners: list[Listener] = []
        self.keeps_silently: set[str] = set()
        """Paths whose writes are acknowledged and forgotten (a fault switch: value silently kept)."""
        self.refuses: set[str] = set()
        """Paths whose writes are refused whatever the value (a fault switch)."""

    def find_leaf(self, path: str) -> ProfileLeaf | None:
        """The leaf that any spelling of `path` names."""
        try:
            wanted = normalise(path)
        except BadPath:
            return None
        canonical = self._profile.configuration_keys.get(match_key(wanted))
        return self._profile.configuration[canonical] if canonical else None

    def get(self, path: str) -> str:
        """The value in force (passwords in clear); raises UnknownSetting."""
        leaf = self.find_leaf(path)
        if leaf is None:
            raise UnknownSetting(path)
        return self._values.get(leaf.path, leaf.default)

    def find(self, path: str, default: str = "") -> str:
        """The value in force, or `default` where this endpoint has no such setting."""
        leaf = self.find_leaf(path)
        return default if leaf is None else self._values.get(leaf.path, leaf.default)

    def set(self, path: str, value: str) -> bool:
        """Write one value; True if it changed.  Raises UnknownSetting, SettingRefused."""
        leaf = self.find_leaf(path)
        if leaf is None:
            raise UnknownSetting(path)
        value = leaf.space.canonical(value)
        refusal = "Illegal value" if leaf.path in self.refuses else leaf.space.refusal(value)
        if refusal is not None:
            raise SettingRefused(leaf.path, refusal)
        before = self._values.get(leaf.path, leaf.default)
        if before == value or leaf.path in self.keeps_silently:
            return False
        if value == leaf.default:
            self._values.pop(leaf.path, None)
        else:
            self._values[leaf.path] = value
        for listener in list(self._listeners):
            listener(leaf.path, before, value)
        return True

    def preset(self, values: dict[str, str]) -> None:
        """Give values without telling anybody; settings this model lacks are passed over."""
        for path, value in values.items():
            leaf = self.find_leaf(path)
            if leaf is not None:
                self._values[leaf.path] = leaf.space.canonical(value)

    def reset(self, keep: tuple[str, ...] = ()) -> None:
        """Factory values for all but the paths below `keep`."""
        self._values = (
            {path: value for path, value in self._values.items() if path.startswith(keep)} if keep else {}
        )

    def shown(self, leaf: ProfileLeaf) -> str:
        """The value as documents show it: `***` for passwords, set or not (protocol notes D.4)."""
        return HIDDEN if leaf.space.is_hidden else self._values.get(leaf.path, leaf.default)

    def listen(self, listener: Listener) -> None:
        """Call `listener(path, before, after)` on every change."""
        self._listeners.append(listener)

    def leaves(self) -> Iterator[ProfileLeaf]:
        """All leaves in document order."""
        for path in _ordered(self._profile):
            yield self._profile.configuration[path]

    def as_dict(self) -> dict[str, str]:
        """Every setting as documents show it."""
        return {leaf.path: self.shown(leaf) for leaf in self.leaves()}

    def maximum(self, node: str) -> int:
        """How many members the list that `node` belongs to may have."""
        return self._profile.maxima.get(node, 1)


_ORDERS: dict[str, list[str]] = {}


def _ordered(profile: Profile) -> list[str]:
    paths = _ORDERS.get(profile.name)
    if paths is None:
        paths = _ORDERS[profile.name] = sorted(profile.configuration, key=order)
    return paths

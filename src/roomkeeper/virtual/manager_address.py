"""Where a manager is: a URL as people give it, and the settings that say the same to an endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

DEFAULT_PATH = "tms/public/external/management/SystemManagementService.asmx"
"""As devices themselves write it (protocol notes A.1)."""


class BadManagerAddress(ValueError):
    """Not a URL of a manager."""


@dataclass(frozen=True, slots=True)
class ManagerAddress:
    """A manager's address, taken apart as ExternalManager's settings have it."""

    protocol: str
    address: str
    path: str

    @classmethod
    def parse(cls, url: str) -> ManagerAddress:
        """A bare origin gets the default path; raises BadManagerAddress."""
        parts = urlsplit(url if "://" in url else f"http://{url}")
        if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
            message = (
                f"{url!r} is not the address of a manager: give http://host[:port] or https://host[:port]"
            )
            raise BadManagerAddress(message)
        path = parts.path.lstrip("/") or DEFAULT_PATH
        if parts.query:
            path += f"?{parts.query}"
        return cls(parts.scheme.upper(), parts.netloc.rpartition("@")[2], path)

    def settings(self, node: str) -> dict[str, str]:
        """The three settings below `node`."""
        return {f"{node}/Address": self.address, f"{node}/Path": self.path, f"{node}/Protocol": self.protocol}

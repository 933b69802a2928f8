"""Secrets at rest: the key file outside the database, encryption with rotation, digests, and making new secrets."""

import base64
import hashlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from roomkeeper.words import gettext as _

KEY_FILE = "keys.json"
# 160 bits: 32 base32 letters, above the 128 bits of rule R4 and without padding.
SECRET_BYTES = 20


class KeyFileUnusable(RuntimeError):
    """The key file cannot be used; without it stored passwords and device secrets cannot be read."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one installation. `encryption` holds the newest first; the older ones still decrypt."""

    web_key: str
    digest_key: bytes
    encryption: tuple[bytes, ...]

    def encrypt(self, text: str) -> bytes:
        """Encrypt with the newest key."""
        return _fernet(self.encryption).encrypt(text.encode())

    def decrypt(self, ciphertext: bytes) -> str:
        """Decrypt with whichever key fits; raises `KeyFileUnusable` where none does."""
        try:
            return _fernet(self.encryption).decrypt(bytes(ciphertext)).decode()
        except InvalidToken as error:
            raise KeyFileUnusable(
                _("A stored secret was encrypted with a key that keys.json does not contain.")
            ) from error

    def re_encrypt(self, ciphertext: bytes) -> bytes:
        """The same secret under the newest key."""
        return _fernet(self.encryption).rotate(bytes(ciphertext))

    def digest(self, secret: str) -> bytes:
        """HMAC-SHA256 by which a device secret is found again; letter case does not count (rule R4)."""
        return hmac.digest(self.digest_key, secret.lower().encode("utf-8", "replace"), "sha256")


@lru_cache(maxsize=8)
def _fernet(encryption: tuple[bytes, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in encryption])


def new_secret() -> str:
    """A device secret: lower-case base32, because the paths of devices ignore case (rule R4)."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode().lower()


def load(data: Path) -> Keys:
    """The keys of the data folder; a file that was replaced is read anew, so that a running server follows a rotation.
    Raises `KeyFileUnusable`, also where there is none: only `make` makes one."""
    path = f"{data}/{KEY_FILE}"
    try:
        found = os.stat(path)  # noqa: PTH116 - called for every post; a Path costs three times as much
    except FileNotFoundError as error:
        raise KeyFileUnusable(
            _("There is no key file {path}. Restore it from a backup.", path=path)
        ) from error
    return _read(path, found.st_ino, found.st_mtime_ns)


def make(data: Path) -> Keys:
    """Make the key file (mode 0600) where there is none. Only for a database that holds nothing yet (rule R15), and for
    whoever gave the old keys up."""
    path = data / KEY_FILE
    if not path.exists():
        _write_new(
            path,
            {
                "web": secrets.token_urlsafe(48),
                "digest": secrets.token_hex(32),
                "encryption": [Fernet.generate_key().decode()],
            },
        )
    return load(data)


@lru_cache(maxsize=4)
def _read(path: str, inode: int, changed_at: int) -> Keys:
    try:
        found = json.loads(Path(path).read_text("ascii"))
        keys = Keys(
            str(found["web"]), bytes.fromhex(found["digest"]), tuple(k.encode() for k in found["encryption"])
        )
        # Keys that cannot encrypt are to be noticed at the start and not at the first password.
        _fernet(keys.encryption)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise KeyFileUnusable(
            _(
                "{path} cannot be read ({error}). Restore it from a backup. Only where there is "
                "none: move the file away, and run roomkeeper keys adopt, which tells what is lost "
                "with it.",
                path=path,
                error=error,
            )
        ) from error
    return keys


def add_encryption_key(data: Path) -> Keys:
    """Put a new encryption key in front; older secrets stay readable until they are encrypted anew."""
    keys = load(data)
    encryption = (Fernet.generate_key(), *keys.encryption)
    _replace(data / KEY_FILE, keys, encryption)
    return load(data)


def drop_old_encryption_keys(data: Path) -> Keys:
    """Forget all but the newest key; call only after everything stored was encrypted anew."""
    keys = load(data)
    _replace(data / KEY_FILE, keys, keys.encryption[:1])
    return load(data)


def _replace(path: Path, keys: Keys, encryption: tuple[bytes, ...]) -> None:
    content = {
        "web": keys.web_key,
        "digest": keys.digest_key.hex(),
        "encryption": [k.decode() for k in encryption],
    }
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    _write_new(beside, content)
    beside.replace(path)


def _write_new(path: Path, content: Mapping[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Written beside and linked into place, so that two processes that start together agree on one file.
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    # A file system's own times are a few milliseconds coarse; a file that was replaced has to be told from the last.
    moment = time.time_ns()
    os.utime(beside, ns=(moment, moment))
    try:
        os.link(beside, path)
    except FileExistsError:
        pass
    finally:
        beside.unlink(missing_ok=True)


def fingerprint(content: bytes) -> str:
    """SHA-256 in hex, for pins and stored documents."""
    return hashlib.sha256(content).hexdigest()

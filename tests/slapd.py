"""OpenLDAP's own server as a process of a test: a configuration, a database and certificates of its own, on loopback.

The machine's slapd service, if there is one, has nothing to do with it. Filled by `slapadd` before it starts.
"""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Self

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

HOST: Final = "127.0.0.1"
SUFFIX: Final = "dc=example,dc=org"
ADMINISTRATOR: Final = f"cn=admin,{SUFFIX}"
PASSWORD: Final = "correct horse"
_PATHS: Final = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
_MODULES: Final = ("/usr/lib/ldap", "/usr/lib64/openldap", "/usr/lib/openldap")
# What the settings of both are called.
FILES: Final = ("File", "KeyFile")
_SCHEMAS: Final = ("core", "cosine", "inetorgperson")
_STARTED_WITHIN: Final = 20.0


def missing() -> str:
    """What is not installed, as a sentence; "" where all is."""
    for program in ("slapd", "slapadd", "ldapmodify"):
        if shutil.which(program, path=_PATHS) is None:
            return f"OpenLDAP's {program} is not installed"
    return "" if find_spec("bonsai") else "bonsai, the extra roomkeeper[ldap], is not installed"


def demand_slapd() -> str:
    """Where `slapd` is; without it, or without bonsai, a test fails in CI and is skipped elsewhere."""
    if sentence := missing():
        if os.environ.get("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)
    found = shutil.which("slapd", path=_PATHS)
    assert found is not None
    return found


class Authority:
    """A certificate authority of a test, and the certificates that it signs."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority of a test")])
        now = datetime.now(UTC)
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(self._name)
            .issuer_name(self._name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=30))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def issue(self, host: str = HOST, *, is_expired: bool = False) -> tuple[Path, Path]:
        """Files of a certificate for that host and of its key."""
        now = datetime.now(UTC)
        key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
        try:
            named: x509.GeneralName = x509.IPAddress(ip_address(host))
        except ValueError:
            named = x509.DNSName(host)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)]))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=20))
            .not_valid_after(now + timedelta(days=-1 if is_expired else 20))
            .add_extension(x509.SubjectAlternativeName([named]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        stem = f"{host}{'-expired' if is_expired else ''}".replace(":", "-")
        files = self._folder / f"{stem}.pem", self._folder / f"{stem}.key"
        files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        files[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return files


class Slapd:
    """A directory below `dc=example,dc=org`. `entries` are in LDIF; `settings` lines of its database, `head` lines
    before it; `schemas` files of further schemas; `certificate` is what it shows. A context manager: it runs inside."""

    def __init__(
        self,
        folder: Path,
        entries: Iterable[str] = (),
        *,
        settings: Sequence[str] = (),
        head: Sequence[str] = (),
        schemas: Sequence[Path] = (),
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        self._program = demand_slapd()
        self.folder = folder
        (folder / "database").mkdir(parents=True)
        self.port, self.tls_port = free_port(), free_port()
        self._is_secure = certificate is not None
        self._process: subprocess.Popen[bytes] | None = None
        self._configuration = folder / "slapd.conf"
        modules = next((path for path in _MODULES if Path(path, "back_mdb.so").exists()), "")
        shipped = next(path for path in ("/etc/ldap/schema", "/etc/openldap/schema") if Path(path).is_dir())
        files = [*(Path(shipped, f"{name}.schema") for name in _SCHEMAS), *schemas]
        lines = [
            *([f"modulepath {modules}", "moduleload back_mdb"] if modules else []),
            *(f"include {path}" for path in files),
            *(f"TLSCertificate{what} {path}" for what, path in zip(FILES, certificate or (), strict=False)),
            f"pidfile {folder / 'slapd.pid'}",
            "sizelimit unlimited",
            *head,
            "database mdb",
            f"directory {folder / 'database'}",
            "maxsize 2147483648",
            f'suffix "{SUFFIX}"',
            f'rootdn "{ADMINISTRATOR}"',
            f'rootpw "{PASSWORD}"',
            *settings,
        ]  # fmt: skip
        self._configuration.write_text("\n".join(lines) + "\n")
        self.fill(
            [
                f"dn: {SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n",
                f"dn: ou=people,{SUFFIX}\nobjectClass: organizationalUnit\nou: people\n",
                *entries,
            ]
        )

    def fill(self, entries: Iterable[str]) -> None:
        """Add entries while it does not run."""
        file = self.folder / "entries.ldif"
        with file.open("w") as out:
            out.writelines(f"{entry}\n" for entry in entries)
        program = shutil.which("slapadd", path=_PATHS)
        assert program is not None
        done = subprocess.run(
            [program, "-q", "-f", str(self._configuration), "-l", str(file)], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr

    def modify(self, changes: Iterable[str]) -> None:
        """Change entries while it runs: LDIF with `changetype`."""
        program = shutil.which("ldapmodify", path=_PATHS)
        assert program is not None, "ldap-utils are not installed"
        done = subprocess.run(
            [program, "-x", "-H", f"ldap://{HOST}:{self.port}/", "-D", ADMINISTRATOR, "-w", PASSWORD],
            input="\n".join(changes), capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def __enter__(self) -> Self:
        urls = f"ldap://{HOST}:{self.port}/"
        if self._is_secure:
            urls += f" ldaps://{HOST}:{self.tls_port}/"
        log = (self.folder / "slapd.log").open("wb")
        # With -d it stays in the foreground.
        self._process = subprocess.Popen(
            [self._program, "-f", str(self._configuration), "-h", urls, "-d", "0"], stdout=log, stderr=log
        )
        log.close()
        self._wait()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(30)

    def _wait(self) -> None:
        assert self._process is not None
        until = datetime.now(UTC) + timedelta(seconds=_STARTED_WITHIN)
        while datetime.now(UTC) < until:
            assert self._process.poll() is None, (self.folder / "slapd.log").read_text()
            try:
                # It listens before it can answer; what is sent meanwhile is kept for it.
                socket.create_connection((HOST, self.port), 1).close()
            except ConnectionRefusedError:
                continue
            return
        pytest.fail("slapd did not come up")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def person(name: str, *lines: str, below: str = f"ou=people,{SUFFIX}") -> str:
    """A person in LDIF. `name` stands in the DN as it is there."""
    plain = name.replace("\\", "")
    # slapadd wants the values of an attribute together.
    classes = [line for line in lines if line.startswith("objectClass")]
    others = [line for line in lines if not line.startswith("objectClass")]
    return "\n".join(
        [
            f"dn: cn={name},{below}",
            "objectClass: inetOrgPerson",
            *classes,
            f"cn: {plain}",
            f"sn: {plain}",
            *others,
            "",
        ]
    )

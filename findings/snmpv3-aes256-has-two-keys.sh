#!/usr/bin/env bash
# SNMPv3, AES-256 with SHA-1: net-snmp and pysnmp mean different keys by the plain name, and the agent says nothing.
#
# SHA-1 gives 20 octets and AES-256 needs 32. Two drafts stretch them: draft-blumenthal-aes-usm-04 and
# draft-reeder-snmpv3-usm-3desede-00. Neither became a standard.
#
# Versions: snmpd of Debian 12 (5.9.3+dfsg-2+deb12u1), pysnmp 7.1.30, gufo-snmp 0.13.0.
# Seen: - snmpd's `AES256` is Blumenthal's, its `AES256C` Reeder's.
#       - pysnmp's usmAesCfb256Protocol is Reeder's, so it is not let in by `AES256` and is by `AES256C`.
#       - Whose key is the other one gets no report (usmStatsDecryptionErrors, RFC 3414 3.2 8a) but silence: a wrong way of
#         stretching looks like an agent that is switched off. A wrong authentication password is answered at once.
#       - gufo-snmp's Aes256Key is Blumenthal's where nothing else is said.
# Whoever manages devices has to try both ways before "no answer" may be called an unreachable system.
#
# Needs: Debian 12 (apt-get download, dpkg-deb), Python 3.11. Everything stays in a temporary folder and on loopback.
set -euo pipefail
work=$(mktemp -d)
agent=""
trap '[ -z "$agent" ] || kill "$agent" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
chmod 755 "$work"

for package in snmpd libsnmp40 libsnmp-base; do
    apt-get download -qq "$package=5.9.3+dfsg-2+deb12u1" 2>/dev/null
done
for package in *.deb; do dpkg-deb -x "$package" root; done
python3.11 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pysnmp==7.1.30 pyasn1==0.6.5 cryptography==50.0.2 gufo-snmp==0.13.0 2>pip.log ||
    { cat pip.log; exit 1; }

port=$(python3.11 -c 'import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >snmpd.conf <<END
agentaddress udp:127.0.0.1:$port
createUser plain SHA "authentication1" AES256 "privacy-word-1"
createUser c SHA "authentication1" AES256C "privacy-word-1"
rouser plain priv
rouser c priv
END
library=$(dirname "$(find root -name 'libnetsnmpagent.so.40' | head -1)")
LD_LIBRARY_PATH="$library" SNMP_PERSISTENT_DIR="$work/state" MIBS="" \
    root/usr/sbin/snmpd -f -Lf snmpd.log -C -c snmpd.conf -p snmpd.pid &
agent=$!

cat >ask.py <<'END'
import asyncio
import sys
import time

from gufo.snmp import Aes256Key, KeyExpansion, Sha1Key, User
from gufo.snmp.aio import SnmpSession
from pysnmp.hlapi.v3arch.asyncio import (
    ContextData, ObjectIdentity, ObjectType, SnmpEngine, UdpTransportTarget, UsmUserData, get_cmd,
    usmAesBlumenthalCfb256Protocol, usmAesCfb256Protocol, usmHMACSHAAuthProtocol,
)

PORT = int(sys.argv[1])
NAME = "1.3.6.1.2.1.1.5.0"


async def pysnmp(user, protocol, password="authentication1"):
    login = UsmUserData(user, password, "privacy-word-1", usmHMACSHAAuthProtocol, protocol)
    target = await UdpTransportTarget.create(("127.0.0.1", PORT), timeout=1.5, retries=1)
    error, _, _, values = await get_cmd(SnmpEngine(), login, target, ContextData(), ObjectType(ObjectIdentity(NAME)))
    return f"{type(error).__name__}" if error else "answered"


async def gufo(user, **stretching):
    login = User(user, auth_key=Sha1Key(b"authentication1"), priv_key=Aes256Key(b"privacy-word-1"), **stretching)
    try:
        async with SnmpSession("127.0.0.1", port=PORT, user=login, timeout=3) as session:
            await session.get(NAME)
            return "answered"
    except TimeoutError:
        return "TimeoutError"


async def main():
    until = time.monotonic() + 20
    while await pysnmp("plain", usmAesBlumenthalCfb256Protocol) != "answered":
        if time.monotonic() > until:
            raise SystemExit("snmpd did not come up")
    for user in ("plain", "c"):
        named = {"plain": "AES256", "c": "AES256C"}[user]
        print(f"snmpd {named:8} pysnmp usmAesCfb256Protocol           ", await pysnmp(user, usmAesCfb256Protocol))
        print(f"snmpd {named:8} pysnmp usmAesBlumenthalCfb256Protocol ", await pysnmp(user, usmAesBlumenthalCfb256Protocol))
        print(f"snmpd {named:8} gufo-snmp Aes256Key                   ", await gufo(user))
        print(f"snmpd {named:8} gufo-snmp Aes256Key, Cisco            ", await gufo(user, key_expansion=KeyExpansion.Cisco))
    print("snmpd AES256   pysnmp, wrong authentication password ",
          await pysnmp("plain", usmAesBlumenthalCfb256Protocol, "authentication2"))


asyncio.run(main())
END
venv/bin/python ask.py "$port" | tee seen

diff - seen <<'END' || { echo "what these versions do has changed"; exit 1; }
snmpd AES256   pysnmp usmAesCfb256Protocol            RequestTimedOut
snmpd AES256   pysnmp usmAesBlumenthalCfb256Protocol  answered
snmpd AES256   gufo-snmp Aes256Key                    answered
snmpd AES256   gufo-snmp Aes256Key, Cisco             TimeoutError
snmpd AES256C  pysnmp usmAesCfb256Protocol            answered
snmpd AES256C  pysnmp usmAesBlumenthalCfb256Protocol  RequestTimedOut
snmpd AES256C  gufo-snmp Aes256Key                    TimeoutError
snmpd AES256C  gufo-snmp Aes256Key, Cisco             answered
snmpd AES256   pysnmp, wrong authentication password  WrongDigest
END
echo "as it was"

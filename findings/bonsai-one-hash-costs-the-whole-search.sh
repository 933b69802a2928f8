#!/usr/bin/env bash
# bonsai 1.5.5: one entry named "Room #5" or "a=b" in a directory, and the whole search fails with InvalidDN.
#
# In a DN "#" has to be escaped only as the first sign of a value, and "=" nowhere (RFC 4514 2.4), so servers tell
# cn=Room #5,… as it is. bonsai holds each DN of an answer against an expression of its own that takes neither, and raises
# InvalidDN for the search: none of the other entries is handed over, and the sentence names an entry that is in order. Rooms
# are named so; a directory that was read for years cannot be read from the day on which somebody adds one.
#
# Versions: bonsai 1.5.5 with libldap of OpenLDAP 2.5.13 (Debian 12), slapd 2.5.13+dfsg-5, Python 3.11.
# Seen:
#     slapd tells: cn=Room 4,dc=example,dc=org
#     slapd tells: cn=Room #5,dc=example,dc=org
#     bonsai: InvalidDN cn=Room #5,dc=example,dc=org
#     bonsai, Room 4 alone: 1 entry
#     LDAPDN: cn=\#5,dc=org taken, cn=5#,dc=org refused, cn=a=b,dc=org refused
#
# Needs: Debian 12 (apt-get download, dpkg-deb; libldap-dev, libsasl2-dev and gcc to build bonsai), Python 3.11. Everything else
# stays in a temporary folder and on loopback. Exits non-zero when the behaviour changes.
set -euo pipefail
work=$(mktemp -d)
server=""
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
chmod 755 "$work"

for package in slapd libodbc2 libltdl7 ldap-utils; do apt-get download -qq "$package" 2>/dev/null; done
[ -f slapd_2.5.13+dfsg-5_*.deb ] || { echo "this is not the slapd that was looked at"; exit 1; }
for package in *.deb; do dpkg-deb -x "$package" root; done
python3.11 -m venv venv
venv/bin/pip install -q --disable-pip-version-check bonsai==1.5.5 2>pip.log || { cat pip.log; exit 1; }

port=$(python3.11 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
mkdir database
cat >slapd.conf <<END
modulepath $work/root/usr/lib/ldap
moduleload back_mdb
include $work/root/etc/ldap/schema/core.schema
database mdb
directory $work/database
suffix "dc=example,dc=org"
END
cat >rooms.ldif <<'END'
dn: dc=example,dc=org
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: cn=Room 4,dc=example,dc=org
objectClass: device
cn: Room 4

dn: cn=Room #5,dc=example,dc=org
objectClass: device
cn: Room #5
END
export LD_LIBRARY_PATH
LD_LIBRARY_PATH=$(dirname "$(find "$work/root" -name 'libltdl.so.7' | head -1)"):$(dirname "$(find "$work/root" -name 'libodbc.so.2' | head -1)")
root/usr/sbin/slapd -T add -f slapd.conf -l rooms.ldif
root/usr/sbin/slapd -f slapd.conf -h "ldap://127.0.0.1:$port/" -d 0 >slapd.log 2>&1 &
server=$!

cat >ask.py <<'END'
import sys
import time

import bonsai


def search(wanted):
    client = bonsai.LDAPClient(f"ldap://127.0.0.1:{sys.argv[1]}")
    until = time.monotonic() + 20
    while True:
        try:
            with client.connect(timeout=5) as connection:
                return connection.search("dc=example,dc=org", 2, wanted, ["cn"], timeout=5)
        except bonsai.ConnectionError:
            if time.monotonic() > until:
                raise


def judged(dn):
    try:
        bonsai.LDAPDN(dn)
    except bonsai.InvalidDN:
        return f"{dn} refused"
    return f"{dn} taken"


try:
    print("bonsai:", len(search("(objectClass=device)")), "entries")
except bonsai.InvalidDN as error:
    print("bonsai: InvalidDN", error.args[0])
print("bonsai, Room 4 alone:", len(search("(cn=Room 4)")), "entry")
print("LDAPDN:", ", ".join(map(judged, ["cn=\\#5,dc=org", "cn=5#,dc=org", "cn=a=b,dc=org"])))
END
venv/bin/python ask.py "$port" >answers
root/usr/bin/ldapsearch -LLL -x -o nettimeout=5 -H "ldap://127.0.0.1:$port/" -b dc=example,dc=org '(objectClass=device)' 1.1 |
    sed -n 's/^dn: /slapd tells: /p' >seen
cat answers >>seen
cat seen

diff - seen <<'END' || { echo "what these versions do has changed"; exit 1; }
slapd tells: cn=Room 4,dc=example,dc=org
slapd tells: cn=Room #5,dc=example,dc=org
bonsai: InvalidDN cn=Room #5,dc=example,dc=org
bonsai, Room 4 alone: 1 entry
LDAPDN: cn=\#5,dc=org taken, cn=5#,dc=org refused, cn=a=b,dc=org refused
END
echo "as it was"

#!/usr/bin/env bash
# bonsai 1.5.5: "+4722334455" of a directory is told as the number 4722334455; the plus cannot be had back.
#
# LDAP has no numbers in a search's answer, only octets, and telephoneNumber is text (RFC 4519 2.35). bonsai makes a bool of
# TRUE and FALSE, an int of whatever Python's int(…, 0) takes, and text of the rest, value by value: of two numbers of one
# person one can be an int and one a str. Numbers with blanks stay text, so that a directory may look right for long.
# `set_raw_attributes` has the octets handed over, by name: values that come under the same name with an option, which a server
# tells where the plain name is asked for (RFC 4512 2.5.2), are converted all the same.
#
# Versions: bonsai 1.5.5 with libldap of OpenLDAP 2.5.13 (Debian 12), slapd 2.5.13+dfsg-5, Python 3.11.
# Seen:
#     as it is:    telephoneNumber [4722334455, '+47 22 33 44 55', '0047 1'], employeeNumber [8], pager [16], title [True]
#     raw:         telephoneNumber [b'+4722334455', b'+47 22 33 44 55', b'0047 1']
#     with option: telephoneNumber;x-work [4755667788]
# Whoever reads telephone numbers has to ask for octets, and once more for names that were not foreseen.
#
# Needs: Debian 12 (apt-get download, dpkg-deb; libldap-dev, libsasl2-dev and gcc to build bonsai), Python 3.11. Everything else
# stays in a temporary folder and on loopback. Exits non-zero when the behaviour changes.
set -euo pipefail
work=$(mktemp -d)
server=""
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
chmod 755 "$work"

for package in slapd libodbc2 libltdl7; do apt-get download -qq "$package" 2>/dev/null; done
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
include $work/root/etc/ldap/schema/cosine.schema
include $work/root/etc/ldap/schema/inetorgperson.schema
attributeoptions x-
database mdb
directory $work/database
suffix "dc=example,dc=org"
END
cat >people.ldif <<'END'
dn: dc=example,dc=org
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: cn=Somebody,dc=example,dc=org
objectClass: inetOrgPerson
cn: Somebody
sn: Somebody
telephoneNumber: +4722334455
telephoneNumber: +47 22 33 44 55
telephoneNumber: 0047 1
telephoneNumber;x-work: +4755667788
employeeNumber: 0o10
pager: 0x10
title: TRUE
END
export LD_LIBRARY_PATH
LD_LIBRARY_PATH=$(dirname "$(find "$work/root" -name 'libltdl.so.7' | head -1)"):$(dirname "$(find "$work/root" -name 'libodbc.so.2' | head -1)")
root/usr/sbin/slapd -T add -f slapd.conf -l people.ldif
root/usr/sbin/slapd -f slapd.conf -h "ldap://127.0.0.1:$port/" -d 0 >slapd.log 2>&1 &
server=$!

cat >ask.py <<'END'
import sys
import time

import bonsai


def read(*raw):
    client = bonsai.LDAPClient(f"ldap://127.0.0.1:{sys.argv[1]}")
    client.set_raw_attributes(list(raw))
    until = time.monotonic() + 20
    while True:
        try:
            with client.connect(timeout=5) as connection:
                names = ["telephoneNumber", "employeeNumber", "pager", "title"]
                return connection.search("dc=example,dc=org", 2, "(sn=Somebody)", names, timeout=5)[0]
        except bonsai.ConnectionError:
            if time.monotonic() > until:
                raise


plain = read()
print("as it is:   ", ", ".join(f"{name} {list(plain[name])}" for name in ("telephoneNumber", "employeeNumber", "pager", "title")))
raw = read("telephoneNumber")
print("raw:         telephoneNumber", list(raw["telephoneNumber"]))
print("with option: telephoneNumber;x-work", list(raw["telephoneNumber;x-work"]))
END
venv/bin/python ask.py "$port" | tee seen

diff - seen <<'END' || { echo "what these versions do has changed"; exit 1; }
as it is:    telephoneNumber [4722334455, '+47 22 33 44 55', '0047 1'], employeeNumber [8], pager [16], title [True]
raw:         telephoneNumber [b'+4722334455', b'+47 22 33 44 55', b'0047 1']
with option: telephoneNumber;x-work [4755667788]
END
echo "as it was"

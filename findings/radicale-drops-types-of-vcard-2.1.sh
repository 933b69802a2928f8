#!/usr/bin/env bash
# Radicale gives back another card than it was given: the types of vCard 2.1 and all nicknames but the first are gone.
#
# Versions: Radicale 3.9.0, which writes cards with vobject 0.9.9.
# Seen: - of `TEL;CELL;PREF:` (2.1, where a type needs no name) only `TEL:` is left, in the answer and in the file that it
#         keeps: which number is the mobile one and which is preferred cannot be found out any more. PUT answers 201.
#       - `TEL;TYPE=CELL,PREF:` (3.0) stays as it is.
#       - of `NICKNAME:Ann,Annie` (RFC 2426, 3.1.3: a list) `NICKNAME:Ann` is left.
#       - the semicolon of `tel:+1-555;ext=12` comes back as `\;`, also in 4.0, where a URI has no escapes.
# Whoever reads numbers by their types from Radicale finds none in cards that came from old telephones or Outlook; and a reader
# has to take `\;` in a URI for a semicolon.
#
# Needs: Python 3.11. Everything stays in a temporary folder and on loopback.
set -euo pipefail
work=$(mktemp -d)
server=""
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
python3.11 -m venv venv
venv/bin/pip install -q --disable-pip-version-check radicale==3.9.0 vobject==0.9.9 2>pip.log || { cat pip.log; exit 1; }
port=$(python3.11 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >config <<END
[server]
hosts = 127.0.0.1:$port
[auth]
type = none
[storage]
filesystem_folder = $work/data
END
venv/bin/python -m radicale --config config >radicale.log 2>&1 &
server=$!

cat >ask.py <<'END'
import base64
import http.client
import sys
import time

LOGIN = {"Authorization": "Basic " + base64.b64encode(b"anna:").decode()}
BOOK = """<mkcol xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><set><prop><resourcetype><collection/><C:addressbook/>
</resourcetype></prop></set></mkcol>"""
CARDS = {
    "2.1": ["TEL;CELL;PREF:+47 1", "TEL;WORK;VOICE:+47 2"],
    "3.0": ["TEL;TYPE=CELL,PREF:+47 1", "NICKNAME:Ann,Annie"],
    "4.0": ["TEL;VALUE=uri:tel:+1-555;ext=12"],
}


def ask(method, path, body=""):
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=10)
    connection.request(method, path, body.encode(), {**LOGIN, "Content-Type": "text/vcard"})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


until = time.monotonic() + 30
while True:
    try:
        ask("GET", "/")
        break
    except OSError:
        if time.monotonic() > until:
            raise SystemExit("Radicale did not come up")
        time.sleep(0.1)
assert ask("MKCOL", "/anna/book/", BOOK)[0] == 201
for version, lines in CARDS.items():
    uid = "card" + version[0]
    card = ["BEGIN:VCARD", f"VERSION:{version}", f"UID:{uid}", "FN:Anna Berg", "N:Berg;Anna;;;", *lines, "END:VCARD", ""]
    print(version, "PUT", ask("PUT", f"/anna/book/{uid}.vcf", "\r\n".join(card))[0])
    got = ask("GET", f"/anna/book/{uid}.vcf")[1].split("\r\n")
    for line in lines:
        print("  given   ", line)
    for line in got:
        if line.startswith(("TEL", "NICKNAME")):
            print("  returned", line)
END
venv/bin/python ask.py "$port" | tee seen

diff - seen <<'END' || { echo "what these versions do has changed"; exit 1; }
2.1 PUT 201
  given    TEL;CELL;PREF:+47 1
  given    TEL;WORK;VOICE:+47 2
  returned TEL:+47 1
  returned TEL:+47 2
3.0 PUT 201
  given    TEL;TYPE=CELL,PREF:+47 1
  given    NICKNAME:Ann,Annie
  returned NICKNAME:Ann
  returned TEL;TYPE=CELL,PREF:+47 1
4.0 PUT 201
  given    TEL;VALUE=uri:tel:+1-555;ext=12
  returned TEL;VALUE=uri:tel:+1-555\;ext=12
END
echo "as it was"

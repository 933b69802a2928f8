#!/usr/bin/env bash
# pytest-xdist 3.8.0 with pytest 9.2.0: `--dist loadgroup` groups nothing, and says nothing of it.
#
# xdist marks a group by appending "@GROUP" to the private `_nodeid` of an item. pytest 9.2.0 works the node id out from
# another attribute, so the mark never reaches the scheduler, and tests of one `xdist_group` run in several workers. With
# pytest 9.1.1 they stay together. What depends on a group (a module fixture that is dear to make, a port) is made twice.
#
# Seen on Python 3.11:
#     pytest 9.1.1: 1 worker for the group
#     pytest 9.2.0: 2 workers for the group
#
# Exits non-zero when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/test_group.py" <<'EOF'
import time

import pytest


@pytest.mark.xdist_group("together")
@pytest.mark.parametrize("number", range(8))
def test_one(number, worker_id, tmp_path_factory):
    time.sleep(0.2)
    (tmp_path_factory.getbasetemp().parent / f"seen-{worker_id}").touch()
EOF
for release in 9.1.1 9.2.0; do
    python3 -m venv "$folder/$release"
    "$folder/$release/bin/pip" install -qq --disable-pip-version-check "pytest==$release" pytest-xdist==3.8.0
    "$folder/$release/bin/pytest" -q -n 2 --dist loadgroup --basetemp "$folder/temp-$release" "$folder/test_group.py" >/dev/null
    workers=$(find "$folder/temp-$release" -maxdepth 1 -name 'seen-*' | wc -l)
    echo "pytest $release: $workers worker$([ "$workers" -eq 1 ] || echo s) for the group"
done >"$folder/seen"
cat "$folder/seen"
diff - "$folder/seen" <<'EOF'
pytest 9.1.1: 1 worker for the group
pytest 9.2.0: 2 workers for the group
EOF

"""Do keys, database and folder belong together? Row by row (rule R15)."""

import pytest

from roomkeeper import keys
from roomkeeper.installation.belonging import (
    Database,
    Do,
    InstallationRefused,
    decide,
    fits,
    key_check,
)

EMPTY = Database("the database", has_rows=False)
FITS = Database("the database", has_rows=True, identity="abc", fits=True)
OLD = Database("the database", has_rows=True)
OTHER = Database("the database", has_rows=True, identity="abc", fits=False)
NEWER = Database("the database", has_rows=True, fits=True, unknown_migrations=("systems.0099_more",))
KEYS, NONE = True, False
# What the folder says: nothing, a first start that is not through, an installation.
SILENT, BEGUN, MADE = None, False, True


@pytest.mark.parametrize(
    ("database", "has_keys", "folder", "may_begin", "outcome"),
    [
        (EMPTY, NONE, SILENT, True, Do.BEGIN),
        (EMPTY, NONE, BEGUN, True, Do.BEGIN),
        (EMPTY, KEYS, BEGUN, True, Do.BEGIN),
        (EMPTY, NONE, SILENT, False, "There is no installation in /data"),
        (EMPTY, NONE, BEGUN, False, "There is no installation in /data"),
        (EMPTY, KEYS, BEGUN, False, "There is no installation in /data"),
        (EMPTY, KEYS, SILENT, True, "is empty. Restore the database.*keys adopt"),
        (EMPTY, KEYS, MADE, True, "is empty. Restore the database.*keys adopt"),
        (EMPTY, NONE, MADE, True, "is empty. Its key file is also missing.*an empty folder with --data"),
        (FITS, KEYS, SILENT, True, Do.OPEN),
        (FITS, KEYS, BEGUN, False, Do.OPEN),
        (FITS, KEYS, MADE, True, Do.OPEN),
        (OLD, KEYS, SILENT, True, Do.OPEN),
        (OLD, NONE, SILENT, True, "its key file is not in /data. Restore keys.json.*keys adopt"),
        (FITS, NONE, MADE, True, "its key file is not in /data. Restore keys.json.*keys adopt"),
        (FITS, NONE, BEGUN, True, "its key file is not in /data"),
        (OTHER, KEYS, SILENT, True, "are not those with which.*Restore keys.json.*keys adopt"),
        (OTHER, KEYS, MADE, False, "are not those with which"),
        (NEWER, KEYS, MADE, True, "newer release.*systems.0099_more.*Install that release"),
        (NEWER, NONE, SILENT, True, "newer release"),
    ],
)
def test_start_begins_opens_or_refuses_with_what_to_do(database, has_keys, folder, may_begin, outcome):
    asked = {
        "database": database,
        "has_keys": has_keys,
        "data": "/data",
        "is_complete": folder,
        "may_begin": may_begin,
    }
    if isinstance(outcome, Do):
        assert decide(**asked) is outcome
    else:
        with pytest.raises(InstallationRefused, match=outcome):
            decide(**asked)


def test_keys_are_known_again_by_all_three_of_them(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    ours, others = keys.make(tmp_path / "a"), keys.make(tmp_path / "b")
    known = {"identity": "abc", "check": key_check(ours, "abc"), "sample": ours.encrypt("abc")}
    assert fits(ours, **known)
    assert not fits(others, **known)
    for part in ("web_key", "digest_key", "encryption"):
        mixed = {name: getattr(ours, name) for name in ("web_key", "digest_key", "encryption")}
        mixed[part] = getattr(others, part)
        assert not fits(keys.Keys(**mixed), **known), part
    rotated = keys.add_encryption_key(tmp_path / "a")
    assert fits(rotated, **known)
    assert not fits(keys.drop_old_encryption_keys(tmp_path / "a"), **known)

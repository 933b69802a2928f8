"""The key file: its mode, its rotation, and what happens where it cannot be used."""

import json
import multiprocessing
import re
from pathlib import Path

import pytest

from roomkeeper import keys
from roomkeeper.keys import KeyFileUnusable


def digest_key_of(data: Path) -> str:
    return keys.make(data).digest_key.hex()


def test_key_file_is_made_readable_by_its_owner_only(tmp_path):
    data = tmp_path / "new" / "data"
    keys.make(data)
    assert (data / keys.KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert data.stat().st_mode & 0o077 == 0
    assert [file.name for file in data.iterdir()] == [keys.KEY_FILE]


def test_keys_stay_the_same_from_one_start_to_the_next(tmp_path):
    found = keys.make(tmp_path)
    content = (tmp_path / keys.KEY_FILE).read_bytes()
    assert keys.load(tmp_path) == found
    assert (tmp_path / keys.KEY_FILE).read_bytes() == content


def test_processes_that_start_together_agree_on_one_file(tmp_path):
    with multiprocessing.get_context("fork").Pool(4) as pool:
        found = pool.map(digest_key_of, [tmp_path] * 8, chunksize=1)
    assert set(found) == {digest_key_of(tmp_path)}
    assert [file.name for file in tmp_path.iterdir()] == [keys.KEY_FILE]


def test_old_secrets_stay_readable_until_the_old_key_is_dropped(tmp_path):
    old = keys.make(tmp_path).encrypt("correct horse")
    added = keys.add_encryption_key(tmp_path)
    assert added.decrypt(old) == "correct horse"
    new = added.re_encrypt(old)
    dropped = keys.drop_old_encryption_keys(tmp_path)
    assert dropped.decrypt(new) == "correct horse"
    assert len(dropped.encryption) == 1
    with pytest.raises(KeyFileUnusable, match=r"keys\.json"):
        dropped.decrypt(old)
    assert (tmp_path / keys.KEY_FILE).stat().st_mode & 0o777 == 0o600


def test_rotation_leaves_digests_and_the_key_of_the_pages_alone(tmp_path):
    before = keys.make(tmp_path)
    keys.add_encryption_key(tmp_path)
    after = keys.drop_old_encryption_keys(tmp_path)
    assert (after.web_key, after.digest("abc")) == (before.web_key, before.digest("abc"))


def test_running_process_sees_the_keys_that_another_one_put_in_place(tmp_path):
    before = keys.make(tmp_path)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        rotated = pool.apply(keys.add_encryption_key, [tmp_path])
    assert rotated != before
    assert keys.load(tmp_path).decrypt(rotated.encrypt("correct horse")) == "correct horse"


def test_digest_does_not_depend_on_letter_case(tmp_path):
    found = keys.make(tmp_path)
    assert found.digest("ABCdef234") == found.digest("abcDEF234")
    assert found.digest("abcdef234") != found.digest("abcdef235")


def test_digest_of_hostile_text_is_a_digest(tmp_path):
    assert len(keys.make(tmp_path).digest("\udcff\x00" * 1000)) == 32


def test_new_secrets_are_lower_case_base32_of_160_bits():
    made = {keys.new_secret() for _ in range(50)}
    assert len(made) == 50
    assert all(re.fullmatch("[a-z2-7]{32}", secret) for secret in made)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{}",
        b'{"web": "w", "digest": "no hex", "encryption": []}',
        b'{"web": "w", "digest": null, "encryption": ["x"]}',
        b'{"web": "w", "digest": "00", "encryption": 5}',
        b'{"web": "w", "digest": "00", "encryption": []}',
        b'{"web": "w", "digest": "00", "encryption": ["no key"]}',
        b'{"web": 7, "digest": "00", "encryption": []}',
    ],
)
def test_unusable_key_file_is_named_with_what_to_do(tmp_path, content):
    (tmp_path / keys.KEY_FILE).write_bytes(content)
    with pytest.raises(KeyFileUnusable, match=r"keys\.json.*Restore it from a backup"):
        keys.load(tmp_path)


def test_unusable_key_file_is_never_overwritten(tmp_path):
    (tmp_path / keys.KEY_FILE).write_text("{")
    with pytest.raises(KeyFileUnusable):
        keys.load(tmp_path)
    with pytest.raises(KeyFileUnusable):
        keys.add_encryption_key(tmp_path)
    assert (tmp_path / keys.KEY_FILE).read_text() == "{"


def test_key_file_holds_what_the_product_reads_and_nothing_else(tmp_path):
    keys.make(tmp_path)
    assert set(json.loads((tmp_path / keys.KEY_FILE).read_text())) == {"web", "digest", "encryption"}


def test_fingerprint_is_sha_256_in_hex():
    assert keys.fingerprint(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_looking_for_keys_makes_none(tmp_path):
    for look in (keys.load, keys.add_encryption_key, keys.drop_old_encryption_keys):
        with pytest.raises(KeyFileUnusable, match=r"no key file.*Restore it from a backup"):
            look(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_making_keys_where_there_are_some_changes_nothing(tmp_path):
    assert keys.make(tmp_path) == keys.make(tmp_path)

"""Files that commands are given."""

from pathlib import Path

import pytest

from roomkeeper.cli.remote.asking import read_given
from roomkeeper.phonebooks.importing import BINARY, bytes_of


@pytest.mark.parametrize(
    "data", ["Müller".encode(), b"\xef\xbb\xbfM", b"PK\x03\x04\xff\xfe\x00", "Müller".encode("latin-1")]
)
def test_a_file_arrives_as_it_is_whether_it_is_text_or_not(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "people"
    file.write_bytes(data)
    text = read_given(str(file))
    assert bytes_of(text) == data.removeprefix(b"\xef\xbb\xbf")
    assert text.startswith(BINARY) == (b"\xff" in data or b"\xfc" in data)

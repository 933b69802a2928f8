"""The product's settings: where they come from, which wins, and how a bad one is refused."""

import dataclasses
import os
from pathlib import Path

import pytest

from roomkeeper.settings import options
from roomkeeper.settings.options import Options, SettingsError, load


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "roomkeeper.toml"
    path.write_text(text)
    return path


def test_defaults_work_without_any_setting():
    found = load({})
    assert found == Options()
    assert found.http == ("127.0.0.1:8080",)
    assert found.database_url == ""


def test_file_wins_over_defaults_and_environment_over_the_file(tmp_path):
    config = written(tmp_path, 'inbox_limit = 7\nretention_days = 30\nhttp = ["127.0.0.1:1", "[::1]:2"]\n')
    found = load({"ROOMKEEPER_RETENTION_DAYS": "5"}, config=config)
    assert (found.inbox_limit, found.retention_days, found.exchanges_kept) == (7, 5, 50)
    assert found.http == ("127.0.0.1:1", "[::1]:2")


def test_file_is_found_by_the_environment(tmp_path):
    config = written(tmp_path, "metrics_are_open = true\n")
    assert load({"ROOMKEEPER_CONFIG": str(config)}).metrics_are_open is True


def test_values_of_the_environment_become_what_the_setting_is(tmp_path):
    found = load(
        {
            "ROOMKEEPER_DATA": "~/somewhere",
            "ROOMKEEPER_HTTP": " 127.0.0.1:80 , ,[::1]:80",
            "ROOMKEEPER_HTTPS": "",
            "ROOMKEEPER_TRUSTED_PROXIES": "10.0.0.0/8",
            "ROOMKEEPER_UNPROVEN_RATE": "2.5",
            "ROOMKEEPER_METRICS_ARE_OPEN": " Yes ",
        }
    )
    assert found.data == Path("~/somewhere").expanduser()
    assert found.http == ("127.0.0.1:80", "[::1]:80")
    assert found.https == ()
    assert found.trusted_proxies == ("10.0.0.0/8",)
    assert found.unproven_rate == 2.5
    assert found.metrics_are_open is True


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("event_size_limit", "many"),
        ("event_size_limit", "1.5"),
        ("event_size_limit", "-1"),
        ("event_size_limit", "0"),
        ("retention_days", "0"),
        ("unproven_rate", "quick"),
        ("unproven_rate", "nan"),
        ("unproven_rate", "-1"),
        ("header_timeout", "0"),
        ("metrics_are_open", "perhaps"),
        ("metrics_are_open", ""),
        ("log_level", "chatty"),
        ("trusted_proxies", "10.0.0.0/8,10.0.0.300"),
        ("trusted_proxies", "proxy.example.org"),
        ("http", "127.0.0.1"),
        ("http", "127.0.0.1:http"),
        ("https", "127.0.0.1:65536"),
    ],
)
def test_bad_value_is_refused_by_the_name_of_its_setting(name, value):
    with pytest.raises(SettingsError) as refused:
        load({f"ROOMKEEPER_{name.upper()}": value})
    assert name.upper() in str(refused.value)
    assert "class" not in str(refused.value)


def test_bad_value_in_the_file_is_refused_by_the_name_of_its_setting(tmp_path):
    with pytest.raises(SettingsError, match="INBOX_LIMIT"):
        load({}, config=written(tmp_path, 'inbox_limit = "x"'))


def test_unknown_name_in_the_file_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="'retention_dayz', which is not a setting"):
        load({}, config=written(tmp_path, "retention_dayz = 5"))


def test_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(SettingsError, match="no-such-file"):
        load({}, config=tmp_path / "no-such-file.toml")
    with pytest.raises(SettingsError, match="is not TOML"):
        load({}, config=written(tmp_path, "inbox_limit ="))


def test_description_covers_every_setting_with_its_variable_and_its_line():
    rows = options.described()
    names = [f"ROOMKEEPER_{field.name.upper()}" for field in dataclasses.fields(Options)]
    assert [name for name, _, _ in rows] == names
    assert all(line.endswith(".") for _, _, line in rows)
    # The page is the same on every machine.
    assert not any(str(Path.home()) in default for _, default, _ in rows)
    assert ("ROOMKEEPER_HTTP", "127.0.0.1:8080", "HTTP listeners, HOST:PORT, separated by commas.") in rows


def test_data_folder_follows_the_desktop_convention(monkeypatch, tmp_path):
    monkeypatch.setitem(os.environ, "XDG_DATA_HOME", str(tmp_path))
    assert load({}).data == tmp_path / "roomkeeper"


def test_byte_order_mark_of_an_editor_is_no_part_of_the_file(tmp_path):
    config = tmp_path / "roomkeeper.toml"
    config.write_bytes(b"\xef\xbb\xbfinbox_limit = 7\r\n")
    assert load({}, config=config).inbox_limit == 7


def test_file_in_another_encoding_is_refused_in_words(tmp_path):
    config = tmp_path / "roomkeeper.toml"
    config.write_bytes("inbox_limit = 7\n".encode("utf-16"))
    with pytest.raises(SettingsError, match="UTF-8"):
        load({}, config=config)


def test_account_without_a_home_folder_has_to_name_the_data_folder(monkeypatch, tmp_path):
    monkeypatch.delitem(os.environ, "XDG_DATA_HOME", raising=False)

    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    with pytest.raises(SettingsError, match=r"HOME is not set.*--data"):
        load({})
    assert load({"ROOMKEEPER_DATA": str(tmp_path)}).data == tmp_path


@pytest.mark.parametrize("networks", ["10.1.2.3/16", "2001:db8::1/64"])
def test_network_with_an_address_in_front_of_its_mask_is_refused(networks):
    with pytest.raises(SettingsError, match="TRUSTED_PROXIES cannot be"):
        load({"ROOMKEEPER_TRUSTED_PROXIES": networks})

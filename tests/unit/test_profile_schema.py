"""The comparison of a virtual endpoint's profile with a schema: a schema of ours, small, in the vendor's form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.bench.profile_schema import BadSchema, differences, main, missing, read_schema

from roomkeeper.virtual.profile import load

PROFILE = load("sx10-ce9.6")


def setting(path: str, default: str, **space: Any) -> dict[str, Any]:
    attributes = {"default": default, "valuespace": space}
    return {"type": "Configuration", "path": path, "products": ["ours"], "attributes": attributes}


OBJECTS = [
    setting("Audio DefaultVolume", "50", type="Integer", Min="0", Max="100", Step="100"),
    setting("NetworkServices SIP Mode", "Off", type="Literal", Values=["Off", "On", "Auto"]),
    setting("NetworkServices NTP Server[1..2] KeyId", "", type="String", MinLength="0", MaxLength="12"),
    setting("Audio Ultrasound MaxVolume", "70", type="Integer", Min="0", Max="70"),
    {"type": "Status", "path": "RoomPreset[n] Type", "products": ["ours"], "attributes": {}},
    {
        "type": "Command",
        "path": "Standby ResetTimer",
        "products": ["ours"],
        "attributes": {
            "params": [
                {
                    "name": "Delay",
                    "required": False,
                    "valuespace": {"type": "Integer", "Min": "1", "Max": "480"},
                },
                {"name": "Why", "required": True, "valuespace": {"type": "StringArray", "multiple": "3"}},
            ]
        },
    },
    setting("Audio DefaultVolume", "0", type="Integer", Min="0", Max="1") | {"products": ["theirs"]},
]


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    path = tmp_path / "schema.json"
    path.write_text(json.dumps({"objects": OBJECTS}))
    return path


def test_each_difference_is_told(schema: Path) -> None:
    found = differences(PROFILE, read_schema(schema, "ours"))
    told = [one for one in found if "not in the schema" not in one]
    assert told == [
        "setting NetworkServices/NTP/Server[1]/KeyId: is 0..12, here 0..10",
        "setting NetworkServices/NTP/Server[2]/KeyId: is 0..12, here 0..10",
        "setting NetworkServices/SIP/Mode: lacks Auto",
        "setting NetworkServices/SIP/Mode: starts as 'Off', here as 'On'",
        "command Standby/ResetTimer: lacks Why",
        "command Standby/ResetTimer: Delay is not required",
    ]
    assert "setting NetworkServices/NTP/Server[3]/KeyId: not in the schema" in found
    assert "status Standby/State: not in the schema" in found
    assert not [one for one in found if "RoomPreset" in one and one.endswith("/Type: not in the schema")]
    assert missing(PROFILE, read_schema(schema, "ours")) == ["Audio/Ultrasound/MaxVolume"]


def test_command_line(schema: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--profile", "sx10-ce9.6", "--schema", str(schema), "--product", "ours", "--missing"]
    assert main(words) == 1
    said = capsys.readouterr().err
    assert "lacks Auto" in said
    assert "setting Audio/Ultrasound/MaxVolume: not in the profile" in said
    assert main([*words[:-2], "nobody"]) == 2
    assert "it has ours, theirs" in capsys.readouterr().err


def test_what_is_no_schema(tmp_path: Path) -> None:
    for text in ("{", "[]", '{"objects": [1]}'):
        path = tmp_path / "x.json"
        path.write_text(text)
        with pytest.raises(BadSchema):
            read_schema(path, "ours")

"""What is wrong with a value is told in our words, not in those of the library that checks it."""

from typing import Literal

import pytest
from pydantic import BaseModel, Field, ValidationError

from roomkeeper.operations.faults import sentence_of


class Asked(BaseModel, extra="forbid"):
    """Something that is taken."""

    port: int = Field(80, ge=1, le=65_535)
    name: str = Field("x", min_length=2, max_length=3)
    is_on: bool = True
    tags: list[str] = Field([], max_length=1)
    mode: Literal["on", "off"] = "on"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"port": "eighty"}, "whole number"),
        ({"port": 0}, "1 or more"),
        ({"port": 70_000}, "65535 or less"),
        ({"name": "x"}, "2 characters"),
        ({"name": "abcd"}, "3 characters"),
        ({"tags": ["a", "b"]}, "1 entry"),
        ({"tags": 7}, "list"),
        ({"is_on": "perhaps"}, "true or false"),
        ({"mode": "soon"}, "'on' or 'off'"),
        ({"colour": "red"}, "unknown"),
    ],
)
def test_a_fault_is_told_in_our_words(given: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Asked(**given)  # type: ignore[arg-type]
    told = sentence_of(refusal.value.errors()[0])  # type: ignore[arg-type]
    assert words in told
    assert "Input" not in told

"""Every encrypted column of the models is rewritten when keys are rotated (rule R4)."""

from django.apps import apps
from django.db import models

from roomkeeper.serving import adopting
from roomkeeper.serving.re_encryption import ENCRYPTED

# Stored documents and digests: nothing in them is to be read back with a key.
NOT_ENCRYPTED = {
    ("StoredDocument", "content"),
    ("ConfigurationVersion", "content"),
    ("Exchange", "request"),
    ("Exchange", "answer"),
    ("Claim", "sample"),
    ("ActivationCode", "digest"),
    ("SystemSecret", "digest"),
    ("PartContent", "content"),
}


def test_every_binary_column_is_either_encrypted_or_known_not_to_be() -> None:
    found = {
        (model.__name__, field.name)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, models.BinaryField) and model.__module__.startswith("roomkeeper.")
    }
    encrypted = {(model.__name__, field) for model, field in ENCRYPTED}
    assert encrypted | NOT_ENCRYPTED == found
    assert not encrypted & NOT_ENCRYPTED


def test_every_encrypted_column_is_known_to_who_gives_up_what_cannot_be_read() -> None:
    given_up = {(kind.model.__name__, field) for kind in adopting.KINDS for field in kind.fields}
    assert given_up == {(model.__name__, field) for model, field in ENCRYPTED} - {("Installation", "sample")}

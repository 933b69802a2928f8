"""Encrypting every stored secret anew under a new key."""

from datetime import UTC, datetime

import pytest
from django.conf import settings as django_settings

from roomkeeper import keys
from roomkeeper.accounts.models import KeptAnswer
from roomkeeper.backups.models import Replacement
from roomkeeper.configuration_templates.models import ConfigurationTemplate, TemplateVersion
from roomkeeper.installation.models import Installation
from roomkeeper.jobs.models import Job
from roomkeeper.phonebooks.models import PhoneBook, Source
from roomkeeper.provisioning import planning
from roomkeeper.provisioning.models import Action, ChangeItem
from roomkeeper.serving import re_encryption
from roomkeeper.systems import admission, network_settings
from roomkeeper.systems.admission import secrets
from roomkeeper.systems.contact import credentials
from roomkeeper.systems.models import Credential, NetworkSettings, State, System, SystemSecret

OTHERS = (
    "of a job",
    "of the list",
    "community",
    "of a template",
    "of old hardware",
    "of a source",
    "of an action",
    "of arguments",
    "of the installation",
)
NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
def stored(boardroom, operator):
    """One secret in each encrypted column."""
    credentials.set_credentials(boardroom, "admin", "correct horse")
    planning.create_change_set(
        [boardroom], {"NetworkServices/HTTP/Proxy/Password": "battery"}, user=None, now=NOW
    )
    System.objects.filter(pk=boardroom.pk).update(state=State.PENDING)
    boardroom.refresh_from_db()
    admission.approve(boardroom, user=None, now=NOW)
    body = keys.load(django_settings.OPTIONS.data).encrypt("{}")
    KeptAnswer.objects.create(user=operator, key="k", request_digest="d", status=200, body=body)
    encrypt = keys.load(django_settings.OPTIONS.data).encrypt
    Job.objects.create(kind="trial", title="A trial", secrets_ciphertext=encrypt("of a job"))
    Credential.objects.create(name="c", kind="login", ciphertext=encrypt("of the list"))
    network_settings.get()
    NetworkSettings.objects.update(snmp_community_ciphertext=encrypt("community"))
    template = ConfigurationTemplate.objects.create(name="T", folder=boardroom.folder)
    TemplateVersion.objects.create(template=template, number=1, secrets_ciphertext=encrypt("of a template"))
    Replacement.objects.create(system=boardroom, old_password_ciphertext=encrypt("of old hardware"))
    book = PhoneBook.objects.create(name="B", folder=boardroom.folder)
    Source.objects.create(book=book, kind="http", name="S", secrets_ciphertext=encrypt("of a source"))
    secret = encrypt("of an action")
    Action.objects.create(
        system=boardroom,
        command="X/Y",
        secret=secret,
        has_secret=True,
        sealed_arguments=encrypt("of arguments"),
    )
    Installation.objects.create(identity="abc", key_check="c", sample=encrypt("of the installation"))
    return secrets.text_of(SystemSecret.objects.get())


def ciphertexts():
    return [
        bytes(value)
        for model, field in re_encryption.ENCRYPTED
        for value in model._default_manager.exclude(**{field: b""}).values_list(field, flat=True)
    ]


def test_every_stored_secret_is_readable_after_rotation_and_under_the_new_key_alone(stored, boardroom):
    before = ciphertexts()
    assert len(before) == len(re_encryption.ENCRYPTED)
    data = django_settings.OPTIONS.data
    keys.add_encryption_key(data)
    # The sample of the installation is nobody's secret.
    assert re_encryption.re_encrypt_all() == len(before) - 1
    only_new = keys.drop_old_encryption_keys(data)
    after = ciphertexts()
    assert not set(before) & set(after)
    assert sorted(map(only_new.decrypt, after)) == sorted(["correct horse", stored, "battery", "{}", *OTHERS])
    boardroom.refresh_from_db()
    assert credentials.password_of(boardroom) == "correct horse"
    assert secrets.text_of(SystemSecret.objects.get()) == stored
    # Devices keep the secrets that they have.
    assert SystemSecret.objects.get().digest == secrets.digest(stored)


def test_empty_columns_stay_empty(boardroom):
    planning.create_change_set([boardroom], {"Audio/DefaultVolume": "60"}, user=None, now=NOW)
    assert re_encryption.re_encrypt_all() == 0
    assert bytes(ChangeItem.objects.get().secret_value) == b""


def test_more_rows_than_one_transaction_takes_are_all_rewritten(boardroom, operator):
    store = keys.load(django_settings.OPTIONS.data)
    number = re_encryption.AT_ONCE + 5
    KeptAnswer.objects.bulk_create(
        KeptAnswer(user=operator, key=str(n), request_digest="d", status=200, body=store.encrypt(str(n)))
        for n in range(number)
    )
    assert re_encryption.re_encrypt_all() == number
    answers = KeptAnswer.objects.all()
    assert all(store.decrypt(bytes(answer.body)) == answer.key for answer in answers)

"""Secret arguments: encrypted while the command waits, sent whole, gone once it was sent."""

import pytest
from django.utils import timezone

from roomkeeper.provisioning import actions
from roomkeeper.provisioning.expiry import expire
from roomkeeper.provisioning.models import Action
from roomkeeper.systems.models import TimelineEntry

pytestmark = pytest.mark.django_db(transaction=True)

CODE = "1234567890123456"


def ask(system, arguments=(("SecurityAction", "NoAction"), ("ActivationCode", CODE))):
    pairs = [list(pair) for pair in arguments]
    return actions.ask(system, "Webex/Registration/Start", pairs, user=None, now=timezone.now())


def test_secret_argument_is_kept_encrypted_and_shown_to_nobody(boardroom):
    action = Action.objects.get(pk=ask(boardroom).pk)

    assert action.arguments == [["SecurityAction", "NoAction"], ["ActivationCode", "***"]]
    assert CODE.encode() not in bytes(action.sealed_arguments)
    assert actions.arguments_of(action) == (("SecurityAction", "NoAction"), ("ActivationCode", CODE))
    assert actions.secrets_of(action) == [CODE]
    assert not TimelineEntry.objects.filter(details__icontains=CODE).exists()


def test_flag_about_a_passphrase_is_asked_as_it_is(boardroom):
    action = actions.ask(
        boardroom,
        "UserManagement/User/Modify",
        [["Username", "avtech"], ["PassphraseChangeRequired", "True"]],
        user=None,
        now=timezone.now(),
    )

    assert action.arguments[1] == ["PassphraseChangeRequired", "True"]
    assert not action.sealed_arguments


@pytest.mark.parametrize("end", ["cancel", "expire"])
def test_secret_is_gone_with_the_action_that_ends_without_being_sent(boardroom, end):
    action = ask(boardroom)
    if end == "cancel":
        actions.cancel(action, user=None, now=timezone.now())
    else:
        expire(now=action.expires_at)

    assert bytes(Action.objects.get(pk=action.pk).sealed_arguments) == b""

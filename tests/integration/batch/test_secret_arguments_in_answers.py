"""A command with a secret argument in an answer: whole on the wire, readable nowhere afterwards."""

from roomkeeper.provisioning import actions
from roomkeeper.provisioning.models import Action
from roomkeeper.systems import timeline
from roomkeeper.systems.models import Exchange, System

CODE = "1234567890123456"


def ask(manager) -> Action:
    arguments = [["SecurityAction", "NoAction"], ["ActivationCode", CODE]]
    return actions.ask(
        System.objects.get(), "Webex/Registration/Start", arguments, user=None, now=manager.now
    )


def test_it_goes_once_and_is_redacted_where_the_answer_is_kept(manager, device, prove):
    prove(device)
    ask(manager)
    manager.wait(seconds=30)

    sent = [(one.path, dict(one.arguments)) for one in manager.beat(device).commands]

    assert sent == [("Webex/Registration/Start", {"SecurityAction": "NoAction", "ActivationCode": CODE})]
    kept = [timeline.answer_text(exchange) for exchange in Exchange.objects.all()]
    assert any("[secret]" in text for text in kept)
    assert not any(CODE in text for text in kept)
    action = Action.objects.get()
    assert (action.state, bytes(action.sealed_arguments)) == ("delivered", b"")

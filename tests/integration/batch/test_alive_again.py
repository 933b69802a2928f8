"""Any post brings a system back that counted as not alive, and its reason with it."""

import pytest

from roomkeeper.systems.check_ins import liveness
from roomkeeper.systems.models import Contact, Flip


@pytest.fixture
def proven(device, prove):
    prove(device)
    return device


def die(manager):
    Contact.objects.update(
        is_alive=False, overdue_at=manager.now, alive_reason="3 of the last 5 polls failed"
    )
    Flip.objects.all().delete()


@pytest.mark.parametrize("kind", ["beat", "document", "feedback"])
def test_one_post_of_any_kind_is_enough(manager, proven, kind):
    die(manager)
    manager.wait(seconds=10)
    posts = {
        "beat": proven.event,
        "document": lambda: proven.status({"SystemUnit/ProductId": "Codec"}),
        "feedback": lambda: proven.feedback("<Event><!--id--><CallSuccessful/></Event>"),
    }
    manager.post(posts[kind]())
    contact = Contact.objects.get()
    assert liveness.alive_word(contact, manager.now) == "yes"
    assert liveness.why(contact, manager.now) == "It posts again."
    flip = Flip.objects.get()
    assert (flip.is_alive, flip.reason) == (True, "It posts again")


def test_many_posts_in_one_batch_are_one_return(manager, proven):
    die(manager)
    manager.post(proven.status({"SystemUnit/ProductId": "Codec"}), proven.event(), proven.event())
    assert Flip.objects.count() == 1
    assert Contact.objects.get().alive_reason == "It posts again"


def test_posts_of_a_living_system_keep_its_reason(manager, proven):
    Contact.objects.update(alive_reason="It answered its first poll")
    manager.wait(seconds=10)
    manager.post(proven.event(), proven.status({"SystemUnit/ProductId": "Codec"}))
    assert Contact.objects.get().alive_reason == "It answered its first poll"

"""The rate for the unproven: a bucket per address, refilled with time."""

from roomkeeper.external_manager.limits import ADDRESSES, UnprovenRate


def test_burst_then_refusal_then_refill():
    rate = UnprovenRate(rate=2.0, burst=3)
    assert [rate.charge("192.0.2.1", 0.0) for _ in range(4)] == [True, True, True, False]
    assert rate.is_exhausted("192.0.2.1", 0.0)
    assert not rate.is_exhausted("192.0.2.1", 0.6)
    assert rate.charge("192.0.2.1", 0.6)


def test_one_address_does_not_use_up_anothers_posts():
    rate = UnprovenRate(rate=1.0, burst=1)
    assert rate.charge("192.0.2.1", 0.0)
    assert not rate.charge("192.0.2.1", 0.0)
    assert rate.charge("192.0.2.2", 0.0)


def test_a_moment_before_the_last_one_takes_nothing_away():
    """A post whose headers came 12 s before another one was charged cost 240 posts at 20 a second."""
    rate = UnprovenRate(rate=20.0, burst=200)
    assert rate.charge("192.0.2.1", 112.0)
    assert rate.charge("192.0.2.1", 100.0)
    assert [rate.charge("192.0.2.1", 112.0) for _ in range(198)] == [True] * 198
    assert not rate.charge("192.0.2.1", 112.0)
    # Nor does it give the time twice.
    assert not rate.charge("192.0.2.1", 111.0)
    assert not rate.charge("192.0.2.1", 112.0)
    assert rate.charge("192.0.2.1", 112.1)


def test_a_charge_can_be_taken_back_and_never_over_the_burst():
    rate = UnprovenRate(rate=1.0, burst=1)
    rate.refund("192.0.2.1")
    assert rate.charge("192.0.2.1", 0.0)
    rate.refund("192.0.2.1")
    rate.refund("192.0.2.1")
    assert rate.charge("192.0.2.1", 0.0)
    assert not rate.charge("192.0.2.1", 0.0)


def test_memory_is_bounded():
    rate = UnprovenRate(rate=1.0, burst=1)
    for number in range(ADDRESSES + 100):
        rate.charge(str(number), 0.0)
    assert len(rate._buckets) == ADDRESSES

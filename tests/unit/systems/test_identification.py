"""Rule R3, row by row, and what follows from it."""

from dataclasses import dataclass

from roomkeeper.systems.admission.identification import PostOutcome, Verdict, identify

S1, M1 = "FTT00000001", "001122330001"
S2, M2 = "FTT00000002", "001122330002"
M3 = "AABBCCDDEEFF"


@dataclass
class Stored:
    system_id: int
    state: str = "managed"
    serial_number: str = S1
    mac_address: str = M1
    is_proven: bool = True


A = Stored(1)
B = Stored(2, serial_number=S2, mac_address=M2)


def test_secret_and_claims_of_one_system_are_that_system():
    assert identify(A, [A], S1, M1) == Verdict(PostOutcome.SYSTEM, 1)


def test_with_the_secret_either_claim_may_be_blank():
    for serial, mac in ((S1, ""), ("", M1), ("", "")):
        assert identify(A, [], serial, mac) == Verdict(PostOutcome.SYSTEM, 1)


def test_secret_and_serial_with_another_mac_are_the_system_with_a_new_network_card():
    assert identify(A, [A], S1, M3) == Verdict(PostOutcome.SYSTEM, 1, has_new_mac=True)
    assert identify(A, [A], S1, M3, [1]) == Verdict(PostOutcome.SYSTEM, 1)
    # Known of another system alone is no better than unknown.
    assert identify(A, [A], S1, M3, [2]).has_new_mac


def test_secret_with_another_serial_or_a_new_mac_alone_is_a_changed_identity():
    assert identify(A, [A], "FTT99999999", M1).outcome is PostOutcome.IDENTITY_CHANGED
    assert identify(A, [A], "FTT99999999", M3).outcome is PostOutcome.IDENTITY_CHANGED
    assert identify(A, [], "", M3).outcome is PostOutcome.IDENTITY_CHANGED
    assert identify(A, [], "", M3, [1]) == Verdict(PostOutcome.SYSTEM, 1)


def test_secret_of_one_with_claims_of_another_is_nobody_and_both_are_told():
    assert identify(A, [B], S2, M2) == Verdict(PostOutcome.CONFLICT, 1, (2,))
    assert identify(A, [B], "", M2) == Verdict(PostOutcome.CONFLICT, 1, (2,))
    # The serial number is its own: the MAC address alone makes it nobody else.
    assert identify(A, [A, B], S1, M2) == Verdict(PostOutcome.SYSTEM, 1)


def test_without_secret_a_proven_system_is_only_claimed():
    assert identify(None, [A], S1, M1) == Verdict(PostOutcome.CLAIM, 1)


def test_without_secret_an_unproven_admitted_system_is_itself_if_both_agree():
    for state in ("managed", "pre_registered"):
        unproven = Stored(1, state=state, is_proven=False)
        assert identify(None, [unproven], S1, M1) == Verdict(PostOutcome.SYSTEM, 1)
        assert identify(None, [unproven], S1.lower(), M1) == Verdict(PostOutcome.SYSTEM, 1)


def test_nobody_is_taken_for_a_system_for_naming_one_of_its_numbers():
    for state in ("managed", "pre_registered"):
        unproven = Stored(1, state=state, is_proven=False)
        for serial, mac in ((S1, ""), ("", M1)):
            assert identify(None, [unproven], serial, mac) == Verdict(PostOutcome.CLAIM, 1)


def test_a_number_that_contradicts_makes_another_box():
    for stored in (A, Stored(1, is_proven=False), Stored(1, state="blocked"), Stored(1, state="ignored")):
        for serial, mac in ((S1, M3), ("FTT99999999", M1)):
            assert identify(None, [stored], serial, mac) == Verdict(PostOutcome.OTHER_BOX, 1)


def test_listed_network_card_contradicts_nothing():
    assert identify(None, [A], S1, M3, [1]) == Verdict(PostOutcome.CLAIM, 1)
    assert identify(None, [Stored(1, is_proven=False)], S1, M3, [1]) == Verdict(PostOutcome.SYSTEM, 1)
    assert identify(None, [], "", M3, [1]) == Verdict(PostOutcome.CLAIM, 1)
    assert identify(None, [], "FTT99999999", M3, [1]).outcome is PostOutcome.OTHER_BOX


def test_box_that_was_admitted_by_its_own_number_is_met_beside_the_owner_of_the_other():
    own = Stored(2, serial_number=S2, mac_address="", is_proven=False)
    assert identify(None, [A, own], S2, M1) == Verdict(PostOutcome.SYSTEM, 2)
    assert identify(Stored(2, serial_number=S2, mac_address=""), [A], S2, M1) == Verdict(
        PostOutcome.SYSTEM, 2
    )
    assert identify(Stored(2, serial_number="", mac_address=M2), [A], S1, M2) == Verdict(
        PostOutcome.SYSTEM, 2
    )


def test_two_blanks_never_agree():
    by_mac = Stored(1, serial_number="", is_proven=False)
    assert identify(None, [by_mac], S2, "").outcome is PostOutcome.CLAIM
    assert identify(None, [], "", "").outcome is PostOutcome.ANONYMOUS


def test_blank_in_the_record_counts_as_agreeing():
    by_mac = Stored(1, serial_number="", is_proven=False)
    assert identify(None, [by_mac], "FTT77777777", M1) == Verdict(PostOutcome.SYSTEM, 1)


def test_unknown_goes_to_the_inbox():
    assert identify(None, [], S1, M1) == Verdict(PostOutcome.UNKNOWN)


def test_claims_of_two_systems_at_once_are_a_claim():
    first, second = Stored(1, is_proven=False), Stored(2, serial_number=S2, mac_address=M2, is_proven=False)
    assert identify(None, [first, second], S1, M2) == Verdict(PostOutcome.CLAIM, 1, (2,))


def test_blocked_stays_out_with_and_without_its_secret():
    blocked = Stored(1, state="blocked")
    assert identify(blocked, [blocked], S1, M1).outcome is PostOutcome.BLOCKED
    assert identify(None, [blocked], S1, M1).outcome is PostOutcome.BLOCKED
    assert identify(blocked, [B], S2, M2).outcome is PostOutcome.BLOCKED


def test_ignored_is_ignored():
    ignored = Stored(1, state="ignored", is_proven=False)
    assert identify(None, [ignored], S1, M1).outcome is PostOutcome.IGNORED
    assert identify(ignored, [ignored], S1, M1).outcome is PostOutcome.IGNORED

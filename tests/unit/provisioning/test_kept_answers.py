"""What is kept of a device's answer to a command."""

from roomkeeper.provisioning.push_work import ANSWER_LIMIT, kept_answer
from roomkeeper.systems.documents.redaction import MARK


def test_answers_are_kept_without_secrets_and_without_what_no_database_holds() -> None:
    address = "http://127.0.0.1/tms/public/external/management/systemmanagementservice.asmx/" + "a" * 32
    kept = kept_answer({"Url": address, "Text": "a\x00b", "Empty": ""})
    assert kept["Url"].endswith(MARK)
    assert (kept["Text"], kept["Empty"]) == ("ab", "")


def test_long_answers_are_cut() -> None:
    kept = kept_answer({f"Row[{number}]/Text": "x" * 1000 for number in range(1000)})
    assert 100 < len(kept) < 1000
    assert sum(len(path) + len(value) for path, value in kept.items()) <= ANSWER_LIMIT

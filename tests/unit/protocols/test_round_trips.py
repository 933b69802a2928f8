"""What we encode, we decode."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from roomkeeper.protocols.external_manager import (
    Answer,
    Beat,
    Booking,
    BookingCall,
    CommandCall,
    Dialect,
    DocumentRequest,
    FileToDownload,
    Identification,
    PostEvent,
    SettingValue,
    SoftwareOffer,
    decode_answer,
    decode_post_event,
    encode_answer,
    encode_post_event,
)
from roomkeeper.protocols.feedback import (
    Feedback,
    FeedbackKind,
    FeedbackValue,
    decode_feedback,
    encode_feedback,
)
from roomkeeper.protocols.posted_document import (
    PostedDocument,
    decode_posted_document,
    encode_posted_document,
)
from roomkeeper.protocols.xapi.command import decode_calls, encode_commands
from roomkeeper.protocols.xapi.configuration import decode_configuration, encode_configuration
from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.protocols.xml import clean_text, parse, serialise

SURROGATES = ("Cs",)
TEXT = st.text(
    st.sampled_from("<>&\"' \t\r\n]é€\U0001f600") | st.characters(exclude_categories=SURROGATES), max_size=20
).map(clean_text)
"""Any text that XML can carry."""
TRIMMED = TEXT.map(str.strip)
"""Text where white space around it means nothing."""

NAME = st.from_regex(r"[A-Z][A-Za-z0-9]{0,5}", fullmatch=True).filter(
    lambda name: name not in ("Identification", "Configuration")
)
# A leaf begins with L and a branch with another letter: no setting stands above another one.
LEAF = NAME.map(lambda name: f"L{name}")
BRANCH = NAME.filter(lambda name: not name.startswith("L"))


def with_index(names: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(
        lambda name, index: f"{name}[{index}]" if index else name, names, st.sampled_from([0, 0, 1, 2, 1001])
    )


PATH = st.builds(
    lambda branch, leaf: "/".join([*branch, leaf]), st.lists(with_index(BRANCH), max_size=4), with_index(LEAF)
)
SETTINGS = st.dictionaries(PATH, TEXT, max_size=6)
IDENTIFICATION = st.builds(Identification, *[TRIMMED] * 8)
SOAP_VERSION = st.sampled_from(["1.1", "1.2"])
COMMANDS = st.lists(
    st.builds(
        CommandCall,
        path=st.lists(NAME, min_size=1, max_size=4).map("/".join),
        arguments=st.dictionaries(
            NAME, TEXT | st.lists(TEXT, min_size=1, max_size=3).map(tuple), max_size=4
        ).map(lambda arguments: tuple(arguments.items())),
        body=st.none() | TEXT,
    ),
    max_size=3,
).map(tuple)
TIME = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001
    lambda at: at.replace(microsecond=0, tzinfo=UTC)
)
SECONDS = st.integers(0, 100_000).map(lambda seconds: timedelta(seconds=seconds))
BOOKING = st.builds(
    Booking,
    id=TRIMMED,
    title=TRIMMED,
    starts_at=TIME,
    ends_at=TIME,
    calls=st.lists(st.builds(BookingCall, TRIMMED, TRIMMED, st.integers(0, 20_000), TRIMMED), max_size=2).map(
        tuple
    ),
    agenda=TRIMMED,
    organizer_email=TRIMMED,
    start_buffer=SECONDS,
    end_buffer=SECONDS,
    maximum_extension=st.integers(0, 600).map(lambda minutes: timedelta(minutes=minutes)),
    has_webex=st.booleans(),
)
ANSWER = st.builds(
    Answer,
    heartbeat_interval=st.none() | st.integers(1, 86_400).map(lambda seconds: timedelta(seconds=seconds)),
    settings=SETTINGS.map(lambda settings: tuple(SettingValue(*item) for item in settings.items())),
    commands=COMMANDS,
    documents=st.lists(st.builds(DocumentRequest, TRIMMED, TRIMMED), max_size=3).map(tuple),
    bookings=st.none() | st.lists(BOOKING, max_size=2).map(tuple),
    software=st.none() | st.builds(SoftwareOffer, *[TRIMMED] * 7),
    files=st.lists(
        st.builds(FileToDownload, TRIMMED, TRIMMED, TRIMMED, st.integers(0, 10**8), TRIMMED), max_size=2
    ).map(tuple),
    soap_version=SOAP_VERSION,
)


def sorted_settings(answer: Answer) -> list[tuple[str, str]]:
    """Settings of one branch are written together, so only their order may change."""
    return sorted((setting.path, setting.value) for setting in answer.settings)


@given(IDENTIFICATION, TRIMMED, SOAP_VERSION)
def test_post_events(identification: Identification, word: str, soap_version: str) -> None:
    known = {beat.value.lower(): beat for beat in Beat if beat.value}
    post = PostEvent(identification, known.get(word.lower(), Beat.OTHER), word, soap_version)
    assert decode_post_event(encode_post_event(post)) == post


@given(ANSWER, st.sampled_from(Dialect))
def test_answers(answer: Answer, dialect: Dialect) -> None:
    decoded = decode_answer(encode_answer(answer, dialect=dialect))
    assert sorted_settings(decoded) == sorted_settings(answer)
    for member in Answer.__slots__:
        if member != "settings":
            assert getattr(decoded, member) == getattr(answer, member)


@given(IDENTIFICATION, st.sampled_from(["Status", "Configuration", "Valuespace"]), SETTINGS)
def test_posted_documents(identification: Identification, root: str, settings: dict[str, str]) -> None:
    inside = encode_configuration(settings, Dialect.CE).partition(b"<Configuration>")[2]
    payload = f"<{root}>".encode() + inside.removesuffix(b"</Configuration>") + f"</{root}>".encode()
    posted = PostedDocument(identification, f"/{root}", payload, root)
    decoded = decode_posted_document(encode_posted_document(posted))
    assert replace(decoded, payload=b"") == replace(posted, payload=b"")
    assert serialise(parse(decoded.payload)) == serialise(parse(payload))


@given(
    IDENTIFICATION,
    st.sampled_from(["Event", "Status", "Configuration"]),
    st.dictionaries(PATH, TRIMMED, max_size=6),
    st.sets(st.integers(5000, 5003), max_size=2),
    st.booleans(),
)
def test_feedback(
    identification: Identification, kind: FeedbackKind, values: dict[str, str], gone: set[int], as_json: bool
) -> None:
    if kind == "Event":
        values = {path.replace("[1]", ""): value for path, value in values.items()}
    sent = Feedback(
        identification,
        kind,
        tuple(FeedbackValue(*item) for item in values.items()),
        tuple(f"Call[{item}]" for item in gone),
    )
    decoded = decode_feedback(encode_feedback(sent, as_json=as_json), "")
    assert isinstance(decoded, Feedback)
    assert (decoded.identification, decoded.kind) == (identification, kind)
    assert sorted(decoded.ghosts) == sorted(sent.ghosts)
    assert {value.path: value.value for value in decoded.values} == values


@given(SETTINGS, st.sampled_from(Dialect))
def test_configuration(settings: dict[str, str], dialect: Dialect) -> None:
    decoded = decode_configuration(encode_configuration(settings, dialect)).settings
    # A write does not say which of its nodes are lists, so its paths come back as one of their spellings.
    assert {match_key(path): leaf.value for path, leaf in decoded.items()} == {
        match_key(path): value.strip() for path, value in settings.items()
    }


@given(COMMANDS)
def test_commands(calls: tuple[CommandCall, ...]) -> None:
    assert decode_calls(parse(encode_commands(calls))) == calls

"""Phone books, their sources, contacts, and where books are set."""

from typing import Final

from django.db import models
from django.db.models.functions import Coalesce

from roomkeeper.systems.models import Folder, System
from roomkeeper.words import gettext as _

FOREVER: Final = 2**31 - 1
# Of a contact without a name, of which nothing could be shown.
NAME_LIMIT: Final = 255


class PhoneBook(models.Model):
    """A book, which may stand in another. `path` is the ids from the top, as `/4/9/`.

    It belongs to a folder of systems: whoever may see that folder sees the book, and whoever may manage systems there
    may change it. Where it is set (`PhoneBookSetting`) is another matter.
    """

    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )
    path = models.CharField(max_length=500, db_index=True, blank=True)
    name = models.CharField(max_length=100)
    notes = models.CharField(max_length=500, blank=True)
    folder = models.ForeignKey(Folder, on_delete=models.PROTECT, related_name="phone_books")

    class Meta:
        verbose_name = "phone book"
        constraints = [
            # SQL counts no two NULLs as equal.
            models.UniqueConstraint(
                Coalesce("parent_id", 0), "name", name="phone_books_differ_beside_each_other"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Source(models.Model):
    """Where entries of a book come from.

    What is read is written beside what stands, under the next `generation`, and shown by moving `generation` on: a
    reader sees all of the old or all of the new. `settings` are those of the kind, its secrets encrypted apart. One
    without a book was deleted, and is taken apart by and by; nobody sees it any more.
    """

    book = models.ForeignKey(PhoneBook, on_delete=models.SET_NULL, null=True, related_name="sources")
    kind = models.CharField(max_length=32)
    name = models.CharField(max_length=100)
    settings = models.JSONField(default=dict, blank=True)
    secrets_ciphertext = models.BinaryField(default=b"", blank=True)
    # Pairs of (part of an entry, field of a record), the first that holds something first; none: as the kind suggests.
    mapping = models.JSONField(default=list, blank=True)
    # What the source noted at its last good reading, to be told only changes; empty: the whole of it is read.
    memory = models.JSONField(default=dict, blank=True)
    generation = models.PositiveIntegerField(default=0)
    # Minutes between two readings; 0 where it is read when somebody asks for it.
    every = models.PositiveIntegerField(default=0)
    is_on = models.BooleanField(default=True)
    due_at = models.DateTimeField(null=True, blank=True, db_index=True)
    # A share of the entries, in per cent: where more would go at once, a person is asked.
    shrink_limit = models.PositiveSmallIntegerField(default=30)
    # While it is being read: its last sign of life, how many records came so far, and whether somebody wants it ended.
    reading_at = models.DateTimeField(null=True, blank=True)
    records_read = models.PositiveIntegerField(default=0)
    is_to_stop = models.BooleanField(default=False)
    read_at = models.DateTimeField(null=True, blank=True)
    good_at = models.DateTimeField(null=True, blank=True)
    # What came of the last reading: a sentence, empty where nothing is to be said.
    problem = models.CharField(max_length=1000, blank=True)
    result = models.CharField(max_length=500, blank=True)
    warnings = models.JSONField(default=list, blank=True)
    # How often in a row it could not be read.
    failures = models.PositiveSmallIntegerField(default=0)
    entry_count = models.PositiveIntegerField(default=0)
    # A reading that would take too much away waits for a yes; and the yes, which counts for the next reading.
    awaits_yes = models.BooleanField(default=False)
    may_shrink = models.BooleanField(default=False)

    class Meta:
        verbose_name = "phone book source"

    def __str__(self) -> str:
        return self.name


class Contact(models.Model):
    """One version of an entry of a source. It is shown where `since` <= the source's generation < `until`.

    `number` names the entry through all its versions; `key` is what the source calls it. `methods` are the ways to
    dial it, best first, as lists of (kind, address, bandwidth class). `sort_name` is the name folded, by which lists
    are sorted and names searched from their beginning; `words` are those by which it is found (`words.words_of`);
    `dial_key` is its first address in one spelling, by which duplicates are found; `protocols` has a bit for each
    protocol by which it can be dialled.
    """

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="contacts")
    number = models.BigIntegerField(default=0)
    key = models.CharField(max_length=255)
    since = models.PositiveIntegerField(default=0)
    until = models.PositiveIntegerField(default=FOREVER)
    # When a reading took it away; kept for a while, since somebody may be turning pages behind it.
    gone_at = models.DateTimeField(null=True, blank=True)
    name = models.CharField(max_length=NAME_LIMIT)
    sort_name = models.CharField(max_length=NAME_LIMIT)
    note = models.CharField(max_length=255, blank=True)
    methods = models.JSONField(default=list)
    dial_key = models.CharField(max_length=255, blank=True)
    words = models.TextField(default="", blank=True)
    protocols = models.PositiveSmallIntegerField(default=0)
    system = models.ForeignKey(System, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = "phone book entry"
        indexes = [
            models.Index(fields=["source", "sort_name", "number"], name="phone_book_order"),
            models.Index(fields=["source", "key", "until"], name="phone_book_key"),
            models.Index(fields=["dial_key", "number"], name="phone_book_duplicates"),
            models.Index(fields=["number"], name="phone_book_number"),
            models.Index(
                fields=["gone_at"], name="phone_book_gone", condition=models.Q(gone_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.name


# Versions of entries that are shown now.
IS_SHOWN: Final = models.Q(
    source__book__isnull=False,
    since__lte=models.F("source__generation"),
    until__gt=models.F("source__generation"),
)


class PhoneBookSetting(models.Model):
    """A book that is set on a folder, for all systems in it and below, or on one system.

    `up_to`: systems up to this id were told already to search here; null once all were.
    """

    book = models.ForeignKey(PhoneBook, on_delete=models.CASCADE, related_name="settings")
    folder = models.ForeignKey(
        Folder, on_delete=models.CASCADE, null=True, blank=True, related_name="phone_book_settings"
    )
    system = models.ForeignKey(
        System, on_delete=models.CASCADE, null=True, blank=True, related_name="phone_book_settings"
    )
    up_to = models.BigIntegerField(null=True, default=0, db_index=True)

    class Meta:
        verbose_name = "phone book setting"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(folder__isnull=False, system__isnull=True)
                | models.Q(folder__isnull=True, system__isnull=False),
                name="phone_book_set_on_one",
            ),
            models.UniqueConstraint(
                Coalesce("folder_id", 0), Coalesce("system_id", 0), "book", name="phone_book_set_once"
            ),
        ]

    def __str__(self) -> str:
        return _("{book} on {folder}", book=self.book, folder=self.folder or self.system)


class DialledAddress(models.Model):
    """What became of calls to an address that stands in a phone book, in the spelling of `dialling.key_of`.

    Counted are calls of which the end says whether the address can be reached: connected ones, and those that the far
    end or the network ended before. `last_call` is the call that was counted last, because devices tell one twice.
    """

    key = models.CharField(max_length=255, unique=True)
    calls = models.PositiveIntegerField(default=0)
    connected = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()
    last_cause = models.CharField(max_length=100, blank=True)
    last_call = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = "dialled address"

    def __str__(self) -> str:
        return self.key

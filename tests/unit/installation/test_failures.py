"""Failures of files and databases in one sentence with what to do."""

import errno
import os
import sqlite3

import psycopg
import pytest
from django.db import OperationalError

from roomkeeper.installation.failures import sentence


def of_file(number, name="/data/x"):
    return OSError(number, os.strerror(number), name)


def of_sqlite(name):
    error = sqlite3.OperationalError("words of SQLite")
    error.sqlite_errorname = name
    return error


def of_postgresql(words, state=None):
    return psycopg.errors.lookup(state)(words) if state else psycopg.OperationalError(words)


def wrapped(error):
    outer = OperationalError("words of Django")
    outer.__cause__ = error
    return outer


@pytest.mark.parametrize(
    ("error", "parts"),
    [
        (of_file(errno.ENOSPC), ["/data/x", "disk is full", "Free some space"]),
        (of_file(errno.EDQUOT), ["disk quota"]),
        (of_file(errno.EFBIG), ["ulimit"]),
        (of_file(errno.EROFS), ["mounted read-only"]),
        (of_file(errno.EACCES), ["lacks the right", "account of the service"]),
        (of_file(errno.ENOTDIR), ["a file, not a folder"]),
        (of_file(errno.EIO), ["disk reports errors"]),
        (OSError(errno.ENOSPC, "full"), ["A file cannot be used", "disk is full"]),
        (wrapped(of_sqlite("SQLITE_FULL")), ["/data/db", "disk is full"]),
        (wrapped(of_sqlite("SQLITE_READONLY_DBMOVED")), ["read-only"]),
        (wrapped(of_sqlite("SQLITE_CANTOPEN")), ["cannot be opened"]),
        (wrapped(of_sqlite("SQLITE_NOTADB")), ["damaged", "backup restore"]),
        (wrapped(of_sqlite("SQLITE_CORRUPT")), ["damaged", "backup restore"]),
        (wrapped(of_sqlite("SQLITE_BUSY")), ["another program"]),
        (wrapped(of_sqlite("SQLITE_IOERR_WRITE")), ["disk answers with an error"]),
        (of_postgresql('FATAL:  password authentication failed for user "x"'), ["password", "database_url"]),
        (of_postgresql("fe_sendauth: no password supplied"), ["requires a password"]),
        (of_postgresql('FATAL:  database "x" does not exist'), ["does not exist"]),
        (of_postgresql("connection failed: Connection refused\n\tIs the server"), ["nothing answers there"]),
        (of_postgresql("failed to resolve host 'x'"), ["host is unknown"]),
        (of_postgresql("FATAL: sorry, too many clients already"), ["no free connection"]),
        (of_postgresql("something else went wrong"), ["It says: something else went wrong"]),
        (wrapped(of_postgresql("permission denied for schema public", "42501")), ["lacks a right", "GRANT"]),
        (wrapped(of_postgresql("cannot execute in a read-only transaction", "25006")), ["standby"]),
        (wrapped(of_postgresql("could not extend file", "53100")), ["disk is full"]),
        (wrapped(of_postgresql("starting up", "57P03")), ["Try again"]),
    ],
)
def test_known_failure_is_one_sentence_with_what_to_do(error, parts):
    told = sentence(error, database="/data/db")
    assert told is not None
    assert "\n" not in told
    for part in parts:
        assert part in told, told


@pytest.mark.parametrize("error", [KeyError("x"), RuntimeError("a fault of ours"), OSError(9999, "what?")])
def test_fault_of_the_program_has_no_sentence(error):
    assert sentence(error, database="db") is None

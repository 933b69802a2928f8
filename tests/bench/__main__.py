"""`python -m tests.bench [names…]`: run the benchmarks named, or all; one JSON line for each figure.

`python -m tests.bench profile` compares a virtual endpoint's profile with a schema of the vendor (`--help`).
"""

import argparse
import os
import subprocess
import sys
import traceback
from functools import partial

from tests.bench import (
    attack,
    check_ins,
    crash,
    directories,
    documents,
    footprint,
    pages,
    phone_books,
    polls,
    profile_schema,
    shows,
)
from tests.bench.figures import Broken, tell
from tests.bench.load import WrkMissing
from tests.postgresql import PostgreSQLMissing

BENCHMARKS = {
    "check-ins": check_ins.throughput,
    "tls": check_ins.over_tls,
    "documents": documents.intake,
    "boot-storm": documents.boot_storm,
    "polls": polls.rounds,
    "disk": footprint.disk,
    "memory": footprint.idle_memory,
    "pages": pages.systems_list,
    "phone-books": phone_books.searches,
    "start": footprint.start,
    "crash": crash.crash,
    "attack": attack.attack,
    "directory": directories.resync,
}
SIZED = {"secure-only": shows.secure_only, "bulk-change": shows.bulk_change}
DATABASES = ("sqlite", "postgresql")


def main() -> int:
    """Run them; 1 where one of them did not do its work."""
    if sys.argv[1:2] == ["profile"]:
        return profile_schema.main(sys.argv[2:])
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        choices=[*BENCHMARKS, *SIZED, []],
        metavar="name",
        help=", ".join((*BENCHMARKS, *SIZED)),
    )
    parser.add_argument("--database", action="append", choices=DATABASES, help="one database only")
    parser.add_argument(
        "--quick", action="store_true", help="small and short: shows that it runs, says no figures"
    )
    parser.add_argument("--systems", type=int, help=f"how many, for {' and '.join(SIZED)}")
    chosen = parser.parse_args()
    benchmarks = {**BENCHMARKS, **{name: partial(one, systems=chosen.systems) for name, one in SIZED.items()}}
    failed = 0
    for name in chosen.names or benchmarks:
        try:
            benchmarks[name](list(chosen.database or DATABASES), is_quick=chosen.quick)
        except (WrkMissing, PostgreSQLMissing) as missing:
            tell(f"{name}: {missing}")
            failed += bool(os.environ.get("CI"))
        except (Broken, subprocess.CalledProcessError) as broken:
            tell(f"{name}: {broken}")
            failed += 1
        except AssertionError:
            traceback.print_exc()
            failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""What is asked of an installation's own database, in a process of its own: `python -m tests.bench.inside QUESTION…`.

The answer is the last line that it prints, in JSON.
"""

import json
import os
import sys
from collections.abc import Callable
from typing import Any

import django


def main() -> None:
    """Answer the question in the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "roomkeeper.settings.django")
    django.setup()
    from tests.bench import a_day, directories_inside, fleet, pages, phone_books_inside, polled, roads

    questions: dict[str, Callable[..., Any]] = {
        "seed": fleet.seed,
        "moved": fleet.moved,
        "counts": fleet.counts,
        "documents": fleet.documents,
        "make-changes": fleet.make_changes,
        "settle": fleet.settle,
        "day": a_day.live,
        "pages": pages.measure_list,
        "seed-reachable": polled.seed_reachable,
        "seed-directory": directories_inside.seed,
        "resync-directory": directories_inside.resync,
        "poll-rounds": polled.poll_rounds,
        "seed-phone-books": phone_books_inside.seed,
        "seed-roads": roads.seed,
        "roads-in-flight": roads.in_flight,
        "roads-result": roads.result,
    }
    question, *words = sys.argv[1:]
    print(json.dumps(questions[question](*words)))


if __name__ == "__main__":
    main()

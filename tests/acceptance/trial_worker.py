"""A worker with a kind of job of its own, so that engine and recovery can be watched with nothing else in the way.

`python -m tests.acceptance.trial_worker run|create NUMBER|show|wait STATE SECONDS|cancel`, on the installation that
the environment names.
Each item writes its label into the file `done` of the data folder and takes a fifth of a second.
"""

import asyncio
import json
import os
import signal
import sys
import threading
import time
from datetime import UTC, datetime

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "roomkeeper.settings.django")
django.setup()

from django.conf import settings  # noqa: E402 - Django has to be set up before models are imported

from roomkeeper.jobs import work  # noqa: E402
from roomkeeper.jobs.models import Job, JobItem  # noqa: E402
from roomkeeper.jobs.running import Item, ItemOutcome, RunningJob  # noqa: E402
from roomkeeper.serving import first_start  # noqa: E402
from roomkeeper.serving.background import Background  # noqa: E402

ITEM_SECONDS = 0.2
AT_ONCE = 4


async def _one(item: Item) -> ItemOutcome:
    await asyncio.sleep(ITEM_SECONDS)
    with (settings.OPTIONS.data / "done").open("a") as file:
        file.write(f"{item.label}\n")
    return ItemOutcome(JobItem.State.DONE, f"did {item.label}", details={"worker": os.getpid()})


async def _run(job: RunningJob) -> str:
    await job.each(_one, at_once=AT_ONCE)
    return "All done."


def show() -> None:
    """Print how the newest job stands."""
    job = Job.objects.latest("id")
    workers = {row["worker"] for row in job.items.values_list("details", flat=True) if row}
    print(json.dumps({"state": job.state, "workers": len(workers), **work.counts([job.pk])[job.pk]}))


def main() -> None:
    """Do what the command line says."""
    word = sys.argv[1]
    work.register_kind(work.JobKind("trial", _run))
    if word == "create":
        first_start.prepare()
        items = [work.NewItem(f"item {number}") for number in range(int(sys.argv[2]))]
        print(work.create("trial", "A trial", items, user=None, now=datetime.now(UTC)).pk)
    elif word == "show":
        show()
    elif word == "wait":
        deadline = time.monotonic() + float(sys.argv[3])
        while Job.objects.latest("id").state != sys.argv[2] and time.monotonic() < deadline:
            time.sleep(0.1)
        show()
    elif word == "cancel":
        work.cancel(Job.objects.latest("id"), now=datetime.now(UTC))
    else:
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        background = Background()
        background.start()
        print("ready", flush=True)
        stopping.wait()
        background.stop()


if __name__ == "__main__":
    main()

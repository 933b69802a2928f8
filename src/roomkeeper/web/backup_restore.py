"""Putting a backup back: choose the system and the parts, look at what it would do, confirm."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.backups import mapping, restoring
from roomkeeper.backups.mapping import WORDS, MappingVerdict, RestoreReport
from roomkeeper.backups.models import Backup, PartKind
from roomkeeper.backups.restoring_surface import RESTORATIONS, RESTORE
from roomkeeper.systems.models import State, System
from roomkeeper.web.access import grants, number_of, visible_system
from roomkeeper.web.acts import Question, ask
from roomkeeper.web.acts import now as moment
from roomkeeper.web.backups import get_backup
from roomkeeper.web.derived_acts import tried
from roomkeeper.words import gettext as _
from roomkeeper.words import ngettext

SHOWN = 400
TARGETS_SHOWN = 200
# How the parts of a kind are picked, and what they are called together.
KIND_CHOICES = {
    PartKind.MACRO: ("macros", "Macros"),
    PartKind.EXTENSION: ("extensions", "Panels"),
    PartKind.BRANDING: ("branding", "Pictures"),
}
# In the order in which people want to read them.
COLOURS = {
    MappingVerdict.CHANGE: "azure",
    MappingVerdict.REFUSED: "amber",
    MappingVerdict.ABSENT: "grey",
    MappingVerdict.OWN: "grey",
    MappingVerdict.HIDDEN: "amber",
    MappingVerdict.OURS: "grey",
    MappingVerdict.ALREADY: "green",
}


@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: what it would do. POST: the question, then the job."""
    backup = get_backup(request, pk)
    chosen = number_of(request.POST.get("system") or request.GET.get("system") or "")
    key = backup.system_id if chosen is None else chosen
    target = visible_system(request, key, Permission.CHANGE_SETTINGS)
    given = request.POST if request.method == "POST" else request.GET
    typed = [text.strip() for text in given.get("paths", "").split(",") if text.strip()]
    picks = [*given.getlist("part"), *typed]
    try:
        report = restoring.plan(backup, target, picks)
    except mapping.PicksRefused as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(reverse("backup_restore", args=[pk]))
    if request.method == "POST":
        return _confirm(request, backup, target, picks, report)
    return render(request, "backups/restore.html", _context(request, backup, target, picks, report))


def report_rows(report: RestoreReport, show: str) -> dict[str, Any]:
    """A mapping report as pages show it: counts with colours, and the rows of one verdict or of all."""
    order = list(COLOURS)
    shown = [one for one in report.settings if not show or one.verdict == show]
    shown.sort(key=lambda one: order.index(one.verdict))
    return {
        "verdicts": [
            (verdict.value, WORDS[verdict], COLOURS[verdict], report.counts[verdict]) for verdict in COLOURS
        ],
        "rows": [(one, WORDS[one.verdict], COLOURS[one.verdict]) for one in shown[:SHOWN]],
        "part_rows": [
            (one, PartKind(one.part.kind).label, WORDS[one.verdict], COLOURS[one.verdict])
            for one in report.parts
        ],
        "total": len(shown),
        "show": show,
    }


def _confirm(
    request: HttpRequest, backup: Backup, target: System, picks: list[str], report: RestoreReport
) -> HttpResponse:
    back = reverse("backup_restore", args=[backup.pk])
    settings, parts = report.counts[MappingVerdict.CHANGE], report.part_counts[MappingVerdict.CHANGE]
    if request.POST.get("step") != "confirm":
        question = Question(
            _(
                "Restore {target} from the backup of {made_at:%Y-%m-%d %H:%M}?",
                target=target,
                made_at=backup.made_at,
            ),
            _(
                "{settings} and {parts} are written on one system, as far as it takes them: at once where it can be "
                "reached, else with the answer to its next post. A backup of how it is now is made first.",
                settings=ngettext("{count} setting", "{count} settings", settings),
                parts=ngettext("{count} part", "{count} parts", parts),
            ),
            _("Undo it by restoring that backup."),
            _("Restore"),
            back,
            back,
            is_dangerous=True,
            fields=(("step", "confirm"), ("system", str(target.pk)), *(("part", pick) for pick in picks)),
        )
        return ask(request, question)
    taken = {"backup": backup.pk, "system": target.pk, "parts": picks}
    for restoration in tried(request, RESTORATIONS, RESTORE, None, taken, ""):
        return HttpResponseRedirect(reverse("job", args=[restoration.job_id]))
    return HttpResponseRedirect(back)


def _context(
    request: HttpRequest, backup: Backup, target: System, picks: list[str], report: RestoreReport
) -> dict[str, Any]:
    mine = grants(request).folders(Permission.CHANGE_SETTINGS)
    targets = System.objects.filter(mine, state=State.MANAGED).order_by("name", "pk")[:TARGETS_SHOWN]
    kinds = list(backup.parts.order_by().values_list("kind", flat=True).distinct())
    choices = [
        ("settings", _("All settings")),
        *(words for kind, words in KIND_CHOICES.items() if kind in kinds),
    ]
    boxes = {word for word, _ in choices}
    return {
        "backup": backup,
        "target": target,
        "targets": targets if target in targets else [target, *targets],
        "picks": picks,
        "choices": choices,
        "paths": ", ".join(pick for pick in picks if pick not in boxes),
        "is_other_model": mapping.is_other_model(backup.product, target.product),
        "can_start": bool(report.changes or report.part_counts[MappingVerdict.CHANGE]),
        "now": moment(),
        **report_rows(report, request.GET.get("show", "")),
    }

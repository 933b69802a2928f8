"""Drift as people and programs see it: fields, who sees it, accept, ignore, resume."""

from datetime import datetime
from typing import Any, Literal

from django.db.models import Q

from roomkeeper.accounts.permissions import Grants, Permission
from roomkeeper.operations.acts import Act
from roomkeeper.operations.fields import Field
from roomkeeper.operations.subjects import Pages, Subject, Tab, register
from roomkeeper.provisioning import drift, enforcement, regaining
from roomkeeper.provisioning.models import Drift
from roomkeeper.systems import live
from roomkeeper.systems.surface import folder_filter, is_on_visible_system, place_of_system

_WHAT = "{row.system}, {row.path}: requested {row.wanted!r}, found {row.found!r}. "


def _seen_by(grants: Grants) -> Q:
    return is_on_visible_system(grants) & Q(ended_at=None)


def _act(**words: Any) -> Act:
    return Act(needs=Permission.CHANGE_SETTINGS, refused=(drift.DriftRefused,), for_many=True, **words)


DRIFT = register(
    Subject(
        noun="drift",
        plural="drift",
        model=Drift,
        meaning="A setting of a system that differs from its requested value.",
        seen_by=_seen_by,
        place=place_of_system,
        order="-since",
        search=("path", "wanted", "found", "system__name"),
        related=("system__folder", "ignored_by"),
        prepare=enforcement.look_up,
        tell=lambda row: live.publish("system", row.system),
        label=lambda row: f"{row.system}, {row.path}",
        topic="system",
        page="drift_one",
        pages=Pages(
            heading="Drift",
            help="drift",
            empty="No system differs from its requested values.",
            tabs=(
                Tab(label="To decide", filters={"is_ignored": "false"}),
                Tab(label="Ignored", filters={"is_ignored": "true"}),
            ),
        ),
        fields=(
            Field(name="id", type=int),
            Field(name="system", type=int, at="system_id", filter="one", sort="system__name"),
            folder_filter("system__folder"),
            Field(name="system_name", type=str, at="system__name", sort="", heading="System", cell="system"),
            Field(
                name="path", type=str, meaning="A part of it.", filter="part", heading="Setting", cell="link"
            ),
            Field(name="wanted", type=str, sort="", heading="Wanted", cell="value"),
            Field(
                name="found",
                type=str | None,
                meaning="null where the device does not have the setting.",
                sort="",
                heading="Found",
                cell="drift/cell_found.html",
            ),
            Field(
                name="layer",
                type=Literal["management", "feedback", "system", "persistent", "template", "default"],
                filter="one",
                heading="Layer",
                cell="word",
            ),
            Field(name="why", type=str, sort=""),
            Field(name="enforcement", type=str, meaning="`automatic`, `window` or `by_hand`.", sort=""),
            Field(name="since", type=datetime, heading="Since", cell="when"),
            Field(
                name="noticed_by",
                type=str,
                meaning="`report`: in a whole configuration; `feedback`: as it was changed.",
                sort="",
            ),
            Field(
                name="rounds",
                type=int,
                meaning="How often it was restored within a day.",
                sort="",
                heading="Restored",
                cell="drift/cell_rounds.html",
            ),
            Field(name="asked_at", type=datetime | None, sort=""),
            Field(
                name="is_ignored",
                type=bool,
                at="ignored_at",
                read=lambda row: row.ignored_at is not None,
                sort="",
                filter="set",
            ),
        ),
        acts=(
            _act(
                name="enforce",
                run=enforcement.enforce_one,
                summary="Write the requested value again.",
                title="Restore this setting?",
                what=_WHAT
                + "The requested value is written again: now if the system can be reached, otherwise with the answer to"
                " its next post.",
                undo="The value found is overwritten. If it is right, accept it instead.",
                button="Restore",
                done="The setting is written again.",
            ),
            _act(
                name="accept",
                run=enforcement.accept,
                summary="Make the value found the requested value, for this system only.",
                title="Make the value found the requested value?",
                what=_WHAT + "It becomes a persistent setting of this system only, whatever templates say.",
                undo="Remove the request under the system's Settings.",
                button="Accept",
                done="It is now the requested value.",
                offered=lambda row: row.layer not in regaining.LAYERS and row.found is not None,
            ),
            _act(
                name="ignore",
                run=drift.ignore,
                summary="Leave this difference alone.",
                title="Leave this difference alone?",
                what=_WHAT + "It is not restored or counted until it ends.",
                undo="It is listed under Ignored, where you can resume it.",
                button="Ignore",
                done="The difference is ignored.",
                offered=lambda row: row.ignored_at is None and not enforcement.is_fought_over(row),
            ),
            _act(
                name="resume",
                run=drift.resume,
                summary="Stop ignoring it, or restore a setting again that was fought over.",
                title="Resume this difference?",
                what=_WHAT + "It is counted, and restored automatically where that is on.",
                undo="It can be ignored again.",
                button="Resume",
                done="The difference is counted again.",
                offered=lambda row: row.ignored_at is not None or enforcement.is_fought_over(row),
            ),
        ),
    )
)

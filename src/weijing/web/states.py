"""States as people see them: a shape, a word, a colour. The colour comes last."""

from typing import NamedTuple


class Look(NamedTuple):
    tone: str  # ok, warn, bad, ref, run, off
    icon: str
    dashed: bool = False


LOOKS = {
    # time
    "on_time": Look("ok", "clock"),
    "due_soon": Look("warn", "clock-soon"),
    "overdue": Look("bad", "triangle"),
    # grade of an alert
    "critical": Look("bad", "octagon"),
    "high": Look("bad", "triangle"),
    "medium": Look("warn", "diamond"),
    "low": Look("off", "circle-mark"),
    # course of a thing
    "waiting": Look("warn", "clock-soon"),
    "running": Look("run", "clock"),
    "done": Look("ok", "check-circle"),
    "unreached": Look("warn", "circle-bar"),
    "unsure": Look("warn", "triangle"),
    "refused": Look("bad", "ban"),
    "referred": Look("ref", "transfer"),
    "paused": Look("off", "pause"),
    "uploading": Look("off", "arrow-up", dashed=True),
    "draft": Look("off", "edit"),
    "cancelled": Look("off", "ban"),
    "required": Look("off", "lock"),
    # plain tones, for a word that is state enough
    "ok": Look("ok", ""),
    "warn": Look("warn", ""),
    "bad": Look("bad", ""),
    "ref": Look("ref", ""),
    "run": Look("run", ""),
    "off": Look("off", ""),
}

"""link and unlink: share links of files and folders, served by this engine."""

from __future__ import annotations

from lsfs.errors import BadRequest, NotFound
from lsfs.links.link import Access, Target
from lsfs.links.link import Link as Made
from lsfs.model import FOREVER, Kind, path_json, show
from lsfs_syscalls import times
from lsfs_syscalls.calls.changing import Link, Unlink
from lsfs_syscalls.calls.reading import ListLinks
from lsfs_syscalls.calls.record import Json
from lsfs_syscalls.run.context import Answer, Context
from lsfs_syscalls.run.spans import expiry_ns

DEFAULT_EXPIRY = "7d"
"""A link without an end that was asked for ends by itself."""
SHOWN_ACCESSES = 50


def link(ctx: Context, call: Link) -> Answer:
    """Make a link; the answer is its address and when it ends."""
    paths = ctx.files(call.files, path=call.path)
    if call.version is not None and len(paths) != 1:
        raise BadRequest("`version` goes with one file")
    targets = [_target(ctx, show(p), call.version) for p in paths]
    made = ctx.engine.links.make(
        targets,
        actor=ctx.actor,
        expires_ns=expiry_ns(call.expires or DEFAULT_EXPIRY, ctx.now),
        password=call.password,
        most=call.downloads,
    )
    return Answer(link_json(ctx, made), tuple(paths))


def _target(ctx: Context, text: str, version: int | None) -> Target:
    entry = ctx.entry(text)
    if entry.kind not in (Kind.FILE, Kind.DIRECTORY):
        raise BadRequest(f"{text} is a {entry.kind.value}; files and folders can be shared")
    if version is None:
        return Target(entry.fid, None, entry.path)
    if entry.kind is not Kind.FILE:
        raise BadRequest(f"{text} is a folder; `version` goes with one file")
    found = ctx.engine.versions.version(entry.path, version)
    if found.digest is None:
        ctx.engine.versions.content(found)
    return Target(entry.fid, found.vid, entry.path)


def link_json(ctx: Context, made: Made) -> dict[str, Json]:
    """Return a link as the contract's object, with how it was used so far."""
    ends = None if made.expires_ns == FOREVER else times.iso_ns(made.expires_ns, ctx.now.tzinfo)
    out: dict[str, Json] = {
        "url": ctx.engine.links.url(made),
        "expires": ends,
        "paths": [path_json(t.path)["path"] for t in made.targets],
        "live": all(t.version is None for t in made.targets),
        "password": made.password is not None,
        "downloads": made.downloads,
        "downloads_allowed": made.most,
    }
    return out


def unlink(ctx: Context, call: Unlink) -> Answer:
    """Withdraw the links to files or folders; all links where none is named.

    Raises:
        NotFound: there is no valid link to them.
    """
    named = bool(call.files) or call.path is not None
    paths = ctx.files(call.files, path=call.path) if named else None
    gone = ctx.engine.links.revoke(paths)
    if not gone:
        raise NotFound(f"there is no link to {', '.join(show(p) for p in paths)}" if paths else "there are no links")
    addresses: list[Json] = [ctx.engine.links.url(link) for link in gone]
    return Answer({"revoked": addresses}, tuple(t.path for link in gone for t in link.targets))


def list_links(ctx: Context, call: ListLinks) -> Answer:
    """List links with their use, the newest accesses of each first."""
    links = ctx.engine.links
    made = links.links(ended=bool(call.all), paths=None if call.path is None else [ctx.path(call.path)])
    found: list[Json] = []
    for one in made:
        log = links.accesses(one)
        lines = [_access(ctx, a) for a in log[:SHOWN_ACCESSES]]
        use: dict[str, Json] = {"accesses": len(log), "last_access": lines[0]["time"] if lines else None, "log": [*lines]}
        found.append({**link_json(ctx, one), **use, "ended": links.over(one)})
    return Answer({"links": found}, found=bool(found))


def _access(ctx: Context, a: Access) -> dict[str, Json]:
    when = times.iso_ns(a.at_ns, ctx.now.tzinfo)
    return {"time": when, "address": a.address, "status": a.status, "what": a.what, "bytes": a.sent}

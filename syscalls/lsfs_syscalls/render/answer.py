"""One answer as lines of text, by the payload it carries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from lsfs_syscalls.render.paint import Paint
from lsfs_syscalls.render.plain import plain, plain_text
from lsfs_syscalls.run.joined import csv_text

Body = dict[str, Any]
_MOST_NAMED = 8
_MOST_ACCESSES = 5


AS_IT_IS = ("content", "diff", "summary", "table", "text")
"""What is passed on byte for byte where no terminal shows it."""


def render(body: Body, paint: Paint) -> str:
    """Return the answer as text, without a line end."""
    shown = plain(body)
    if not paint.terminal:
        shown |= {k: body[k] for k in AS_IT_IS if k in body}
    for key, show in _SHOW.items():
        if key in shown:
            return "\n".join(show(shown, paint))
    return "\n".join(f"{k}: {v}" for k, v in shown.items())


def notices(body: Body) -> Iterator[str]:
    """Yield what the answer says of its own freshness and completeness, for the standard error output."""
    if pending := body.get("pending"):
        yield "1 changed file is not searchable yet" if pending == 1 else f"{pending} changed files are not searchable yet"
    if vectors := body.get("vectors_pending"):
        what = "1 file" if vectors == 1 else f"{vectors} files"
        yield f"{what} can be found by words only until the vectors are made"
    for line in body.get("degraded") or []:
        yield f"degraded: {plain_text(str(line))}"
    for line in body.get("notices") or []:
        yield plain_text(str(line))


def _files(body: Body, paint: Paint) -> Iterator[str]:
    if not body["files"]:
        yield "nothing matches" if "total" in body or "query" in body else "nothing is there"
    for f in body["files"]:
        if "score" in f:
            yield from _hit(f, paint)
        else:
            slash = "/" if f.get("kind") == "directory" else ""
            yield f"{f.get('modified', ''):19.19}  {f.get('size', 0):>10}  {paint.name(f['path'] + slash)}"
    total = body.get("total")
    if total is not None and total > len(body["files"]):
        yield paint.dim(f"({total} files match; {len(body['files'])} are shown)")


def _hit(f: Body, paint: Paint) -> Iterator[str]:
    where = f":{f['line']}" if f.get("line") else ""
    where = f" page {f['page']}" if f.get("page") else where
    where += f" ({f['place']})" if f.get("place") else ""
    yield f"{f['score']:.2f}  {paint.name(f['path'])}{paint.dim(where)}  {paint.dim(str(f.get('modified', ''))[:10])}"
    if f.get("snippet"):
        yield "      " + paint.dim(paint.cut(f["snippet"], 6))
    for part, value in (f.get("explain") or {}).items():
        yield "      " + paint.dim(f"{part} = {value}")


def _groups(body: Body, paint: Paint) -> Iterator[str]:
    if not body["groups"]:
        yield "nothing to group"
    for g in body["groups"]:
        yield f"{paint.bold(str(g['label']))} ({len(g['files'])})"
        for f in g["files"]:
            yield "  " + paint.name(_path(f))
    if body.get("by"):
        yield paint.dim("(by " + ", ".join(f"{how}: {n}" for how, n in body["by"].items()) + ")")


def _path(f: Any) -> str:
    return str(f["path"]) if isinstance(f, dict) else str(f)


def _pairs(body: Body, paint: Paint) -> Iterator[str]:
    if not body["pairs"]:
        yield "no pairs"
    for p in body["pairs"]:
        why = f"  {paint.dim(str(p['why']))}" if p.get("why") else ""
        yield f"{p['score']:.2f}  {paint.name(_path(p['left']))}  ~  {paint.name(_path(p['right']))}{why}"


def _table(body: Body, _: Paint) -> Iterator[str]:
    yield csv_text(body["table"]["columns"], body["table"]["rows"]).removesuffix("\n")


def _duplicates(body: Body, paint: Paint) -> Iterator[str]:
    if not body["duplicates"]:
        yield "no duplicates"
    for d in body["duplicates"]:
        saves = f", saves {d['saves']} bytes" if d.get("saves") else ""
        yield f"{paint.bold(str(d.get('kind', 'same')))} {d.get('score', '')} {paint.dim(str(d.get('why', '')) + saves)}"
        goes = "  could go (`lsfs diff` shows what is in it alone)" if d.get("kind") == "near" else "  can go"
        for f in d["files"]:
            yield "  " + paint.name(_path(f)) + (paint.dim(goes) if f in (d.get("delete") or ()) else "")
    if body.get("saves"):
        yield paint.dim(f"({body['saves']} bytes in all)")


def _versions(body: Body, paint: Paint) -> Iterator[str]:
    if not body["versions"]:
        yield "no versions"
    for v in body["versions"]:
        what = paint.bad("deleted") if v["deleted"] else f"{v['size']} bytes"
        state = f"  {paint.bad(v['state'])}" if v.get("state") in ("missed", "lost", "torn") else ""
        by = paint.dim(f"{v.get('actor', '')}" + (f" transaction {v['transaction']}" if v.get("transaction") else ""))
        yield f"{v['version']:>5}  {v['time'][:19]}  {what:>14}  {paint.name(v['path'])}  {by}{state}"


def _collected(body: Body, _: Paint) -> Iterator[str]:
    if not body["collected"]:
        yield "nothing to collect: the rules of [versions] keep every version"
    else:
        yield f"{body['collected']} old versions have lost their content; {body['freed']} bytes are free again"
    if packed := body.get("repacked"):
        yield f"{packed['chunks']} parts are differences now: {packed['after']} bytes instead of {packed['before']}"


def _forgotten(body: Body, paint: Paint) -> Iterator[str]:
    yield f"{body['forgotten']} files with {body['versions']} versions are gone for good"
    for path in body.get("changed", []):
        yield "  " + paint.name(path)
    if shared := body.get("shared"):
        yield paint.dim(f"{shared} parts of their contents stay, because other files have the same")


def _transactions(body: Body, paint: Paint) -> Iterator[str]:
    if not body["transactions"]:
        yield "no transactions"
    for t in body["transactions"]:
        undone = paint.dim(f"  {t['state']}") if t.get("state") not in (None, "committed") else ""
        what = t.get("prompt") or ", ".join(t.get("paths", [])[:3])
        yield f"{t['transaction']:>5}  {t['time'][:19]}  {t['actor']:<10}  {t['count']:>5} files  {paint.cut(what, 45)}{undone}"


def _changed(body: Body, paint: Paint) -> Iterator[str]:
    changed = body.get("changed") or []
    yield f"done: {len(changed)} changed" + paint.dim(f" (transaction {body['transaction']}; {_way_back(body)})")
    for path in changed[:50]:
        yield "  " + paint.name(path)
    if len(changed) > 50:
        yield f"  and {len(changed) - 50} more"
    for f in body.get("kept") or ():
        yield f"  {paint.name(f['path'])}  left as it is: {f['reason']}"


def _way_back(body: Body) -> str:
    """Say how a change is taken back; an undo has to be named, as `undo` alone takes back the latest that is none."""
    if not body.get("undoable", True):
        return "nothing that `lsfs undo` could take back"
    return f"`lsfs undo{' --transaction ' + str(body['transaction']) if 'undone' in body else ''}` takes it back"


def _summary(body: Body, paint: Paint) -> Iterator[str]:
    yield str(body["summary"])
    if "kind" in body and body.get("sources"):
        named = [_path(s) for s in body["sources"]]
        more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
        yield paint.dim(f"({body['kind']} summary of {', '.join(named[:_MOST_NAMED])}{more})")


def _diff(body: Body, paint: Paint) -> Iterator[str]:
    for line in str(body["diff"]).splitlines():
        colour = paint.good if line.startswith("+") else paint.bad if line.startswith("-") else str
        yield colour(line)
    yield paint.dim(str(body["summary"]))


def _file(body: Body, paint: Paint) -> Iterator[str]:
    f = body["file"]
    yield paint.name(f["path"])
    for key, value in f.items():
        if key not in ("path", "path_b64", "attributes") and value not in ([], None):
            yield f"  {key:<10} {_said(value)}"
    for key, values in sorted(f.get("attributes", {}).items()):
        yield f"  {key:<10} {paint.cut(', '.join(map(str, values)), 14)}"


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{k} {v}" for k, v in value.items() if k != "path")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _content(body: Body, _: Paint) -> Iterator[str]:
    if body.get("encoding") == "base64":
        yield f"{body.get('path', 'it')} is no text ({body.get('size', 0)} bytes); `lsfs read PATH > FILE` writes it as it is"
        return
    yield str(body["content"]).removesuffix("\n")


def _count(body: Body, _: Paint) -> Iterator[str]:
    yield str(body["count"])


def _url(body: Body, paint: Paint) -> Iterator[str]:
    until = f"until {body['expires']}" if body.get("expires") else "without an end"
    yield f"{body['url']}  {paint.dim(until)}"


def _links(body: Body, paint: Paint) -> Iterator[str]:
    if not body["links"]:
        yield "no links"
    for one in body["links"]:
        yield from _url(one, paint)
        allowed = f" of {one['downloads_allowed']}" if one.get("downloads_allowed") else ""
        used = f"{one['downloads']}{allowed} downloads" + (", with a password" if one.get("password") else "")
        ended = f"  {paint.bad(one['ended'])}" if one.get("ended") else ""
        yield f"  {paint.name(', '.join(one['paths']))}  {paint.dim(used)}{ended}"
        for a in (one.get("log") or [])[:_MOST_ACCESSES]:
            yield "  " + paint.dim(f"  {a['time'][:19]}  {a['address']}  {a['status']} {a['what']}, {a['bytes']} bytes")


def _events(body: Body, paint: Paint) -> Iterator[str]:
    if not body["events"]:
        yield "nothing happened to what is watched"
    for e in body["events"]:
        yield f"{e['seq']:>5}  {e['time'][:19]}  {e['event']:<10}  {paint.name(e['path'])}  {paint.dim(str(e['summary']))}"


def _watched(s: Any, paint: Paint) -> str:
    what = f"files that match “{s['query']}”" if s.get("query") else s.get("path") or "everything"
    return f"{s['id']:>5}  {paint.name(str(what))}  {paint.dim('since ' + str(s['since'])[:19])}"


def _subscriptions(body: Body, paint: Paint) -> Iterator[str]:
    yield from (_watched(s, paint) for s in body["subscriptions"])
    if not body["subscriptions"]:
        yield "nothing is watched"


def _subscription(body: Body, paint: Paint) -> Iterator[str]:
    for s in body.get("ended") or ():
        yield "ended: " + _watched(s, paint).strip()
    if body["subscription"]:
        yield "watched: " + _watched(body["subscription"], paint).strip()


def _revoked(body: Body, _: Paint) -> Iterator[str]:
    yield from (f"withdrawn: {url}" for url in body["revoked"])


def _text(body: Body, _: Paint) -> Iterator[str]:
    yield str(body["text"])


_SHOW: dict[str, Callable[[Body, Paint], Iterator[str]]] = {
    "count": _count,
    "collected": _collected,
    "forgotten": _forgotten,
    "files": _files,
    "groups": _groups,
    "table": _table,
    "pairs": _pairs,
    "duplicates": _duplicates,
    "versions": _versions,
    "transactions": _transactions,
    "diff": _diff,
    "transaction": _changed,
    "summary": _summary,
    "file": _file,
    "content": _content,
    "url": _url,
    "links": _links,
    "events": _events,
    "subscriptions": _subscriptions,
    "subscription": _subscription,
    "revoked": _revoked,
    "text": _text,
}

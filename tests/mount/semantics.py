"""A small engine for the semantic tree, which a mount asks over the engine's socket."""

from __future__ import annotations

import threading

from lsfs.errors import BadRequest, NotFound
from lsfs.wire.http import Json, Server
from lsfs.wire.tree import WireNode, b64, node_to_json, unb64
from tests.mount.rig import Rig

README = b"what one sees\n"


class Engine:
    """A small engine: it knows a search with results, saved searches, attributes, and a tree of the past.

    Attributes:
        release: while it is not set, listings are not answered.
        awake: while it is not set, nothing is.
    """

    def __init__(self) -> None:
        self.saved: set[bytes] = set()
        self.tags: dict[bytes, bytes] = {}
        self.asked: list[tuple[str, bytes]] = []
        self.release = threading.Event()
        self.release.set()
        self.awake = threading.Event()
        self.awake.set()
        self.status = b"{}\n"

    def route(self, path: str, body: Json) -> Json:
        assert path == "/tree"
        op, where = str(body["op"]), unb64(body["path_b64"])
        self.asked.append((op, where))
        self.awake.wait(20)
        answer: Json = getattr(self, op)(where, body)
        return answer

    def _nodes(self, path: bytes) -> dict[bytes, WireNode]:
        readme = WireNode(b"README.md", "file", len(README))
        if path == b"":
            names = [WireNode(b"status", "file", len(self.status)), WireNode(b"root", "file", 4)]
            return {n.name: n for n in (readme, *names, *(WireNode(d, "directory") for d in (b"search", b"saved", b"history")))}
        if path == b"saved":
            return {n: WireNode(n, "directory") for n in self.saved}
        if path.startswith((b"search/", b"saved/")):
            target = b"../../../docs/a.txt"
            return {b"README.md": readme, b"01 a.txt": WireNode(b"01 a.txt", "symlink", len(target), 5_000_000_007, target)}
        if path in (b"at", b"at/now"):
            return {b"now": WireNode(b"now", "directory"), b"docs": WireNode(b"docs", "directory")}
        if path == b"at/now/docs":
            return {b"README.md": readme, b"a.txt": WireNode(b"a.txt", "file", 3, 7)}
        if path == b"history":
            return {b"0001": WireNode(b"0001", "file", 300_000, 7)}
        raise NotFound("no such folder")

    def lookup(self, path: bytes, _body: Json) -> Json:
        folder, _, name = path.rpartition(b"/")
        if folder == b"search" and not name.startswith(b"."):
            return {"node": node_to_json(WireNode(name, "directory"))}
        if name not in self._nodes(folder):
            raise NotFound("no such name")
        return {"node": node_to_json(self._nodes(folder)[name])}

    def list(self, path: bytes, _body: Json) -> Json:
        self.release.wait(20)
        return {"nodes": [node_to_json(n) for n in self._nodes(path).values()]}

    def read(self, path: bytes, body: Json) -> Json:
        data = {b"history/0001": b"old content " * 25_000, b"status": self.status}.get(path, README)
        return {"data_b64": b64(data[body["offset"] : body["offset"] + body["size"]])}

    def mkdir(self, path: bytes, _body: Json) -> Json:
        self.saved.add(path.removeprefix(b"saved/"))
        return {}

    def rmdir(self, path: bytes, _body: Json) -> Json:
        self.saved.remove(path.removeprefix(b"saved/"))
        return {}

    def getxattr(self, path: bytes, body: Json) -> Json:
        if body["name"] != "user.lsfs.tags" or path not in self.tags:
            raise NotFound("no such attribute")
        return {"value_b64": b64(self.tags[path])}

    def setxattr(self, path: bytes, body: Json) -> Json:
        if body["name"] != "user.lsfs.tags":
            raise BadRequest("only tags can be set")
        self.tags[path] = unb64(body["value_b64"])
        return {}

    def removexattr(self, path: bytes, _body: Json) -> Json:
        self.tags.pop(path)
        return {}


def served(rig: Rig, engine: Engine) -> Server:
    def log(_: str, e: BaseException) -> None:
        raise e

    server = Server(rig.engine, engine.route, log)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server

"""The tour of `make run`: the main job on an example library, every step a command that you could type, with its real output.

It copies the library to a scratch directory, serves and mounts it, walks through finding, grouping, joining, editing, history,
undo and an agent's tool call, and takes everything down again.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent
COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ


def say(text: str) -> None:
    """Print a heading of the tour."""
    print(f"\n\x1b[1m{text}\x1b[0m" if COLOUR else f"\n## {text}", flush=True)


class Tour:
    """One walk: a scratch root, its mount point, and the shell that types the commands."""

    def __init__(self, scratch: Path) -> None:
        self.root, self.mount = scratch / "library", scratch / "mount"
        self.env = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "LSFS_ROOT": str(self.root)}

    def type(self, command: str, *, check: bool = True) -> str:
        """Type a command into a shell in the mounted directory, print it and its output."""
        print(f"\x1b[32m$\x1b[0m {command}" if COLOUR else f"$ {command}", flush=True)
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self.mount,
            env=self.env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        print(done.stdout, end="", flush=True)
        if check and done.returncode != 0:
            raise SystemExit(f"the tour stops: `{command}` ended with status {done.returncode}")
        return done.stdout

    def walk(self) -> None:
        """Walk through the whole tour."""
        self.finding()
        self.editing()
        self.deleting()
        self.agent()

    def finding(self) -> None:
        """Find by meaning, by words, by time and type; group, join; the query directory."""
        say("1. Find: by meaning, by words, by time and type")
        self.type('lsfs "find the three papers on keeping hot data on flash"')
        self.type('lsfs "find files that mention the Berlin office"')
        self.type('lsfs "show me the markdown files I changed in the last week"')
        say("2. Group the hits, join two folders")
        self.type('lsfs "find papers about caching on flash and group them by author"')
        self.type('lsfs "join papers/ with notes/ by content"')
        say("3. A query is a directory: ls and cat its results")
        self.type("ls .lsfs/search/flash\\ caching/")
        self.type("head -n 6 .lsfs/search/flash\\ caching/*caching-ideas.md")

    def editing(self) -> None:
        """Edit through the mount with a shell tool, find the new content, roll back."""
        say("4. Edit through the mount with a shell tool; the new content is found")
        self.type("echo 'The walrus protocol replaces the old handshake.' >> papers/reading-list.md")
        time.sleep(0.5)
        self.type('lsfs retrieve "walrus protocol" -k 1')
        say("5. Put it back")
        self.type('lsfs --yes "roll papers/reading-list.md back to the previous version"')
        self.type("tail -n 2 papers/reading-list.md")

    def deleting(self) -> None:
        """Delete by prompt, shown as a plan first; undo; history."""
        say("6. Delete by prompt: first the plan, then the deed, then undo")
        self.type('lsfs --dry-run "delete recipes/old and notes/ideas.txt"')
        self.type('lsfs --yes "delete recipes/old and notes/ideas.txt"')
        self.type("lsfs --yes undo")
        say("7. The history of a file")
        self.type("lsfs history papers/reading-list.md")

    def agent(self) -> None:
        """Call a tool over MCP as an agent would."""
        say("8. An agent asks over MCP")
        print('(client: tools/call retrieve {"query": "which vendor raised its prices", "k": 2})', flush=True)
        print(asyncio.run(self._call_tool()), flush=True)

    async def _call_tool(self) -> str:
        from mcp import ClientSession, StdioServerParameters
        from mcp.client.stdio import stdio_client

        server = StdioServerParameters(command=str(BIN / "lsfs"), args=["mcp"], env=self.env)
        async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
            await session.initialize()
            answer = await session.call_tool("retrieve", {"query": "which vendor raised its prices", "k": 2})
            return str(answer.content[0].text)


def main() -> int:
    """Set the stage, walk, and leave nothing behind."""
    began = time.monotonic()
    scratch = Path(tempfile.mkdtemp(prefix="lsfs-tour-"))
    tour = Tour(scratch)
    sys.path.insert(0, str(HERE.parent))
    from examples.place_library import place

    place(tour.root, time.time())
    tour.mount.mkdir()
    lsfs = [str(BIN / "lsfs")]
    try:
        say(f"0. Serve {tour.root} and mount it at {tour.mount}")
        for command in (["up", str(tour.root), str(tour.mount)], ["wait", "--progress", "--timeout", "240"]):
            print("$", shlex.join(["lsfs", *command]), flush=True)
            if subprocess.run([*lsfs, *command], env=tour.env, check=False).returncode:
                raise SystemExit("the tour stops: the engine or the mount did not come up; `lsfs doctor` says what is missing")
        tour.walk()
    finally:
        subprocess.run([*lsfs, "down", str(tour.root)], env=tour.env, check=False)
        shutil.rmtree(scratch, ignore_errors=True)
    say(f"Done in {time.monotonic() - began:.0f} s; nothing is left mounted or running.")
    print("Go on with a directory of yours:   make run ROOT=~/Documents [MOUNT=~/docs]")
    print("or, with .venv/bin in your PATH:   lsfs up ~/Documents ~/docs   and   lsfs shell")
    return 0


if __name__ == "__main__":
    sys.exit(main())

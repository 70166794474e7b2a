"""The official SDK's own client against `lsfs mcp`: what any host does."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from tests.syscalls.endtoend.conftest import Served, eventually

Use = Callable[[ClientSession], Awaitable[Any]]


def as_a_host(served: Served, use: Use, *options: str, heard: list[Any] | None = None) -> Any:
    """Start the server as a host does, and use it."""
    words = ["-m", "lsfs_syscalls.cli.main", "--root", str(served.root), "mcp", *options]
    parameters = StdioServerParameters(command=sys.executable, args=words, env=served.environ)

    async def log(params: Any) -> None:
        if heard is not None:
            heard.append(params)

    async def main() -> Any:
        async with stdio_client(parameters) as (read, write), ClientSession(read, write, logging_callback=log) as session:
            await session.initialize()
            return await use(session)

    return asyncio.run(asyncio.wait_for(main(), 60))


def test_the_tools_are_listed_with_their_effects_and_the_server_says_what_it_is(served: Served) -> None:
    async def use(session: ClientSession) -> Any:
        listed = (await session.list_tools()).tools
        return session.initialize_result, {t.name: t.annotations for t in listed}

    known, tools = as_a_host(served, use, "--changing")
    assert known.server_info.version
    assert known.capabilities.logging is not None
    assert "never as instructions" in known.instructions
    assert tools["retrieve"].read_only_hint
    assert tools["delete"].destructive_hint
    assert not {"forget", "gc", "mount", "unmount"} & set(tools)


def test_without_consent_an_agent_gets_a_preview_and_with_it_the_deed(served: Served) -> None:
    file = served.write("agent/plan.txt", "one")
    served.settle()

    async def use(session: ClientSession) -> Any:
        await session.list_tools()
        asked = await session.call_tool("delete", {"path": "agent"})
        there = file.exists()
        done = await session.call_tool("delete", {"path": "agent", "consent": True})
        return asked, there, done

    asked, there, done = as_a_host(served, use, "--changing")
    assert asked.is_error
    named = {f["path"] for f in asked.structured_content["preview"]["steps"][0]["files"]}
    assert named == {"agent", "agent/plan.txt"}
    assert there
    assert not done.is_error
    assert not file.exists()
    assert served.json("log")["transactions"][0]["actor"] == "agent:mcp"


@pytest.mark.parametrize("name", ["delete", "forget", "nosuch"])
def test_what_is_not_offered_is_an_error_and_not_done(served: Served, name: str) -> None:
    file = served.write("kept/a.txt", "one")
    served.settle()
    result = as_a_host(served, lambda s: s.call_tool(name, {"path": "kept/a.txt", "consent": True}))
    assert result.is_error
    assert file.exists()


def test_files_outside_of_the_root_are_out_of_reach(served: Served) -> None:
    async def use(session: ClientSession) -> list[bool]:
        tries: list[tuple[str, dict[str, Any]]] = [("read", {"path": "/etc/passwd"}), ("read", {"path": "../../../etc/passwd"})]
        tries.append(("create", {"path": "got", "source": "/etc/passwd", "consent": True}))
        return [(await session.call_tool(name, args)).is_error or False for name, args in tries]

    assert as_a_host(served, use, "--changing") == [True, True, True]
    assert not (served.root / "got").exists()


def test_an_event_reaches_the_clients_log(served: Served) -> None:
    served.call("write", path="heard/a.txt", content="one\n")
    served.call("watch", path="heard/a.txt")
    heard: list[Any] = []

    async def use(session: ClientSession) -> None:
        await session.list_tools()
        for n in range(200):
            if heard:
                return
            await asyncio.to_thread(served.call, "write", path="heard/a.txt", content=f"{n}\n")
            await asyncio.sleep(0.1)

    as_a_host(served, use, heard=heard)
    assert heard[0].logger == "lsfs.events"
    assert heard[0].data["path"] == "heard/a.txt"
    assert eventually(lambda: served.client.call("events", {})["events"] != [])

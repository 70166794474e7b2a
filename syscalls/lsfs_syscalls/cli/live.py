"""A plan and a model's answer on the terminal while it is written.

The pieces go to the standard output as they come, the progress before them to the standard error output (of a terminal only).
When the answer is there, what is left of it is printed behind; an answer that turned out otherwise is printed whole.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from lsfs_syscalls.render.paint import Paint
from lsfs_syscalls.render.plain import plain_text
from lsfs_syscalls.render.plan import plan_lines, sent_lines


@dataclass(slots=True)
class Live:
    """What was shown of the present answer.

    Attributes:
        step: the step that it belongs to; 0 while nothing came.
        text: what was shown, as it was printed.
        planned: the plan was shown.
        rewriting: the standard error output is a terminal on which a line can be written again.
    """

    paint: Paint
    step: int = 0
    text: str = ""
    planned: bool = False
    rewriting: bool = False

    def tell(self, event: dict[str, Any]) -> None:
        """Show one event of the stream."""
        if "plan" in event:
            self.plan(event["plan"])
        if "progress" in event and self.rewriting:
            print(f"\r\x1b[K{self.paint.dim(plain_text(str(event['progress'])))}", end="", file=sys.stderr, flush=True)
        if "text" not in event:
            return
        if self.rewriting and not self.text:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
        if event.get("step", 1) != self.step:
            print(end="\n" if self.text else "")
            self.text, self.step = "", int(event.get("step", 1))
        piece = plain_text(str(event["text"])) if self.paint.terminal else str(event["text"])
        self.text += piece
        print(piece, end="", flush=True)

    def plan(self, plan: dict[str, Any]) -> None:
        """Show what was understood, once."""
        if self.planned:
            return
        self.planned = True
        for line in plan.get("notices") or ():
            print(self.paint.dim(plain_text(line)), file=sys.stderr)
        for line in (*sent_lines(plan, self.paint), *plan_lines(plan, self.paint)):
            print(line, file=sys.stderr, flush=True)

    def finish(self, rendered: str) -> str:
        """Return what is left to be printed of an answer; begins anew."""
        shown, self.text, self.step, self.planned = self.text, "", 0, False
        if not shown:
            return rendered
        if rendered.startswith(shown):
            rest = rendered[len(shown) :]
            if not rest.startswith("\n"):
                return rest
            print()
            return rest[1:]
        print()
        return rendered

"""The options that every command takes. Light: `lsfs status` imports this and not the table of calls."""

from __future__ import annotations

import argparse


def common_options() -> argparse.ArgumentParser:
    """Return the options that every command takes, as a parent parser."""
    p = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    g = p.add_argument_group("every command")
    g.add_argument(
        "--root", metavar="DIR", help="the root to work on (default: LSFS_ROOT, or the nearest root or mount upwards)"
    )
    g.add_argument("--state", metavar="DIR", help="where lsfs keeps its own data (default: ROOT/.lsfs)")
    g.add_argument("--json", action="store_true", help="print the answer as JSON")
    g.add_argument("--yes", "-y", action="store_true", help="do what changes files without asking")
    g.add_argument("--dry-run", action="store_true", help="show what would be done, and do nothing")
    g.add_argument("--explain", action="store_true", help="show how the answer came about")
    g.add_argument("--now", metavar="TIME", help="take this as the present time (ISO 8601)")
    return p

"""Everything that lsfs itself changes: transactions, rollback, undo, snapshots, and finishing after a crash.

Threading: any thread; transactions on different paths may run at the same time. `_finishing` is held while one that a failing
    disk had left half done is taken back.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from lsfs.capture.recorder import Recorder
from lsfs.changes import effects, recovery
from lsfs.changes.guard import Guard, Writers, no_writers
from lsfs.changes.log import TransactionInfo, latest_to_undo, line, lines, undoable
from lsfs.changes.putback import NOTHING
from lsfs.changes.removing import ForgetReport, Told, collect, finish_forgetting, forget, measure, pending, take_back_forgetting
from lsfs.changes.repacking import GoOn, always, repack, waiting
from lsfs.changes.repairing import repair, restore
from lsfs.changes.reverting import Recovered
from lsfs.changes.rollback import Goal, likely_targets, targets_of
from lsfs.changes.transaction import Transaction
from lsfs.errors import BadRequest, Conflict, LsfsError, NotFound, Unavailable
from lsfs.model import RelPath, TransactionId, Version, show
from lsfs.packs.reports import RepackReport
from lsfs.packs.store import Packs
from lsfs.versions.checking import Finding, check
from lsfs.versions.collecting import CollectReport
from lsfs.versions.records import BeginRecord, PinRecord
from lsfs.versions.retention import Rules
from lsfs.versions.versions import Versions

_LOG = logging.getLogger(__name__)

OnConflict = Literal["refuse", "keep_mine", "force"]


class Changes:
    """The one way in which lsfs changes files.

    Args:
        writers: tells which paths a program has open for writing through the mount.
    """

    def __init__(self, recorder: Recorder, versions: Versions, packs: Packs, *, writers: Writers = no_writers) -> None:
        self._packs = packs
        self.on_forget: list[Told] = []
        self._recorder = recorder
        self._versions = versions
        self.guard = Guard(recorder.disk, versions, writers)
        recorder.holder = self.guard.holder
        self.recovered: list[Recovered] = []
        self.cut_off: list[str] = []
        """Forgettings that a crash cut off before anything was forgotten, in words."""
        self.unforgotten = ""
        """What a forgetting that failed has left to do, in words."""
        self.unfinished: list[Transaction] = []
        self._finishing = threading.Lock()
        self._upkeep = threading.Lock()  # what rewrites packs does so alone; taken before the recorder's lock

    def begin(
        self,
        *,
        actor: str,
        prompt: str = "",
        plan: Mapping[str, Any] | None = None,
        kind: str = "call",
        undoes: Sequence[int] = (),
    ) -> Transaction:
        """Begin a transaction; use it as a context manager: it commits at the end, an exception takes everything back.

        Args:
            actor: who, in words: "user", "agent:NAME".

        Raises:
            Unavailable: an earlier one is half done, and the disk does not let us take it back.
        """
        self.finish()
        with self._recorder.lock:
            tx = self._recorder.ids.tx()
        begin = BeginRecord(
            tx=tx,
            at_ns=self._recorder.catalogue.tick(),
            kind=kind,
            state="open",
            actor=actor,
            prompt=prompt,
            plan=json.dumps(plan or {}, ensure_ascii=False, sort_keys=True),
            undoes=json.dumps(list(undoes)),
        )
        return Transaction(
            self._recorder, self._versions, self.guard, begin, unfinished=self.unfinished, reverted=self.recovered
        )

    def finish(self) -> None:
        """Take back what a failing disk had left half done.

        Raises:
            Unavailable: it fails still.
        """
        with self._finishing:
            while self.unfinished:
                half = self.unfinished[-1]
                try:
                    half.take_back()
                except (LsfsError, OSError, sqlite3.Error) as e:
                    raise Unavailable(f"transaction {half.id} is half done and cannot be taken back yet: {e}") from e
                self.unfinished.remove(half)

    # The log

    def log(
        self, *, actor: str | None = None, since_ns: int | None = None, until_ns: int | None = None, limit: int = 100
    ) -> list[TransactionInfo]:
        """Return the transactions, newest first; bursts of programs among them."""
        return lines(self._con(), actor=actor, since_ns=since_ns, until_ns=until_ns, limit=limit)

    def transaction(self, tx: TransactionId) -> TransactionInfo:
        """Return one transaction.

        Raises:
            NotFound: there is none of this id.
        """
        found = line(self._con(), tx)
        if found is None:
            raise NotFound(f"there is no transaction {tx}; `lsfs log` lists them")
        return found

    # Rollback

    def rollback(
        self,
        paths: Sequence[RelPath],
        goal: Goal,
        *,
        actor: str,
        prompt: str = "",
        plan: Mapping[str, Any] | None = None,
    ) -> Transaction:
        """Put files, folders or (path b"") the whole tree back to an earlier state, as a transaction of its own.

        Raises:
            NotFound: no such file, version, snapshot, or nothing there at that time.
        """
        with self.begin(actor=actor, prompt=prompt, plan=plan, kind="rollback") as tx:
            self.rollback_in(tx, paths, goal)
        return tx

    def rollback_in(self, tx: Transaction, paths: Sequence[RelPath], goal: Goal) -> None:
        """Roll back as a part of a transaction."""
        writes, targets = self._recorder.catalogue.writes, likely_targets(self._versions, paths, goal)
        with tx.helper(targets or {}) as helper:  # started by what the tables say, while the disk is looked at
            for path in paths:
                tx.refresh(path)
            if targets is None or writes != self._recorder.catalogue.writes:
                targets = targets_of(self._versions, paths, goal)
            if targets:
                tx.put_back(targets, operation="rollback", captured=True, helper=helper)

    # Undo

    def undo(
        self,
        *,
        steps: int | None = None,
        transaction: TransactionId | None = None,
        actor: str | None = None,
        since_ns: int | None = None,
        under: RelPath | None = None,
        on_conflict: OnConflict = "refuse",
        by: str = "user",
        prompt: str = "",
        plan: Mapping[str, Any] | None = None,
    ) -> Transaction:
        """Take transactions back, as a transaction of its own, which can be undone as well.

        Without arguments the latest one that stands; bursts of programs only by id, actor, `since_ns` or `under`.

        Args:
            on_conflict: what to do with paths that changed since: refuse all, keep them as they are, or put them back anyway.

        Raises:
            NotFound: nothing to undo.
            Conflict: `paths` changed since (with `refuse`).
        """
        chosen, found = self._chosen(steps, transaction, actor, since_ns, under)
        with self.begin(actor=by, prompt=prompt, plan=plan, kind="undo", undoes=chosen) as tx:
            self._undo_in(tx, chosen, found, on_conflict)
        return tx

    def undo_in(self, tx: Transaction, chosen: Sequence[TransactionId], *, on_conflict: OnConflict = "refuse") -> None:
        """Undo transactions as a part of another one."""
        self._undo_in(tx, chosen, effects.of_transactions(self._con(), chosen), on_conflict)

    def would_undo(
        self,
        *,
        steps: int | None = None,
        transaction: TransactionId | None = None,
        actor: str | None = None,
        since_ns: int | None = None,
        under: RelPath | None = None,
    ) -> list[tuple[RelPath, TransactionId]]:
        """Return what `undo` with these arguments would put back: each path, with the first transaction that changed it.

        Raises:
            NotFound: nothing to undo.
        """
        chosen, found = self._chosen(steps, transaction, actor, since_ns, under)
        first: dict[RelPath, TransactionId] = {}
        for path, tx in (*((e.path, e.tx) for e in found), *self._labelled(chosen)):
            first.setdefault(path, tx)
        return sorted(first.items()) or [(RelPath(b""), tx) for tx in chosen]

    def undoable(self, tx: TransactionId) -> bool:
        """Tell whether there is anything of a transaction that undo takes back: of an unlock or a link there is not."""
        return undoable(self._con(), tx)

    def _labelled(self, txs: Sequence[TransactionId]) -> list[tuple[RelPath, TransactionId]]:
        """Return the files that are there whose tags or locks the transactions changed."""
        out = effects.locks_to_take_back(self._con(), txs)
        for tx in txs:
            for fid, _, _ in effects.tags_to_take_back(self._con(), [tx]):
                out += [(e.path, tx) for e in self._versions.names_of(fid)]
        return out

    def _chosen(
        self,
        steps: int | None,
        transaction: TransactionId | None,
        actor: str | None,
        since_ns: int | None,
        under: RelPath | None,
    ) -> tuple[list[TransactionId], list[effects.Effect]]:
        con = self._con()
        if actor is not None or since_ns is not None or under:
            txs = [] if transaction is None else [transaction]
            found = effects.select(con, since_ns=since_ns, actor=actor, under=under, txs=txs)
            if not found:
                raise NotFound("nothing was changed there since then")
            return sorted({e.tx for e in found}), found
        if transaction is not None:
            self._undoable(transaction)
            chosen = [transaction]
        else:
            if steps is not None and steps < 1:
                raise BadRequest("the number of steps to undo is 1 or more")
            chosen = latest_to_undo(con, steps or 1)
            if len(chosen) < (steps or 1):
                raise NotFound("there is no transaction to undo" if not chosen else f"there are only {len(chosen)} to undo")
        return chosen, effects.of_transactions(con, chosen)

    def _undoable(self, tx: TransactionId) -> None:
        info = self.transaction(tx)
        if info.state != "committed":
            raise NotFound(f"transaction {tx} was {info.state}: there is nothing to undo")
        if info.undone_by is not None:
            raise NotFound(f"transaction {tx} was undone already, by transaction {info.undone_by}")

    def _undo_in(
        self, tx: Transaction, chosen: Sequence[TransactionId], found: list[effects.Effect], on_conflict: OnConflict
    ) -> None:
        nets = effects.net(found)
        current = tx.refresh_all([RelPath(p) for p in nets])
        since = effects.changed_since(self._con(), nets, current)
        if since and on_conflict == "refuse":
            words = [show(p) for p in since]
            raise Conflict(
                f"changed since: {', '.join(words[:10])}; keep them (keep_mine) or put them back anyway (force)", words
            )
        left = set(since) if on_conflict == "keep_mine" else set()
        targets = {p: n.before for p, n in nets.items() if p not in left and (n.before != NOTHING or current[RelPath(p)])}
        if targets:
            tx.put_back(targets, operation="undo", seen=current)
        for path in left:
            tx.kept[path] = "changed since"
        for fid, add, remove in effects.tags_to_take_back(self._con(), chosen):
            tx.set_tags_of(fid, add, remove)
        for path, _ in effects.locks_to_take_back(self._con(), chosen):
            tx.unlock(path)

    # Snapshots and recovery

    def snapshot(self, name: str, *, actor: str, prompt: str = "", at_ns: int | None = None) -> int:
        """Give the state of the tree a name; return the time that it names.

        Raises:
            Exists: the name is taken.
        """
        with self.begin(actor=actor, prompt=prompt) as tx:
            return tx.snapshot(name, at_ns)

    def pin(self, version: Version, *, pinned: bool = True) -> None:
        """Keep a version whatever the retention rules say, or no longer."""
        self._recorder.write([PinRecord(version.vid, self._recorder.catalogue.tick(), pinned)])

    def gc(self, rules: Rules, *, dry_run: bool = False) -> CollectReport:
        """Let versions go under the retention rules and give the room back."""
        with self._upkeep:
            return collect(self._recorder, self._packs, rules, dry_run=dry_run)

    def repack(self, go_on: GoOn = always) -> RepackReport:
        """Keep later versions of a file as patches of earlier ones; for quiet hours and after `gc`.

        Args:
            go_on: asked now and then; the next call goes on where this one was told to stop.
        """
        with self._upkeep:
            return repack(self._recorder, self._packs, go_on)

    def unpacked(self) -> int:
        """Return how many files `repack` would look at."""
        return waiting(self._recorder)

    def forget(self, paths: Sequence[RelPath]) -> ForgetReport:
        """Remove files and their whole histories for good; `on_forget` listeners remove what they keep.

        Raises:
            NotFound: there is, and was, no such file.
            Denied, Conflict: locked, open for writing, or changed in this moment.
            Unavailable: the disk is full or failing; `unforgotten` says what is left to do.
        """
        self.finish_forgetting()
        with self._upkeep:
            try:
                done = forget(self._recorder, self._packs, self.guard, paths, self.on_forget)
            except BaseException:
                self.unforgotten = pending(self._recorder)
                raise
            self.cut_off.clear()  # it names files
            self.recovered.clear()  # and so do these
            return done

    def take_back_forgetting(self) -> None:
        """Put back what a forgetting that was not committed had withdrawn; call at start, before the disk is looked at."""
        self.cut_off += filter(None, [take_back_forgetting(self._recorder)])

    def finish_forgetting(self) -> None:
        """Go on with a forgetting that failed, if there is one.

        Raises:
            Unavailable: the disk refuses still.
        """
        if self.unforgotten:
            with self._upkeep:
                self.cut_off += filter(None, [finish_forgetting(self._recorder, self._packs, self.on_forget)])
                self.unforgotten = pending(self._recorder)

    def forgettable(self, path: RelPath) -> tuple[int, int]:
        """Return how many files, and versions, `forget` would remove: all that ever had the name or a name below it.

        Raises:
            NotFound: there is, and was, no such file.
        """
        return measure(self._con(), path)

    def check(self, *, sample: float = 1.0, mend: bool = False) -> list[Finding]:
        """Return what is wrong with tables and packs, in words; with `mend`, what is left after mending what can be."""
        found = check(self._recorder.catalogue, self._packs, sample=sample)
        return repair(self._recorder, self._packs, found) if mend and found else found

    def mend_missing(self) -> list[int]:
        """Store anew what the files have now of packs that are gone; return the numbers of these packs.

        Without this, content that such a pack had would be taken for stored: neither kept before it is overwritten nor stored
        again.
        """
        gone = self._packs.missing()
        lost = [Finding("", None, chunk, "content") for chunks in gone.values() for chunk in chunks]
        if lost:
            restore(self._recorder, self._packs, lost)
        return sorted(gone)

    def recover(self) -> list[Recovered]:
        """Take back what was cut off by a crash; call at start, before anything else changes the root.

        Returns:
            One line for each transaction; `status` tells them.
        """
        self.unforgotten = pending(self._recorder)
        try:
            self.finish_forgetting()
        except (LsfsError, OSError, sqlite3.Error) as e:
            _LOG.warning("a forgetting cannot be finished yet: %s", e)
        self.recovered[:] = recovery.recover(self._recorder, self._versions, self.guard)
        return list(self.recovered)

    def _con(self) -> Any:
        return self._versions.connection()

"""Every change that lsfs itself makes: transactions, rollback and undo."""

from lsfs.changes.changes import Changes
from lsfs.changes.log import TransactionInfo
from lsfs.changes.removing import ForgetReport
from lsfs.changes.reverting import Recovered
from lsfs.changes.rollback import Goal
from lsfs.changes.transaction import Transaction

__all__ = ["Changes", "ForgetReport", "Goal", "Recovered", "Transaction", "TransactionInfo"]

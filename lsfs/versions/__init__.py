"""What the files of a root were: tables, the tree in time, history, retention. The packs hold the content and the records."""

from lsfs.versions.collecting import CollectReport
from lsfs.versions.names import Candidate
from lsfs.versions.retention import Rules
from lsfs.versions.versions import Versions

__all__ = ["Candidate", "CollectReport", "Rules", "Versions"]

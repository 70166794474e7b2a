"""The recorder: it looks at the disk, takes content into the packs and writes what happened as versions."""

from lsfs.capture.acknowledging import Acknowledger
from lsfs.capture.baseline import BaselineProgress
from lsfs.capture.capture import Capture
from lsfs.capture.describing import Author
from lsfs.capture.disk import Disk
from lsfs.capture.events import Dirty
from lsfs.capture.recorder import Recorder

__all__ = ["Acknowledger", "Author", "BaselineProgress", "Capture", "Dirty", "Disk", "Recorder"]

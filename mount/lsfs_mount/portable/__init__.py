"""The portable driver: the same mount by libfuse's path-based interface. `lsfs_mount.drivers` chooses the driver."""

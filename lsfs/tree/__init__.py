"""The semantic tree: what the paths below MOUNTPOINT/.lsfs/ mean. No FUSE in it."""

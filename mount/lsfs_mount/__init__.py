"""The mount: the kernel's file system protocol on one side, the root directory and the semantic tree on the other."""

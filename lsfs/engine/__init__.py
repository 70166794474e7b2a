"""The engine: everything of one root put together, in one process."""

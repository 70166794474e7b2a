"""What each call does on an engine, and how the steps of a plan are run."""

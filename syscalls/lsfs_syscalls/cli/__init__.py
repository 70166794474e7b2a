"""The command line: every call of the table as a subcommand, and prompts."""

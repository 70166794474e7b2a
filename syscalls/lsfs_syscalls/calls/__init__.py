"""The table of calls: typed records, one a syscall, from which every front end is made."""

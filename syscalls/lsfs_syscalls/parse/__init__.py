"""From a prompt to a plan without a language model: words, clauses, slots, calls.

`Parser` in `lsfs_syscalls.parse.parser` is the way in.
"""

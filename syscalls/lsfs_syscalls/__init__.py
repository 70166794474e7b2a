"""The semantic syscalls: their table, prompt -> plan -> guard -> run, and the front ends that speak it."""

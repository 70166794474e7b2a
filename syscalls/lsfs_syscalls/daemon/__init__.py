"""The engine process: one a root, serving the calls over HTTP on a Unix socket."""

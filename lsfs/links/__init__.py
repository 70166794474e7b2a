"""Share links: signed, expiring, revocable addresses under which others can fetch a file or folder from this machine."""

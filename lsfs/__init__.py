"""A semantic file system: the parts that know no FUSE, no language and no terminal."""

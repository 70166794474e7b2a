"""The indexer: turns committed changes into rows of the index, words at once and vectors as fast as the embedder goes."""

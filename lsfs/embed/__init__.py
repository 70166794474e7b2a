"""Text to vectors: the `Embedder` protocol and what fulfils it."""

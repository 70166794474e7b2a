"""The index: documents, words, attributes and vectors of the live files and of those that were, and the search over them."""

"""Rerankers: a model that reads the query and a passage together and says how well they fit; none unless configured."""

"""Subscriptions: durable wishes to be told when a file changes, or when a file begins to match a query."""

"""Prompt texts and the parser's data. No logic lives here."""

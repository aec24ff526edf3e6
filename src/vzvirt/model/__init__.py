"""Frozen values: what is. No text, no connection, no I/O."""

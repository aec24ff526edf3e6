"""Checks: small named functions, each looking for one thing that must not be."""

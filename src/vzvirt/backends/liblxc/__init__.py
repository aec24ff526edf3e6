"""Containers on a stock kernel, by liblxc's own programs: one short-lived child per operation.

``engine`` is the port; ``starting``, ``ending`` and ``attaching`` are what it does;
``runfolder`` and ``record`` are what it remembers.
"""

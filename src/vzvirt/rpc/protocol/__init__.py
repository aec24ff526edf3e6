"""The protocol: structures, procedures, constants, printed by tools/rpcgen.py from facts."""

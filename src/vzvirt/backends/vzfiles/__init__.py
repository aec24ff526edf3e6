"""Definitions as OpenVZ keeps them: config files, names, samples and locks below ``/etc/vz``."""

"""Virtual networks on Linux: a bridge, rules of nftables, a dnsmasq."""

from vzvirt.backends.networks.runner import LinuxNetworks

__all__ = ["LinuxNetworks"]

"""liblxc's configuration files: written by us, read by liblxc alone.

``container.write_container`` turns a definition and what the host adds to it into the lines
that one container is started from; the tables it draws on stand in modules of their own:
``capabilities``, ``devices``, ``limits`` and ``seccomp``.
"""

from vzvirt.codec.lxcconf.container import ContainerSpec, GuestMount, write_container
from vzvirt.codec.lxcconf.seccomp import write_seccomp

__all__ = ["ContainerSpec", "GuestMount", "write_container", "write_seccomp"]

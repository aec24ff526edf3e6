"""The one hierarchy of errors.

::

    VzvirtError
    ├── CallerError               the request is at fault; repeating it changes nothing
    │   ├── XmlError              the document is malformed, or says two things that disagree
    │   ├── SchemaError           well formed, but not what the RELAX NG schema allows
    │   ├── InvalidArgument       an option or a value is wrong
    │   ├── ConfigUnsupported     legal, but nothing an OpenVZ-style container can have
    │   ├── ConfigSyntax          a config file cannot be read
    │   ├── ArgumentUnsupported   a flag or a combination of flags nobody implements
    │   ├── NoDomain, NoTemplate, NoStoragePool, NoStorageVolume, NoSample, NoDevice, NoNetwork,
    │   │   NoMetadata            what was named does not exist
    │   ├── Conflict              an identity is taken by another container
    │   ├── AccessDenied          the caller may not do this
    │   └── OperationInvalid      not in this state
    │       └── Outdated          it is no longer what a change was made from
    ├── HostError                 the host is at fault; the same request may succeed later
    │   ├── Busy                  somebody else holds the lock
    │   ├── TimedOut              it did not happen in the time allowed
    │   ├── NoSpace               the disk or the quota is full
    │   ├── OperationFailed       a step failed; the message says which
    │   └── SystemFailure         a system call failed
    ├── NoSupport                 this host, engine or layout cannot do it
    └── InternalError             a defect of vzvirt

Each class carries the libvirt error code (``virErrorNumber``) and error domain
(``virErrorDomain``) a client gets, and the exit status of the ``vzvirt`` command.
Foreign exceptions are mapped to these once, where they cross our border.
"""

from __future__ import annotations

from typing import ClassVar

FROM_XML = 5
FROM_OPENVZ = 14
FROM_STORAGE = 18
FROM_NETWORK = 19
FROM_DOMAIN = 20
FROM_NODEDEV = 22


class VzvirtError(Exception):
    """Anything vzvirt refuses or fails to do.

    Attributes:
        message: One sentence: what is wrong, and which two things stand in conflict.
        hint: What to do next, or ``None``.
    """

    code: ClassVar[int] = 1
    domain: ClassVar[int] = FROM_OPENVZ
    exit_status: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message


class CallerError(VzvirtError):
    """The request is at fault."""

    exit_status = 2


class XmlError(CallerError):
    """A document is malformed, or two of its elements disagree (VIR_ERR_XML_ERROR)."""

    code = 27
    domain = FROM_XML


class SchemaError(CallerError):
    """A document is not valid against the schema (VIR_ERR_XML_INVALID_SCHEMA)."""

    code = 92
    domain = FROM_XML


class InvalidArgument(CallerError):
    """A value is wrong (VIR_ERR_INVALID_ARG)."""

    code = 8


class ConfigUnsupported(CallerError):
    """Legal, but not for such a container (VIR_ERR_CONFIG_UNSUPPORTED)."""

    code = 67


class ConfigSyntax(CallerError):
    """A config file cannot be read (VIR_ERR_CONF_SYNTAX)."""

    code = 33


class ArgumentUnsupported(CallerError):
    """A flag nobody implements (VIR_ERR_ARGUMENT_UNSUPPORTED)."""

    code = 74


class NoDomain(CallerError):
    """No such container (VIR_ERR_NO_DOMAIN)."""

    code = 42
    exit_status = 3


class NoTemplate(CallerError):
    """No such OS template in the cache (VIR_ERR_NO_STORAGE_VOL)."""

    code = 50
    domain = FROM_STORAGE
    exit_status = 3


class NoStoragePool(CallerError):
    """No such pool (VIR_ERR_NO_STORAGE_POOL)."""

    code = 49
    domain = FROM_STORAGE
    exit_status = 3


class NoStorageVolume(CallerError):
    """No such volume in a pool (VIR_ERR_NO_STORAGE_VOL)."""

    code = 50
    domain = FROM_STORAGE
    exit_status = 3


class NoSample(CallerError):
    """No such sample config (VIR_ERR_INVALID_ARG)."""

    code = 8
    exit_status = 3


class NoDevice(CallerError):
    """No such host device (VIR_ERR_NO_NODE_DEVICE)."""

    code = 53
    domain = FROM_NODEDEV
    exit_status = 3


class NoNetwork(CallerError):
    """No such virtual network (VIR_ERR_NO_NETWORK)."""

    code = 43
    domain = FROM_NETWORK
    exit_status = 3


class Conflict(CallerError):
    """An identity belongs to somebody else (VIR_ERR_OPERATION_FAILED)."""

    code = 9


class AccessDenied(CallerError):
    """The caller may not do this (VIR_ERR_ACCESS_DENIED)."""

    code = 88


class NoMetadata(CallerError):
    """A container has no such description (VIR_ERR_NO_DOMAIN_METADATA)."""

    code = 80
    exit_status = 3


class OperationInvalid(CallerError):
    """Not possible in this state (VIR_ERR_OPERATION_INVALID)."""

    code = 55
    exit_status = 4


class Outdated(OperationInvalid):
    """Changed by somebody else since it was read (VIR_ERR_OPERATION_INVALID)."""


class HostError(VzvirtError):
    """The host is at fault."""


class Busy(HostError):
    """Somebody else holds the container's lock (VIR_ERR_RESOURCE_BUSY)."""

    code = 87
    exit_status = 5


class TimedOut(HostError):
    """It did not happen in the time allowed (VIR_ERR_OPERATION_TIMEOUT)."""

    code = 68
    exit_status = 6


class NoSpace(HostError):
    """The disk or the quota is full (VIR_ERR_OPERATION_FAILED)."""

    code = 9


class OperationFailed(HostError):
    """A step failed (VIR_ERR_OPERATION_FAILED)."""

    code = 9


class SystemFailure(HostError):
    """A system call failed (VIR_ERR_SYSTEM_ERROR)."""

    code = 38


class NoSupport(VzvirtError):
    """This host, engine or layout cannot do it (VIR_ERR_NO_SUPPORT)."""

    code = 3
    exit_status = 7


class InternalError(VzvirtError):
    """A defect of vzvirt (VIR_ERR_INTERNAL_ERROR)."""

    code = 1
    exit_status = 70

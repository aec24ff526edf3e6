"""XDR (RFC 4506), as libvirt's protocol uses it: the base of all structures on the wire.

A structure is a small class with slots, made from a line of the notation (``layout``) when it is
first asked for; its codec is compiled when it is first used. So a process pays only for those
structures that it sends or receives.

What is promised about bytes from outside: a payload is taken or refused (``ProtocolError``) as a
whole, counts and lengths above the protocol's bounds are refused, and no count makes room for
anything before the bytes that would fill it are there.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, Self, dataclass_transform

from vzvirt.errors import CallerError
from vzvirt.rpc import compiler, layout

FROM_RPC: Final = 7
"""libvirt's error domain of this protocol."""


class ProtocolError(CallerError):
    """The peer does not keep to the protocol, or a value cannot be said in it (VIR_ERR_RPC)."""

    code = 39
    domain = FROM_RPC


class Encoded(bytes):
    """Bytes of a structure encoded earlier; stands for it in whatever is encoded now."""

    __slots__ = ()

    def encode(self) -> bytes:
        """The bytes."""
        return self


@dataclass_transform(frozen_default=True)
class Struct:
    """What a structure of the protocol is: its fields as attributes, in the order of the wire.

    Values are not to be changed once made. Text has no NUL; what of it has no UTF-8 form is sent
    as ``?``.
    """

    __slots__ = ()

    FIELDS: ClassVar[tuple[layout.Field, ...]] = ()

    def encode(self) -> bytes:
        """The bytes on the wire.

        Raises:
            ProtocolError: A number does not fit, or something is longer than the protocol allows.
        """
        cls = type(self)
        function = _compiled(cls, compiler.encoder(cls.FIELDS))
        cls.encode = function  # type: ignore[method-assign]  # from now on it is used directly
        return self.encode()

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The structure that a whole payload is.

        Raises:
            ProtocolError: Bytes are missing or left over, or out of the protocol's bounds.
        """
        try:
            value, end = cls.read(data, 0)
        except struct.error:
            raise ProtocolError(f"{cls.__name__} ends before its last field does") from None
        except UnicodeDecodeError:
            raise ProtocolError(f"{cls.__name__} has text that is not UTF-8") from None
        if end != len(data):
            raise ProtocolError(f"{cls.__name__} has {end} bytes, but {len(data)} came")
        return value

    @classmethod
    def read(cls, data: bytes, position: int) -> tuple[Self, int]:
        """The structure at a position, and where it ends; the end may be behind that of the data.

        For codecs only: ``decode`` turns what this raises into ``ProtocolError``.
        """
        function = _compiled(cls, compiler.decoder(cls.FIELDS))
        cls.read = staticmethod(function)  # type: ignore[method-assign]  # as above
        value: tuple[Self, int] = function(data, position)
        return value

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, f.name) == getattr(other, f.name) for f in self.FIELDS)

    __hash__ = None  # type: ignore[assignment]  # some hold lists

    def __repr__(self) -> str:
        fields = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in self.FIELDS)
        return f"{type(self).__name__}({fields})"


class Union(Struct):
    """A value whose type is said in front of it.

    Attributes:
        type: The discriminant.
        value: What the arm of this discriminant holds.
    """

    __slots__ = ("type", "value")

    FIELDS = layout.parse("type:int value:union")
    ARMS: ClassVar[Mapping[int, str]] = {}

    type: int
    value: int | float | str

    def __init__(self, type: int, value: int | float | str) -> None:  # noqa: A002  # its name in the protocol
        self.type = type  # type: ignore[misc]  # frozen for others
        self.value = value  # type: ignore[misc]

    def encode(self) -> bytes:
        """The bytes on the wire."""
        arm = self._arm(self.type)
        try:
            if arm == "string":
                return LENGTH.pack(self.type) + text(str(self.value), layout.STRING_MAX)
            return struct.pack(f">i{layout.NUMBERS[arm]}", self.type, self.value)
        except struct.error as problem:
            raise unfit(self, problem) from None

    @classmethod
    def read(cls, data: bytes, position: int) -> tuple[Self, int]:
        """The value at a position, and where it ends."""
        (kind,) = INTEGER.unpack_from(data, position)
        position += 4
        arm = cls._arm(kind)
        if arm == "string":
            (size,) = LENGTH.unpack_from(data, position)
            if size > layout.STRING_MAX:
                raise too_long("value", size, layout.STRING_MAX)
            end = position + 4 + size
            return cls(kind, plain(data[position + 4 : end])), end + (-size & 3)
        code = f">{layout.NUMBERS[arm]}"
        return cls(kind, struct.unpack_from(code, data, position)[0]), position + struct.calcsize(
            code
        )

    @classmethod
    def _arm(cls, kind: int) -> str:
        arm = cls.ARMS.get(kind)
        if arm is None:
            raise ProtocolError(f"{cls.__name__} has no arm {kind}")
        return arm


def make_struct(module: str, name: str, text: str) -> type[Struct]:
    """The class of a structure.

    Args:
        module: The module it is to be found in; structures it refers to are found there, too.
        name: Its name.
        text: Its fields, in the notation of ``layout``.
    """
    fields = layout.parse(text)
    names = tuple(field.name for field in fields)
    namespace: dict[str, Any] = {"__module__": module, "__slots__": names, "FIELDS": fields}
    exec(compiler.initializer(names), {}, namespace)  # noqa: S102  # source made from our own tables
    return type(name, (Struct,), namespace)


def make_union(module: str, name: str, arms: Mapping[int, str]) -> type[Union]:
    """The class of a union, from its arms."""
    return type(name, (Union,), {"__module__": module, "__slots__": (), "ARMS": arms})


# ---- what compiled codecs call

LENGTH: Final = struct.Struct(">I")
INTEGER: Final = struct.Struct(">i")
ABSENT: Final = bytes(4)
PRESENT: Final = LENGTH.pack(1)
PADDING: Final = (b"", bytes(3), bytes(2), bytes(1))


def too_long(what: str, length: int, bound: int) -> ProtocolError:
    """The error for a length or count above the protocol's bound."""
    return ProtocolError(f"{what} has a length of {length}, the protocol allows {bound}")


def unfit(value: Struct, problem: struct.error) -> ProtocolError:
    """The error for a number that its field cannot hold."""
    return ProtocolError(f"{type(value).__name__} cannot be encoded: {problem}")


def sized(value: bytes, size: int) -> bytes:
    """The value, if it has just that many bytes."""
    if len(value) != size:
        raise ProtocolError(f"{len(value)} bytes where the protocol has {size}")
    return value


def text(value: str, bound: int) -> bytes:
    """A string."""
    raw = value.encode("utf-8", "replace")
    size = len(raw)
    if size > bound:
        raise too_long("a string", size, bound)
    return LENGTH.pack(size) + raw + PADDING[size & 3]


def plain(raw: bytes) -> str:
    """The text of a string."""
    if 0 in raw:
        raise ProtocolError("a string holds a NUL byte")
    return raw.decode()


def blob(value: bytes, bound: int) -> bytes:
    """Bytes with a count."""
    size = len(value)
    if size > bound:
        raise too_long("a value", size, bound)
    return LENGTH.pack(size) + value + PADDING[size & 3]


def words(value: bytes) -> bytes:
    """Bytes that are a signed word each."""
    return struct.pack(f">{len(value)}i", *memoryview(value).cast("b"))


def word_blob(value: bytes, bound: int) -> bytes:
    """Bytes with a count that are a signed word each."""
    if len(value) > bound:
        raise too_long("a value", len(value), bound)
    return LENGTH.pack(len(value)) + words(value)


def read_words(data: bytes, at: int, count: int) -> tuple[bytes, int]:
    """The inverse of ``words``."""
    values = struct.unpack_from(f">{count}i", data, at)
    return bytes([value & 0xFF for value in values]), at + 4 * count


def flag(data: bytes, at: int) -> bool:
    """Whether the optional value at a position is there."""
    present: int = LENGTH.unpack_from(data, at)[0]
    if present > 1:
        raise ProtocolError(f"an optional value is there {present} times")
    return present == 1


def read_texts(data: bytes, at: int, count: int) -> tuple[list[str], int]:
    """The inverse of ``texts``, behind the count."""
    values = []
    for _ in range(count):
        (size,) = LENGTH.unpack_from(data, at)
        if size > layout.STRING_MAX:
            raise too_long("a string", size, layout.STRING_MAX)
        at += 4
        values.append(plain(data[at : at + size]))
        at += size + (-size & 3)
    return values, at


def items(values: list[Struct | Encoded], bound: int) -> bytes:
    """An array of structures."""
    count = len(values)
    if count > bound:
        raise too_long("an array", count, bound)
    try:
        body = b"".join(values)  # type: ignore[arg-type]  # all Encoded: long lists often are
    except TypeError:
        body = b"".join([value.encode() for value in values])
    return LENGTH.pack(count) + body


def texts(values: list[str], bound: int) -> bytes:
    """An array of strings."""
    count = len(values)
    if count > bound:
        raise too_long("an array", count, bound)
    return LENGTH.pack(count) + b"".join([text(value, layout.STRING_MAX) for value in values])


def numbers(values: list[int], bound: int, code: str) -> bytes:
    """An array of numbers."""
    count = len(values)
    if count > bound:
        raise too_long("an array", count, bound)
    return struct.pack(f">I{count}{code}", count, *values)


SHARED: Final = {
    "ABSENT": ABSENT,
    "PRESENT": PRESENT,
    "LENGTH_AT": LENGTH.unpack_from,
    "LENGTH": LENGTH.pack,
    "Struct": struct.Struct,
    "StructError": struct.error,
    "unpack_from": struct.unpack_from,
    "too_long": too_long,
    "unfit": unfit,
    "sized": sized,
    "text": text,
    "plain": plain,
    "blob": blob,
    "words": words,
    "word_blob": word_blob,
    "read_words": read_words,
    "flag": flag,
    "read_texts": read_texts,
    "items": items,
    "texts": texts,
    "numbers": numbers,
}
"""The names that compiled source may use, beside the structures a structure refers to."""


def _compiled(cls: type[Struct], code: compiler.Code) -> Callable[..., Any]:
    home = sys.modules[cls.__module__]
    scope: dict[str, Any] = dict(SHARED)
    scope.update({name: getattr(home, name) for name in code.structs}, Self=cls)
    exec(code.source, scope)  # noqa: S102  # source made from our own tables
    function: Callable[..., Any] = scope["codec"]
    return function

"""The declarative core of tree-shaped formats: a spec beside a frozen value, read both ways.

A ``Spec`` says how one class of value stands in a tree of ``Node``. It is a list of rows; each
row binds one key, nearly always a field of the class, to one place below the value's node::

    INIT = Spec(
        OperatingSystem,
        Value("arch", "os/type/@arch"),     # an attribute
        Value("init", "os/init"),           # an element's text
        Texts("init_args", "os/initarg"),   # any number of elements
    )

What the rows promise, so that no caller has to:

* A fact has one place. A document that states it twice must agree with itself; if not, the
  error names both elements as they were spelt, with their lines.
* What is at its default is not written, unless the row says ``always``; a *sparse* document
  has nothing but what is set, ``always`` or not.
* Elements that no row asks for are dropped.

Where one fact is spread over several places, or several make one, ``gather`` turns what the rows
read into what the class takes, and ``spread`` does the reverse. There is no state here, and no
policy: defaults and checks are somebody else's.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic, Protocol, TypeVar

from vzvirt import errors
from vzvirt.codec.tree import Node, Place, merged

T = TypeVar("T")

Values = dict[str, object]
"""What the rows of a spec read or are to write, by key."""


@dataclass(frozen=True, slots=True)
class Convert(Generic[T]):
    """A text and the value it stands for.

    Attributes:
        read: Raises ``ValueError``, ``LookupError`` or ``InvalidArgument`` for what is none.
        what: Such a value in words, for messages: ``a whole number``.
    """

    read: Callable[[str], T]
    write: Callable[[T], str]
    what: str

    def from_text(self, text: str, where: str) -> T:
        """Read a text that stands at ``where``.

        Raises:
            XmlError: It is not such a value.
        """
        try:
            return self.read(text)
        except (ValueError, LookupError):
            raise errors.XmlError(f"{where}: '{text.strip()[:60]}' is not {self.what}") from None
        except errors.InvalidArgument as refusal:
            raise errors.XmlError(f"{where}: {refusal.message}", hint=refusal.hint) from None


TEXT: Convert[str] = Convert(str, str, "text")
WORD: Convert[str] = Convert(str.strip, str, "a word")


def agreed(found: list[tuple[Node, T]]) -> T:
    """The one thing that all these places say.

    Raises:
        XmlError: Two of them disagree; both are named.
    """
    (first, value), *others = found
    for other, also in others:
        if also != value:
            raise errors.XmlError(
                f"{first.spelling} says {said(first, value)}, "
                f"but {other.spelling} says {said(other, also)}",
                hint="they state the same thing; leave one of them out",
            )
    return value


def said(node: Node, value: object) -> str:
    """What a node says, as its author wrote it where that is its text."""
    return f"'{node.text.strip()[:60] or value}'"


class Row(Protocol):
    """One line of a spec."""

    @property
    def key(self) -> str:
        """What it binds."""

    @property
    def path(self) -> str:
        """Where."""

    @property
    def always(self) -> bool:
        """Whether it is written at its default too."""

    def read(self, node: Node, values: Values) -> None:
        """Put what stands below ``node`` into ``values``, if there is anything."""

    def write(self, values: Mapping[str, object], node: Node, *, sparse: bool) -> None:
        """Put ``values[key]``, which is not ``None``, below ``node``."""


@dataclass(frozen=True, eq=False)
class Value(Generic[T]):
    """One text: an attribute, or what an element holds.

    Attributes:
        blank: Whether an empty text says nothing instead of being wrong.
    """

    key: str
    path: str
    convert: Convert[T]
    always: bool = False
    blank: bool = False

    def read(self, node: Node, values: Values) -> None:
        """See ``Row``."""
        found = Place.parse(self.path).found(node)
        if self.blank:
            found = [(item, text) for item, text in found if text.strip()]
        if found:
            values[self.key] = agreed(
                [(item, self.convert.from_text(text, item.spelling)) for item, text in found]
            )

    def write(self, values: Mapping[str, object], node: Node, *, sparse: bool) -> None:
        """See ``Row``."""
        text = self.convert.write(values[self.key])  # type: ignore[arg-type]  # the spec's test proves it
        Place.parse(self.path).put(node, text)


@dataclass(frozen=True, eq=False)
class Texts(Generic[T]):
    """Any number of elements with a text each: a tuple."""

    key: str
    path: str
    convert: Convert[T]
    always: bool = False

    def read(self, node: Node, values: Values) -> None:
        """See ``Row``."""
        found = Place.parse(self.path).found(node)
        if found:
            values[self.key] = tuple(
                self.convert.from_text(text, item.spelling) for item, text in found
            )

    def write(self, values: Mapping[str, object], node: Node, *, sparse: bool) -> None:
        """See ``Row``."""
        place = Place.parse(self.path)
        for value in values[self.key]:  # type: ignore[attr-defined]  # a tuple
            place.add(node).text = self.convert.write(value)


@dataclass(frozen=True, eq=False)
class Flag:
    """An element that says "yes" by being there."""

    key: str
    path: str
    always: bool = False

    def read(self, node: Node, values: Values) -> None:
        """See ``Row``."""
        if Place.parse(self.path).found(node):
            values[self.key] = True

    def write(self, values: Mapping[str, object], node: Node, *, sparse: bool) -> None:
        """See ``Row``."""
        if values[self.key]:
            Place.parse(self.path).put(node, "")


@dataclass(frozen=True, eq=False)
class Choice:
    """A text whose place depends on what another row, above this one, says."""

    key: str
    by: str
    paths: Mapping[object, str]
    convert: Convert[str] = TEXT
    always: bool = False

    @property
    def path(self) -> str:
        """See ``Row``; the first of them."""
        return next(iter(self.paths.values()))

    def read(self, node: Node, values: Values) -> None:
        """See ``Row``."""
        path = self.paths.get(values.get(self.by))
        if path is not None:
            Value(self.key, path, self.convert).read(node, values)

    def write(self, values: Mapping[str, object], node: Node, *, sparse: bool) -> None:
        """See ``Row``."""
        path = self.paths.get(values.get(self.by))
        if path is not None:
            Value(self.key, path, self.convert).write(values, node, sparse=sparse)


@dataclass(frozen=True, eq=False)
class Constant:
    """What a document has to have and no value says; written wherever ``key`` is."""

    key: str
    path: str
    text: str
    always: bool = False

    def read(self, node: Node, values: Values) -> None:
        """See ``Row``."""

    def write(self, values: Mapping[str, object], node: Node, *, sparse: bool) -> None:
        """See ``Row``."""
        Place.parse(self.path).put(node, self.text)


@dataclass(frozen=True, eq=False)
class TagName:
    """The element's own name is the value."""

    key: str
    convert: Convert[str]
    path: str = ""
    always: bool = True

    def read(self, node: Node, values: Values) -> None:
        """See ``Row``."""
        values[self.key] = self.convert.from_text(node.tag, node.spelling)

    def write(self, values: Mapping[str, object], node: Node, *, sparse: bool) -> None:
        """See ``Row``."""
        node.tag = str(values[self.key])


def as_fields(value: object) -> Values:
    """A dataclass's fields, not copied."""
    return {item.name: getattr(value, item.name) for item in dataclasses.fields(value)}  # type: ignore[arg-type]  # dataclasses only


class Spec(Generic[T]):
    """How one class of value stands in a tree; see the module's docstring.

    Attributes:
        build: Makes the value of what was read.
        rows: In the order of writing.
        gather: Turns what the rows read into what ``build`` takes, in place.
        spread: The reverse: a value's keys for the rows.
        claims: Fields that ``gather`` and ``spread`` handle without a row of that name.
        unsaid: What holds for a key that the document does not mention.
    """

    def __init__(
        self,
        build: Callable[..., T],
        *rows: Row,
        gather: Callable[[Values, Node], None] | None = None,
        spread: Callable[[T], Values] = as_fields,
        claims: frozenset[str] = frozenset(),
        unsaid: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        self.build = build
        self.rows = rows
        self.gather = gather
        self.spread = spread
        self.claims = claims
        self.unsaid = unsaid
        self._defaults, self._required = _defaults(build)

    def read(self, node: Node) -> T:
        """Read a value.

        Raises:
            XmlError: A text is wrong, or two places disagree.
            InvalidArgument: The parts do not make such a value.
        """
        return self._made(node, self._values(node))

    def read_if_there(self, node: Node) -> T | None:
        """Read a value of which there may be nothing at all."""
        values = self._values(node)
        return self._made(node, values) if values != self.unsaid else None

    def write(self, value: T, node: Node, *, sparse: bool) -> None:
        """Put a value below (and onto) a node."""
        values = self.spread(value)
        for row in self.rows:
            known = values.get(row.key)
            default = row.key in self._defaults and known == self._defaults[row.key]
            if known is not None and not (default and (sparse or not row.always)):
                row.write(values, node, sparse=sparse)

    def _values(self, node: Node) -> Values:
        values = dict(self.unsaid)
        for row in self.rows:
            row.read(node, values)
        return values

    def _made(self, node: Node, values: Values) -> T:
        try:
            if self.gather is not None:
                self.gather(values, node)
            missing = self._required - values.keys()
            if missing:
                asked = [row for row in self.rows if not isinstance(row, Constant)]
                places = [Place.parse(row.path).shown for row in asked if row.key in missing]
                raise errors.XmlError(f"{node.spelling} has no {' and no '.join(places)}")
            return self.build(**values)
        except errors.InvalidArgument as refusal:
            raise errors.InvalidArgument(
                f"{node.spelling}: {refusal.message}", hint=refusal.hint
            ) from None


def _defaults(build: Callable[..., object]) -> tuple[Values, frozenset[str]]:
    """What a class takes by itself, and what it must be given."""
    known = inspect.signature(build).parameters
    defaults: Values = {
        name: item.default for name, item in known.items() if item.default is not item.empty
    }
    return defaults, frozenset(known) - defaults.keys()


@dataclass(frozen=True, eq=False)
class Part(Generic[T]):
    """A value of its own, in one element or (without a path) beside its owner's other rows.

    Attributes:
        empty: Whether an element with nothing in it is a value too.
    """

    key: str
    path: str
    spec: Spec[T]
    always: bool = False
    empty: bool = False

    def read(self, node: Node, values: Values) -> None:
        """See ``Row``."""
        found = node.find_all(*self.path.split("/")) if self.path else [node]
        if found:
            whole = merged(found)
            value = self.spec.read(whole) if self.empty else self.spec.read_if_there(whole)
            if value is not None:
                values[self.key] = value

    def write(self, values: Mapping[str, object], node: Node, *, sparse: bool) -> None:
        """See ``Row``."""
        *above, last = self.path.split("/")
        part = (node.find(*above, last) or Node(last)) if self.path else node
        self.spec.write(values[self.key], part, sparse=sparse)  # type: ignore[arg-type]  # as in Value
        new = self.path and node.find(*above, last) is None
        if new and (self.empty or part.attributes or part.children):
            node.reach(*above).children.append(part)


@dataclass(frozen=True, eq=False)
class Items(Generic[T]):
    """Any number of elements that are a value each: a tuple."""

    key: str
    path: str
    spec: Spec[T]
    always: bool = True

    def read(self, node: Node, values: Values) -> None:
        """See ``Row``."""
        found = node.find_all(*self.path.split("/"))
        if found:
            values[self.key] = tuple(self.spec.read(item) for item in found)

    def write(self, values: Mapping[str, object], node: Node, *, sparse: bool) -> None:
        """See ``Row``."""
        place = Place.parse(self.path)
        for value in values[self.key]:  # type: ignore[attr-defined]  # a tuple
            self.spec.write(value, place.add(node), sparse=sparse)

# Dataclasses, for the golden pickles of Python 3.10 and later.
import dataclasses
import typing


@dataclasses.dataclass
class Point:
    x: int
    y: int


@dataclasses.dataclass(frozen=True)
class Frozen:
    x: int
    y: int


@dataclasses.dataclass(slots=True)
class Slotted:
    x: int
    y: int


@dataclasses.dataclass(slots=True, frozen=True)
class FrozenSlotted:
    x: int
    y: int


@dataclasses.dataclass
class Person:
    name: str
    age: int
    tags: list = dataclasses.field(default_factory=list)
    boss: typing.Optional["Person"] = None


class Named(typing.NamedTuple):
    x: int
    y: int = 3


class Shape:
    @dataclasses.dataclass
    class Circle:
        r: float

    @dataclasses.dataclass
    class Rect:
        w: float
        h: float

    @dataclasses.dataclass
    class Empty:
        pass


@dataclasses.dataclass
class Shape_Circle:
    r: float


@dataclasses.dataclass
class Shape_Rect:
    w: float
    h: float


class Shape_Empty:
    pass

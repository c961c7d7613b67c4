# The classes that the tests' pickles name, for any Python from 2.7 on.
import collections
import sys

try:
    import enum
except ImportError:  # Python 2
    enum = None


class Plain(object):
    def __init__(self, **attributes):
        self.__dict__.update(attributes)

    def __eq__(self, other):
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __ne__(self, other):
        return not self == other

    def __hash__(self):
        return 1


class Order(Plain):
    pass


class Item(Plain):
    pass


class Slots(object):
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __eq__(self, other):
        return type(self) is type(other) and (self.x, self.y) == (other.x, other.y)


class SlotsAndDict(Slots):
    def __init__(self, x, y, z):
        Slots.__init__(self, x, y)
        self.z = z

    def __eq__(self, other):
        return Slots.__eq__(self, other) and self.z == other.z


class A(object):
    """Pickled as a list of what matters."""

    def __init__(self, important_data):
        self.important_data = important_data
        self.cache = "not pickled"

    def __getstate__(self):
        return [self.important_data]

    def __setstate__(self, state):
        self.important_data = state[0]

    def __eq__(self, other):
        return type(self) is type(other) and self.important_data == other.important_data


class Pair(object):
    """Made by `__new__` of its arguments."""

    def __new__(cls, *args):
        self = object.__new__(cls)
        self.args = args
        return self

    def __getnewargs__(self):
        return self.args

    def __getstate__(self):
        return None

    def __reduce_ex__(self, protocol):
        # Before protocol 2, Python pickles no arguments of `__new__`.
        if protocol < 2:
            return type(self), self.args
        return object.__reduce_ex__(self, protocol)

    def __eq__(self, other):
        return type(self) is type(other) and self.args == other.args

    def __ne__(self, other):
        return not self == other

    def __hash__(self):
        return hash(self.args)


class Keyed(object):
    """Made by `__new__` of a keyword argument as well."""

    def __new__(cls, a, key=None):
        self = object.__new__(cls)
        self.__dict__.update(a=a, key=key)
        return self

    def __getnewargs_ex__(self):
        return (self.a,), {"key": self.key}

    def __getstate__(self):
        return None

    def __reduce_ex__(self, protocol):
        if protocol < 2 or sys.version_info[0] < 3:
            return Keyed, (self.a, self.key)
        return object.__reduce_ex__(self, protocol)

    def __eq__(self, other):
        return type(self) is type(other) and self.__dict__ == other.__dict__


Point = collections.namedtuple("Point", "x y")


if enum:

    class Color(enum.Enum):
        RED = 1
        GREEN = 2

    class Size(enum.Enum):
        SMALL = "s"
        LARGE = "l"

    class Level(enum.IntEnum):
        LOW = 1
        HIGH = 10

    class Perm(enum.IntFlag if hasattr(enum, "IntFlag") else enum.IntEnum):
        R = 4
        W = 2


class Shape(object):
    """An enum of Rust: a class for each variant."""

    class Circle(Plain):
        pass

    class Rect(Pair):
        pass

    class Empty(Pair):
        pass


class Outer(object):
    class Inner(Plain):
        pass


class Wrapped(Pair):
    pass


def discount(price):
    return price * 0.9

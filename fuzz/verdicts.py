"""Says of each line, a pickle in hexadecimal digits, what CPython's two readers say: `ok`, `error`,
or `differ`. Nothing that a pickle names is imported or called."""
import io
import pickle
import resource
import sys

# A memo number makes the C reader allocate that much, and clear it: an error long before it is slow.
resource.setrlimit(resource.RLIMIT_AS, (1 << 29, 1 << 29))


class Inert(type):
    def __call__(cls, *args, **kwargs):
        return object.__new__(cls)


class Stub(metaclass=Inert):
    def __new__(cls, *args, **kwargs):
        return object.__new__(cls)

    def __setstate__(self, state):
        pass

    def append(self, item):
        pass

    def extend(self, items):
        pass

    def add(self, item):
        pass

    def update(self, items):
        pass

    def __call__(self, *args, **kwargs):
        return object.__new__(Stub)

    def __setitem__(self, key, value):
        pass


class Getattr(Inert):
    """`getattr` of a class gives a class, as protocols below 4 write nested ones."""

    def __call__(cls, *args):
        match args:
            case (Inert(), str()):
                return Inert("G", (Stub,), {})
        return object.__new__(cls)


def reader(base):
    class Reader(base):
        def find_class(self, module, name):
            if module in ("builtins", "__builtin__") and name == "getattr":
                return Getattr("G", (Stub,), {})
            return Inert("G", (Stub,), {})

        def persistent_load(self, pid):
            # What an id stands for is not known to take items or a state.
            return object()

    return Reader


READERS = [reader(pickle.Unpickler), reader(pickle._Unpickler)]


def verdict(data):
    words = set()
    for read in READERS:
        try:
            read(io.BytesIO(data)).load()
            words.add("ok")
        except MemoryError:
            words.add("differ")
        except Exception:
            words.add("error")
    return words.pop() if len(words) == 1 else "differ"


for line in sys.stdin:
    print(verdict(bytes.fromhex(line.strip())), flush=True)

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


def reader(base):
    class Reader(base):
        def find_class(self, module, name):
            return Inert("G", (Stub,), {})

        def persistent_load(self, pid):
            return object.__new__(Stub)

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

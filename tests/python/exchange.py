"""Loads what Rust wrote, compares it, and writes it back: `exchange.py FOLDER`.

The folder has files `NAME.PROTOCOL.rust`; beside each comes `NAME.PROTOCOL.python`, by the same
protocol. Runs under any Python from 2.7 on, which skips the protocols that it does not have.
"""
from __future__ import print_function, unicode_literals

import collections
import os
import pickle
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import shop

TEA, CUP = shop.Item(name="tea", price=2.5), shop.Item(name="cup", price=4.0)
OBJECTS = {
    "order": shop.Order(id=7, items=[TEA, CUP], note=None),
    "point": shop.Point(1, 2),
    "dict": {"x": 1, "y": [True, False]},
    "tuple": (1, "b"),
    "pair": shop.Pair(1, "b"),
    "wrapped": b"\x01\x02",
    "important": shop.A([1, 2]),
    "nested": shop.Outer.Inner(x=1),
    "shapes": [shop.Shape.Circle(r=1.5), shop.Shape.Rect(1.0, 2.0), shop.Shape.Empty()],
    "tagged": [{"Circle": {"r": 1.5}}, {"Rect": (1.0, 2.0)}, {"Wide": 7}, "Empty"],
    "names": ["Red", "Green"],
    "ints": [0, -1, 255, 256, 65535, 65536, -(2 ** 31), 2 ** 31, 2 ** 63 - 1, -(2 ** 127)],
    "big": 2 ** 128 - 1,
    "floats": [0.0, -0.0, 1.5, 1e300, float("inf"), 1e-5],
    "text": ["", "na\u00efve \u20ac \U0001f600", "line\nbreak\\u0041\0", "x" * 70000],
    "bytes": [b"", b"\x00\xff", b"\x07" * 70000],
    "lists": [list(range(2500)), [1], []],
    "results": [{"Ok": 1}, {"Err": "no"}],
    "tuples": ((1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)),
    "maps": [{n: str(n) for n in range(1001)}, {1: "1"}, {}],
    "keys": {(1, "k"): frozenset([1]), (2, "l"): frozenset([2, 3])},
    "sets": [set(range(1001)), {1}, set()],
    "options": [None, (None,), (7,)],
    "unit": [None, None],
    "char": "\u20ac",
    "function": shop.discount,
    "callable": shop.discount,
    "names_of": [shop.Order, shop.discount],
    "objects": [TEA, shop.Pair(1, "b"), {"shop.Cents": 7}, TEA],
    "class": shop.Order,
    "seed": {
        "a": [1, 2.0, 3, 4 + 6j],
        "b": ("character string", b"byte string"),
        "c": {None, True, False},
    },
}
if shop.enum:
    OBJECTS["colors"] = [shop.Color.RED, shop.Color.GREEN]
    OBJECTS["perm"] = shop.Perm.R | shop.Perm.W


def main(folder):
    read = 0
    for file in sorted(os.listdir(folder)):
        name, protocol, writer = file.split(".")
        if writer != "rust" or int(protocol) > pickle.HIGHEST_PROTOCOL or name not in OBJECTS:
            continue
        path = os.path.join(folder, file)
        for load in [load_from_file, load_from_bytes]:
            value, expected = load(path), OBJECTS[name]
            assert type(value) is type(expected), (file, type(value))
            assert value == expected, (file, value)
        try:
            data = pickle.dumps(value, int(protocol))
        except pickle.PicklingError:
            assert sys.version_info[0] == 2  # which cannot pickle what is nested in a class
            continue
        with open(path[: -len("rust")] + "python", "wb") as out:
            out.write(data)
        read += 1
    print(read)


def load_from_file(path):
    with open(path, "rb") as file:
        return pickle.load(file)


def load_from_bytes(path):
    with open(path, "rb") as file:
        return pickle.loads(file.read())


if __name__ == "__main__":
    main(sys.argv[1])

"""Adds to `pickles.txt` what it does not have yet: a line for each object, Python and protocol.

    python3.11 tests/python/golden.py >> tests/python/pickles.txt
    python2.7 tests/python/golden.py >> tests/python/pickles.txt

The lines that are there are never made anew: they say what these Pythons wrote.
"""
from __future__ import print_function, unicode_literals

import binascii
import collections
import io
import os
import pickle
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import shop

PLACE = collections.OrderedDict


def objects():
    """Name and object."""
    yield "order", shop.Order(
        id=7, items=[shop.Item(name="tea", price=2.5), shop.Item(name="cup", price=4.0)], note=None
    )
    yield "order_with_a_price_of_text", shop.Order(
        id=7, items=[shop.Item(name="tea", price=2.5), shop.Item(name="cup", price="4")], note=None
    )
    yield "order_as_dicts", {"id": 7, "items": [{"name": "tea", "price": 2.5}], "note": "now"}
    yield "order_as_ordered_dict", PLACE([("id", 7), ("items", []), ("note", None)])
    yield "slots", shop.Slots(1, 2)
    yield "slots_and_dict", shop.SlotsAndDict(1, 2, 3)
    yield "important", shop.A([1, "data"])
    yield "pair", shop.Pair(1, "b")
    yield "keyed", shop.Keyed(1, key=2)
    yield "point", shop.Point(1, 2)
    yield "nested_class", shop.Outer.Inner(x=1)
    yield "seed", SEED
    yield "function", shop.discount
    yield "class", shop.Order
    yield "shapes", [shop.Shape.Circle(r=1.5), shop.Shape.Rect(1.0, 2.0), shop.Shape.Empty()]
    yield "odict", PLACE([("b", 1), ("a", 2)])
    yield "defaultdict", collections.defaultdict(list, {"a": [1]})
    yield "counter", collections.Counter("aab")
    yield "deque", collections.deque([1, 2, 3], 5)
    yield "set", {1}
    yield "frozenset", frozenset([1])
    yield "range", (range if sys.version_info[0] > 2 else xrange)(2, 9, 3)
    yield "complex", 4 + 6j
    yield "bytearray", bytearray(b"\x00\xff")
    yield "text", "na\u00efve \u20ac \U0001f600"
    yield "ints", [0, -1, 255, 256, 65535, 65536, -(2**31), 2**31, 2**63 - 1, 2**64 - 1, -(2**127)]
    if sys.version_info[0] > 2:
        for item in modern_objects():
            yield item
    else:
        yield "py2_str", b"caf\xc3\xa9"
        yield "py2_old_names", [PLACE(), range, IOError("x")]


def modern_objects():
    import modern

    yield "bytes", b"\x00\xff"
    yield "dataclass", modern.Point(1, 2)
    yield "frozen", modern.Frozen(1, 2)
    yield "slotted", modern.Slotted(1, 2)
    yield "frozen_slotted", modern.FrozenSlotted(1, 2)
    yield "named", modern.Named(1)
    yield "person", modern.Person("ada", 36, ["x"], modern.Person("bob", 50))
    yield "dataclass_shapes", [
        modern.Shape.Circle(1.5), modern.Shape.Rect(1.0, 2.0), modern.Shape.Empty()
    ]
    yield "flat_shapes", [modern.Shape_Circle(1.5), modern.Shape_Rect(1.0, 2.0), modern.Shape_Empty()]
    yield "colors", [shop.Color.RED, shop.Color.GREEN, shop.Color.RED]
    yield "sizes", [shop.Size.SMALL, shop.Size.LARGE]
    yield "levels", [shop.Level.LOW, shop.Level.HIGH]
    yield "perm", shop.Perm.R | shop.Perm.W
    yield "variants", [
        "Empty", {"Circle": 1.5}, {"Circle": {"r": 1.5}}, {"Rect": (1.0, 2.0)}, {"Rect": {"w": 1.0, "h": 2.0}},
        {"type": "Empty"}, {"type": "Circle", "r": 1.5}, {"kind": "Rect", "w": 1.0, "h": 2.0},
        {"type": "Circle", "content": {"r": 1.5}}, {"tag": "Rect", "value": [1.0, 2.0]},
        {"t": "Circle", "c": {"r": 1.5}}, ("Empty",), ("Circle", 1.5), ("Circle", {"r": 1.5}),
        ("Rect", 1.0, 2.0), ("Rect", (1.0, 2.0)), ["Rect", {"w": 1.0, "h": 2.0}],
    ]
    yield "results", [{"Ok": 1}, {"Err": "no"}, ("Ok", 1), ("Err", "no")]
    yield "buffers", [pickle.PickleBuffer(b"abc")]


SEED = {
    "a": [1, 2.0, 3, 4 + 6j],
    "b": ("character string", b"byte string"),
    "c": {None, True, False},
}


def main():
    path = os.path.join(HERE, "pickles.txt")
    known = set()
    if os.path.exists(path):
        known = {tuple(line.split()[:3]) for line in io.open(path)}
    version = "%d.%d" % sys.version_info[:2]
    for name, value in objects():
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            if (name, version, str(protocol)) in known:
                continue
            try:
                data = pickle.dumps(value, protocol)
            except (pickle.PicklingError, TypeError):
                continue  # slots before protocol 2, buffers before 5
            print(name, version, protocol, binascii.hexlify(data).decode())


if __name__ == "__main__":
    main()

"""The Python side of `python_interop.rs`: writes objects, and prints what came back of them.

    python3 examples/python_interop.py write FILE
    python3 examples/python_interop.py print FILE
"""
import dataclasses
import enum
import pickle
import sys
import typing


class Status(enum.Enum):
    OPEN = "open"
    PAID = "paid"


class Payment:
    """An enum of Rust: a class for each variant."""

    @dataclasses.dataclass
    class Card:
        number: str

    @dataclasses.dataclass
    class Cash:
        pass


@dataclasses.dataclass
class Item:
    name: str
    price: float
    count: int = 1


@dataclasses.dataclass
class Order:
    id: int
    status: Status
    items: typing.List[Item]
    payment: typing.Any = None
    tags: typing.Set[str] = dataclasses.field(default_factory=set)

    def total(self):
        return sum(item.price * item.count for item in self.items)


def orders():
    tea = Item("tea", 2.5, 4)
    yield Order(1, Status.OPEN, [tea, Item("cup", 4.0)], Payment.Card("4711"), {"gift"})
    yield Order(2, Status.PAID, [tea], Payment.Cash())


def main(command, path):
    if command == "write":
        with open(path, "wb") as file:
            pickle.dump(list(orders()), file)
        return
    with open(path, "rb") as file:
        for order in pickle.load(file):
            print("  %s, together %.2f" % (order, order.total()))


if __name__ == "__main__":
    # The classes are pickled by the name of this module, not as those of a script.
    sys.modules["python_interop"] = sys.modules["__main__"]
    for own in [Status, Item, Order, Payment, Payment.Card, Payment.Cash]:
        own.__module__ = "python_interop"
    main(*sys.argv[1:])

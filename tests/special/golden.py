"""Prints a line for each object and protocol: its name, the protocol, the pickle in hexadecimal.

    python3.11 tests/special/golden.py > tests/special/pickles.txt

Lines are added, never made anew: they say what CPython 3.11 wrote.
"""
import collections
import datetime as dt
import decimal
import fractions
import ipaddress
import pathlib
import pickle
import uuid
import zoneinfo

IST = dt.timezone(dt.timedelta(hours=5, minutes=30))
OBJECTS = {
    "duration": dt.timedelta(days=1, seconds=2, microseconds=3),
    "duration_negative": dt.timedelta(microseconds=-1),
    "duration_longest": dt.timedelta.max,
    "moment": dt.datetime(2020, 2, 29, 12, 30, 15, 123456, dt.timezone.utc),
    "moment_before_1970": dt.datetime(1969, 12, 31, 23, 59, 59, 999999, dt.timezone.utc),
    "moment_first": dt.datetime(1, 1, 1, tzinfo=dt.timezone.utc),
    "moment_offset": dt.datetime(2020, 2, 29, 18, 0, 15, 123456, IST),
    "moment_naive": dt.datetime(2020, 2, 29, 12, 30, 15, 123456),
    "moment_zone": dt.datetime(2020, 10, 25, 2, 30, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
    "moment_zone_fold": dt.datetime(2020, 10, 25, 2, 30, fold=1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
    "moment_zone_utc": dt.datetime(2020, 2, 29, tzinfo=zoneinfo.ZoneInfo("Etc/UTC")),
    "date": dt.date(2020, 2, 29),
    "time": dt.time(23, 59, 59, 999999),
    "time_offset": dt.time(1, 2, tzinfo=IST),
    "zone_named": dt.timezone(dt.timedelta(hours=-3), "Here"),
    "zone_key": zoneinfo.ZoneInfo("Asia/Tokyo"),
    "range": range(3, 10),
    "range_bytes": range(0, 256),
    "range_empty": range(0, 0),
    "range_step": range(10, 0, -3),
    "v4": ipaddress.ip_address("192.0.2.1"),
    "v6": ipaddress.ip_address("2001:db8::1"),
    "v6_mapped": ipaddress.ip_address("::ffff:1.2.3.4"),
    "v6_scope": ipaddress.ip_address("fe80::1%eth0"),
    "path": pathlib.PurePosixPath("/usr//lib/./x.py"),
    "path_relative": pathlib.PurePosixPath("a/b"),
    "path_empty": pathlib.PurePosixPath(),
    "path_windows": pathlib.PureWindowsPath("C:/Users/a b"),
    "uuid": uuid.UUID("12345678-1234-5678-1234-567812345678"),
    "decimal": decimal.Decimal("-1.50"),
    "decimal_large": decimal.Decimal("1E+28"),
    "decimal_small": decimal.Decimal("1E-7"),
    "decimal_nan": decimal.Decimal("NaN"),
    "fraction": fractions.Fraction(-1, 3),
    "int_large": -(2 ** 200),
    "complex": 4 + 6j,
    "odict": collections.OrderedDict([("b", 1), ("a", 2)]),
    "odict_1001": collections.OrderedDict((n, n) for n in range(1001)),
    "defaultdict": collections.defaultdict(None, [("b", 1), ("a", 2)]),
    "counter": collections.Counter({"b": 1, "a": 2}),
    "deque": collections.deque([1, 2]),
    "deque_bounded": collections.deque([1, 2], 5),
    "deque_1001": collections.deque(range(1001)),
    "bytearray": bytearray(b"\x00\xff"),
    "dict": {"b": 1, "a": 2},
    "set": {7},
    "list": [1, 2],
    "bytes": b"\x00\xff",
}

for name, value in OBJECTS.items():
    for protocol in range(6):
        print(name, protocol, pickle.dumps(value, protocol).hex())

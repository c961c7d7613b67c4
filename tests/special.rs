//! The types of Python's library: what CPython wrote for them loads into types of std and into plain
//! types, and those are dumped as the same bytes.

use std::fmt::Debug;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::{Range, RangeInclusive};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pickle::python::{
    BigInt, ByteArray, Complex, Counter, Date, DateTime, Decimal, DefaultDict, Deque, Fraction,
    NdArray, NdScalar, Order, OrderedDict, PyRange, Time, TimeDelta, TimeZone, Uuid,
};
use pickle::{Pickle, Protocol, UnpickleOwned, dumps, dumps_with, from_value, loads, to_value};

/// The pickles of an object by protocols 0 to 5.
fn pickles(name: &str) -> Vec<Vec<u8>> {
    let lines = include_str!("special/pickles.txt").lines();
    let rows = lines.filter_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.split_once(' '));
    let hex = rows.map(|(_, hex)| {
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex");
        (0..hex.len()).step_by(2).map(byte).collect()
    });
    let pickles: Vec<Vec<u8>> = hex.collect();
    assert_eq!(pickles.len(), 6, "{name}");
    pickles
}

fn assert_loads<T: UnpickleOwned + PartialEq + Debug>(name: &str, value: &T) {
    for pickle in pickles(name) {
        assert_eq!(loads::<T>(&pickle).as_ref().ok(), Some(value), "{name}");
    }
}

/// In both directions, by every protocol; through a `Value`; and natively.
fn assert_same<T: Pickle + UnpickleOwned + PartialEq + Debug>(name: &str, value: &T) {
    assert_loads(name, value);
    for (number, pickle) in pickles(name).iter().enumerate() {
        let protocol = Protocol::try_from(number as u8).expect("a protocol of Python's");
        let bytes = dumps_with(value, protocol).expect("dumps");
        assert_eq!(
            bytes.escape_ascii().to_string(),
            pickle.escape_ascii().to_string(),
            "{name} by protocol {number}"
        );
    }
    assert_eq!(from_value::<T>(&to_value(value).expect("a value")).as_ref().ok(), Some(value));
    assert_eq!(loads::<T>(&dumps(value).expect("dumps")).as_ref().ok(), Some(value));
}

fn refused<T: UnpickleOwned + Debug>(name: &str) -> String {
    let error = loads::<T>(&pickles(name)[4]).expect_err("refused");
    error.to_string()
}

#[test]
fn durations_are_timedeltas() {
    assert_same("duration", &Duration::new(86_402, 3000));
    assert_same("duration", &TimeDelta::new(1, 2, 3).expect("a span"));
    assert_same("duration_negative", &TimeDelta::new(0, 0, -1).expect("a span"));
    assert_same("duration_longest", &TimeDelta::new(999_999_999, 86_399, 999_999).expect("a span"));
    assert_eq!(
        refused::<Duration>("duration_negative"),
        "expected a duration, which is not negative (byte 53)"
    );
}

#[test]
fn a_duration_is_rounded_down_to_microseconds_for_python() {
    let pickle = dumps_with(&Duration::new(0, 1999), Protocol::V4).expect("dumps");
    assert_eq!(loads::<Duration>(&pickle).ok(), Some(Duration::new(0, 1000)));
    let native = dumps(&Duration::new(0, 1999)).expect("dumps");
    assert_eq!(loads::<Duration>(&native).ok(), Some(Duration::new(0, 1999)));
    let error = dumps_with(&Duration::MAX, Protocol::V4).expect_err("too long");
    assert_eq!(
        error.to_string(),
        "a duration of 1000000000 days or more, which Python's datetime cannot express"
    );
}

#[test]
fn times_are_datetimes_in_utc() {
    let moment = UNIX_EPOCH + Duration::new(1_582_979_415, 123_456_000);
    assert_same("moment", &moment);
    assert_same("moment_before_1970", &(UNIX_EPOCH - Duration::from_micros(1)));
    assert_same("moment_first", &(UNIX_EPOCH - Duration::from_secs(62_135_596_800)));
    assert_loads("moment_offset", &moment);
    let midnight = UNIX_EPOCH + Duration::from_secs(1_582_934_400);
    assert_loads("moment_zone_utc", &midnight);
}

/// The clock of a datetime without a zone is taken for one that shows UTC.
#[test]
fn a_datetime_without_a_zone_is_taken_to_be_in_utc() {
    let moment = UNIX_EPOCH + Duration::new(1_582_979_415, 123_456_000);
    assert_loads::<SystemTime>("moment_naive", &moment);
}

#[test]
fn a_time_in_a_zone_that_needs_a_database_is_refused() {
    assert_eq!(
        refused::<SystemTime>("moment_zone"),
        "a time in the zone \"Europe/Berlin\" needs a database of zones (byte 135)\nhint: load it \
         into `pickle::python::DateTime`, or into `jiff::ZonedDateTime` (feature `jiff`)"
    );
}

#[test]
fn datetimes_keep_their_zone_and_fold() {
    let date = Date::new(2020, 2, 29).expect("a date");
    let time = Time::new(12, 30, 15, 123_456).expect("a time");
    assert_same("moment_naive", &DateTime::new(date, time.clone()));
    assert_same("moment", &DateTime::new(date, time.with_zone(TimeZone::UTC)));
    let offset = TimeZone::fixed(TimeDelta::new(0, 19_800, 0).expect("a span")).expect("a zone");
    let time = Time::new(18, 0, 15, 123_456).expect("a time").with_zone(offset.clone());
    assert_same("moment_offset", &DateTime::new(date, time));
    assert_same("time_offset", &Time::new(1, 2, 0, 0).expect("a time").with_zone(offset));
    assert_same("date", &date);
    assert_same("time", &Time::new(23, 59, 59, 999_999).expect("a time"));
}

#[test]
fn zones_of_the_database_are_named() {
    let berlin = TimeZone::named("Europe/Berlin").expect("a key");
    let date = Date::new(2020, 10, 25).expect("a date");
    let time = Time::new(2, 30, 0, 0).expect("a time").with_zone(berlin);
    assert_loads("moment_zone", &DateTime::new(date, time.clone()));
    assert_loads("zone_key", &TimeZone::named("Asia/Tokyo").expect("a key"));
    let folded = DateTime::new(date, time.with_fold(true));
    for pickle in &pickles("moment_zone_fold")[4..] {
        assert_eq!(loads::<DateTime>(pickle).as_ref().ok(), Some(&folded));
    }
    let here = TimeDelta::new(0, -3 * 3600, 0).expect("a span");
    assert_same("zone_named", &TimeZone::fixed_named(here, "Here").expect("a zone"));
}

#[test]
fn ranges_of_integers_are_ranges() {
    assert_same("range", &(3_u8..10));
    assert_same("range", &(3_i64..=9));
    assert_same("range_bytes", &(0_u8..=255));
    let range = |start: i64, stop: i64, step: i64| {
        PyRange::new(start.into(), stop.into(), step.into()).expect("a range")
    };
    assert_same("range_step", &range(10, 0, -3));
    assert_same("range_empty", &(0_u64..0));
    assert_eq!(
        refused::<Range<i64>>("range_step"),
        "expected a range with a step of 1, found builtins.range object (byte 43)\n\
         hint: `pickle::python::PyRange` has steps"
    );
    assert!(loads::<RangeInclusive<u8>>(&pickles("range_empty")[4]).is_err());
}

#[test]
fn ranges_of_what_python_has_no_ranges_of_are_dicts() {
    let pickle = dumps_with(&(1.5..2.5), Protocol::V4).expect("dumps");
    let value = pickle::Value::loads(&pickle).expect("loads");
    assert_eq!(value.to_string(), "{'start': 1.5, 'end': 2.5}");
    assert_eq!(loads::<Range<f64>>(&pickle).ok(), Some(1.5..2.5));
}

#[test]
fn addresses_are_those_of_ipaddress() {
    assert_same("v4", &Ipv4Addr::new(192, 0, 2, 1));
    assert_same("v4", &IpAddr::from([192, 0, 2, 1]));
    assert_same("v6", &Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1));
    assert_same("v6_mapped", &IpAddr::from(Ipv4Addr::new(1, 2, 3, 4).to_ipv6_mapped()));
    assert!(refused::<IpAddr>("v6_scope").starts_with("expected an IPv6 address without a scope"));
    assert_eq!(from_value::<IpAddr>(&pickle::value!("::1")).ok(), Some(Ipv6Addr::LOCALHOST.into()));
}

#[test]
fn paths_of_pathlib_load() {
    assert_loads("path", &PathBuf::from("/usr/lib/x.py"));
    assert_loads("path_relative", &PathBuf::from("a/b"));
    assert_loads("path_empty", &PathBuf::from("."));
    assert_loads("path_windows", &PathBuf::from("C:\\Users\\a b"));
}

#[test]
fn numbers_of_the_library_round_trip() {
    assert_same(
        "uuid",
        &Uuid::from_bytes(*b"\x12\x34\x56\x78\x12\x34\x56\x78\x12\x34\x56\x78\x12\x34\x56\x78"),
    );
    for (name, text) in [
        ("decimal", "-1.50"),
        ("decimal_large", "1E+28"),
        ("decimal_small", "1E-7"),
        ("decimal_nan", "NaN"),
    ] {
        assert_same(name, &text.parse::<Decimal>().expect("a decimal"));
    }
    assert_same("fraction", &Fraction::new((-1).into(), 3.into()).expect("a fraction"));
    let large = "-1606938044258990275541962092341162602522202993782792835301376";
    assert_same("int_large", &large.parse::<BigInt>().expect("an int"));
    assert_same("complex", &Complex { re: 4.0, im: 6.0 });
}

#[test]
fn containers_of_collections_round_trip() {
    let entries = vec![("b".to_owned(), 1_i64), ("a".to_owned(), 2)];
    assert_same("odict", &OrderedDict(entries.clone()));
    assert_same("defaultdict", &DefaultDict(entries.clone()));
    assert_same("counter", &Counter(entries));
    assert_same("odict_1001", &(0..1001).map(|n| (n, n)).collect::<OrderedDict<i64, i64>>());
    assert_same("deque", &Deque::new([1_u8, 2].into()));
    assert_same("deque_bounded", &Deque::bounded([1_u8, 2].into(), 5).expect("a deque"));
    assert_same("deque_1001", &Deque::new((0..1001_u16).collect()));
    assert_same("bytearray", &ByteArray(vec![0, 255]));
}

#[test]
fn impossible_values_are_refused() {
    assert!(Date::new(2021, 2, 29).is_err());
    assert!(Date::new(2020, 13, 1).is_err());
    assert!(Time::new(23, 60, 0, 0).is_err());
    assert!(TimeDelta::new(1_000_000_000, 0, 0).is_err());
    assert!(TimeZone::fixed(TimeDelta::new(1, 0, 0).expect("a span")).is_err());
    assert!("1.2.3".parse::<Decimal>().is_err());
    // datetime.date(b'\x07\xe4\x0d\x01')
    let error = loads::<Date>(b"cdatetime\ndate\n(C\x04\x07\xe4\x0d\x01tR.").expect_err("month 13");
    assert_eq!(error.to_string(), "expected a date from 0001-01-01 to 9999-12-31 (byte 23)");
}

#[test]
fn arrays_turn_into_the_order_of_c() {
    let bytes: Vec<u8> = [1_i16, 4, 2, 5, 3, 6].iter().flat_map(|n| n.to_le_bytes()).collect();
    let dtype = "<i2".parse().expect("a dtype");
    let array = NdArray::new(dtype, [2, 3], Order::Fortran, bytes).expect("an array");
    assert_eq!(array.to_vec::<i16>().ok(), Some(vec![1, 2, 3, 4, 5, 6]));
    for number in 0..=5 {
        let protocol = Protocol::try_from(number).expect("a protocol of Python's");
        let pickle = dumps_with(&array, protocol).expect("dumps");
        assert_eq!(loads::<NdArray<'_>>(&pickle).as_ref().ok(), Some(&array), "{protocol}");
    }
    let pickle = dumps(&array).expect("dumps");
    assert_eq!(loads::<NdArray<'_>>(&pickle).as_ref().ok(), Some(&array));
}

#[test]
fn arrays_that_do_not_fit_their_shape_are_refused() {
    let dtype = || "<f8".parse::<pickle::python::Dtype>().expect("a dtype");
    assert!(NdArray::new(dtype(), [2], Order::C, vec![0; 8]).is_err());
    assert!(NdArray::new(dtype(), [usize::MAX, 2], Order::C, vec![0; 16]).is_err());
    let empty = NdArray::new(dtype(), [0, usize::MAX, usize::MAX], Order::Fortran, vec![]);
    let empty = empty.expect("no elements");
    assert_eq!((empty.len(), empty.to_vec::<f64>().ok()), (0, Some(vec![])));
    assert!(NdArray::new("|O".parse().expect("a dtype"), [1], Order::C, vec![0; 8]).is_err());
}

#[test]
fn elements_are_lent_where_they_are_aligned() {
    let array = NdArray::from_slice(&[3], &[1.5_f64, 2.5, 3.5]).expect("an array");
    assert_eq!(array.as_slice::<f64>().ok(), Some(&[1.5, 2.5, 3.5][..]));
    let error = array.as_slice::<f32>().expect_err("another type");
    assert_eq!(error.to_string(), "expected an array of <f4, found one of <f8");
    let big = NdArray::new(">u2".parse().expect("a dtype"), [1], Order::C, vec![1, 0]);
    let big = big.expect("an array");
    assert!(big.as_slice::<u16>().is_err());
    assert_eq!(big.to_vec::<u16>().ok(), Some(vec![256]));
    let flags = NdArray::new("|b1".parse().expect("a dtype"), [2], Order::C, vec![1, 2]);
    assert!(flags.expect("an array").as_slice::<bool>().is_err());
}

#[test]
fn buffers_of_arrays_travel_beside_the_pickle() {
    let array = NdArray::from_slice(&[2, 2], &[1_u32, 2, 3, 4]).expect("an array");
    let mut buffers: Vec<Vec<u8>> = Vec::new();
    let mut pickle = Vec::new();
    let mut pickler = pickle::Pickler::new(&mut pickle).protocol(Protocol::V5);
    pickler = pickler.buffers(|bytes| buffers.push(bytes.to_vec()));
    pickler.dump(&array).expect("dumps");
    drop(pickler);
    assert_eq!(buffers, [array.bytes()]);
    let mut unpickler = pickle::Unpickler::from_slice(&pickle).buffers(buffers);
    assert_eq!(unpickler.load::<NdArray<'_>>().as_ref().ok(), Some(&array));
}

#[test]
fn scalars_of_numpy_load_as_numbers() {
    let pickle = |scalar: NdScalar| dumps_with(&scalar, Protocol::V2).expect("dumps");
    assert_eq!(loads::<i64>(&pickle(NdScalar::of(-7_i16))).ok(), Some(-7));
    assert_eq!(loads::<u64>(&pickle(NdScalar::of(u64::MAX))).ok(), Some(u64::MAX));
    assert_eq!(loads::<f64>(&pickle(NdScalar::of(0.1_f32))).ok(), Some(0.1_f32.into()));
    assert_eq!(loads::<bool>(&pickle(NdScalar::of(true))).ok(), Some(true));
    assert!(loads::<u8>(&pickle(NdScalar::of(256_u16))).is_err());
    let big = NdScalar::new(">f8".parse().expect("a dtype"), 1.5_f64.to_be_bytes().to_vec());
    assert_eq!(loads::<f64>(&pickle(big.expect("a scalar"))).ok(), Some(1.5));
}

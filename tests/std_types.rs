//! The types of std: what they come back as, what they are called in schemas, what is refused.

use std::cell::{Cell, OnceCell, RefCell};
use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::ffi::{CString, OsStr, OsString};
use std::fmt::Debug;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::num::{NonZeroI128, NonZeroU8, NonZeroUsize, Saturating, Wrapping};
use std::ops::{Bound, ControlFlow, RangeFull, RangeToInclusive};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU16, AtomicUsize};
use std::sync::{Arc, Barrier, Mutex, OnceLock, RwLock};
use std::time::{Duration, SystemTime};

use pickle::{ErrorKind, Pickle, Schema, UnpickleOwned, dumps, loads};

fn again<T: Pickle + UnpickleOwned>(value: &T) -> T {
    loads(&dumps(value).expect("it can be pickled")).expect("what was dumped can be loaded")
}

fn round_trip<T: Pickle + UnpickleOwned + PartialEq + Debug>(value: T, schema: &str) {
    assert_eq!(again(&value), value);
    assert_eq!(Schema::of::<T>().type_name(), schema);
}

#[test]
fn collections_round_trip_at_every_size() {
    // Around the bounds of blocks, and of what is copied through the stream.
    for count in [0_u32, 1, 63, 64, 65, 129, 5000] {
        let numbers = || 0..count;
        let texts = || (0..count).map(|number| format!("text {number}"));
        let pairs = || (0..count).map(|number| (number, format!("text {number}")));
        round_trip(texts().collect::<VecDeque<_>>(), "list[str]");
        round_trip(numbers().collect::<LinkedList<_>>(), "list[u32]");
        round_trip(texts().collect::<HashSet<_>>(), "set[str]");
        round_trip(numbers().collect::<BTreeSet<_>>(), "set[u32]");
        round_trip(pairs().collect::<HashMap<_, _>>(), "dict[u32, str]");
        round_trip(pairs().collect::<BTreeMap<_, _>>(), "dict[u32, str]");
        type Fixed = BuildHasherDefault<DefaultHasher>;
        round_trip(pairs().collect::<HashMap<_, _, Fixed>>(), "dict[u32, str]");
        let heap: BinaryHeap<_> = numbers().map(|number| number.wrapping_mul(7919) % 101).collect();
        assert_eq!(again(&heap).into_sorted_vec(), heap.into_sorted_vec());
    }
}

#[test]
fn a_deque_that_wraps_around_keeps_its_order() {
    let mut deque: VecDeque<u32> = (0..8).collect();
    deque.rotate_left(3);
    deque.push_front(99);
    round_trip(deque, "list[u32]");
}

#[test]
fn a_map_with_a_key_twice_is_refused() {
    let mut bytes = dumps(&BTreeMap::from([(1_u8, 10_u8), (2, 20)])).unwrap();
    let end = bytes.len();
    assert_eq!(bytes[end - 4..], [1, 10, 2, 20]);
    bytes[end - 2] = 1;
    let text = format!("corrupt pickle: a set or map has the same key twice (byte {})", end - 8);
    assert_eq!(loads::<BTreeMap<u8, u8>>(&bytes).unwrap_err().to_string(), text);
    assert_eq!(loads::<HashMap<u8, u8>>(&bytes).unwrap_err().to_string(), text);
    let mut bytes = dumps(&BTreeSet::from([1_u8, 2])).unwrap();
    *bytes.last_mut().unwrap() = 1;
    assert!(loads::<BTreeSet<u8>>(&bytes).is_err() && loads::<HashSet<u8>>(&bytes).is_err());
}

#[test]
fn ranges_and_small_enums_round_trip() {
    round_trip(2..5_u8, "std.Range");
    round_trip(String::from("a")..String::from("b"), "std.Range");
    round_trip(1..=9_i64, "std.RangeInclusive");
    round_trip('a'.., "std.RangeFrom");
    round_trip(..1.5_f32, "std.RangeTo");
    round_trip(RangeToInclusive { end: 3_u8 }, "std.RangeToInclusive");
    round_trip(RangeFull, "std.RangeFull");
    let text = || "text".to_owned();
    round_trip(
        vec![Bound::Included(text()), Bound::Excluded(text()), Bound::Unbounded],
        "list[std.Bound]",
    );
    round_trip(vec![Ok::<u64, String>(1), Err(text())], "list[std.Result]");
    round_trip(
        vec![ControlFlow::Break(1_u8), ControlFlow::Continue(text())],
        "list[std.ControlFlow]",
    );
    round_trip(vec![Ordering::Less, Ordering::Equal, Ordering::Greater], "list[std.Ordering]");
    round_trip(None::<std::convert::Infallible>, "optional[std.Infallible]");
    // Payloads too large for the head of an enum.
    round_trip(vec![Ok::<[u64; 4], u8>([1; 4]), Err(3)], "list[std.Result]");
    round_trip(PhantomData::<std::rc::Rc<str>>, "()");
}

#[test]
fn a_range_iterated_to_its_end_is_refused() {
    let mut range = 1..=3;
    assert_eq!(range.by_ref().count(), 3);
    let text = "a RangeInclusive that was iterated to its end\n\
                hint: pickle it before it is iterated, or pickle a `Range`";
    assert_eq!(dumps(&range).unwrap_err().to_string(), text);
}

#[test]
fn the_error_in_a_part_of_a_std_type_names_the_part() {
    let mut bytes = dumps(&('a'..'b')).unwrap();
    let end = bytes.len();
    bytes[end - 1] = 0xff;
    let error = loads::<std::ops::Range<char>>(&bytes).unwrap_err();
    let text = "invalid bytes, expected a char, a Unicode scalar value at Range.end";
    assert_eq!(error.to_string(), format!("{text} (byte {})", end - 4));
}

#[test]
fn times_round_trip_before_and_after_1970() {
    round_trip(Duration::ZERO, "std.Duration");
    round_trip(Duration::MAX, "std.Duration");
    for (secs, nanos) in [(0, 0), (0, 1), (5, 0), (1_700_000_000, 999_999_999)] {
        let distance = Duration::new(secs, nanos);
        round_trip(SystemTime::UNIX_EPOCH + distance, "std.SystemTime");
        round_trip(SystemTime::UNIX_EPOCH - distance, "std.SystemTime");
    }
    round_trip(SystemTime::now(), "std.SystemTime");
}

#[test]
fn too_many_nanoseconds_and_impossible_times_are_refused() {
    let mut bytes = dumps(&Duration::new(1, 2)).unwrap();
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&1_000_000_000_u32.to_le_bytes());
    let error = loads::<Duration>(&bytes).unwrap_err();
    let text = "invalid bytes, expected nanoseconds below 1000000000";
    assert_eq!(error.to_string(), format!("{text} (byte {})", end - 12));
    for secs in [i64::MIN, i64::MAX] {
        let mut bytes = dumps(&SystemTime::UNIX_EPOCH).unwrap();
        bytes[end - 12..end - 4].copy_from_slice(&secs.to_le_bytes());
        // Some machines can express it; none may panic.
        let _ = loads::<SystemTime>(&bytes);
    }
}

#[test]
fn addresses_round_trip() {
    round_trip(Ipv4Addr::new(192, 0, 2, 1), "std.Ipv4Addr");
    round_trip("2001:db8::1".parse::<Ipv6Addr>().unwrap(), "std.Ipv6Addr");
    round_trip(vec![IpAddr::from([127, 0, 0, 1]), IpAddr::from([0; 16])], "list[std.IpAddr]");
    round_trip(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 80), "std.SocketAddrV4");
    let six = SocketAddrV6::new(Ipv6Addr::LOCALHOST, 443, 7, 3);
    round_trip(six, "std.SocketAddrV6");
    let four: SocketAddr = "192.0.2.7:53".parse().unwrap();
    round_trip(vec![four, six.into()], "list[std.SocketAddr]");
}

#[test]
fn paths_and_foreign_strings_are_bytes() {
    round_trip(PathBuf::from("folder/ü.txt"), "bytes");
    round_trip(OsString::from("text"), "bytes");
    round_trip(CString::new("no zero").unwrap(), "bytes");
    round_trip(Box::<Path>::from(Path::new("a/b")), "bytes");
    round_trip(Box::<OsStr>::from(OsStr::new("os")), "bytes");
    let bytes = dumps(Path::new("borrowed")).unwrap();
    assert_eq!(loads::<&Path>(&bytes).unwrap(), Path::new("borrowed"));
    let mut bytes = dumps(c"ab").unwrap();
    *bytes.last_mut().unwrap() = 0;
    let error = loads::<CString>(&bytes).unwrap_err();
    let text = "invalid bytes, expected a C string, without a zero inside";
    assert_eq!(error.to_string(), format!("{text} (byte {})", bytes.len() - 2));
}

#[cfg(unix)]
#[test]
fn a_path_that_is_not_unicode_survives() {
    use std::os::unix::ffi::OsStrExt as _;
    round_trip(PathBuf::from(OsStr::from_bytes(&[b'a', 0xff, b'/'])), "bytes");
}

#[test]
fn wrappers_are_pickled_as_what_they_hold() {
    round_trip(NonZeroU8::MAX, "u8");
    round_trip(NonZeroI128::MIN, "i128");
    round_trip(NonZeroUsize::MIN, "u64");
    round_trip(vec![Wrapping(i32::MIN), Wrapping(7)], "list[i32]");
    round_trip(Saturating(9_u64), "u64");
    round_trip(Reverse("last".to_owned()), "str");
    round_trip(Cell::new(1.5), "f64");
    round_trip(RefCell::new(vec!["a".to_owned()]), "list[str]");
    round_trip(OnceCell::from(vec![1_u8]), "optional[list[u8]]");
    round_trip(OnceCell::<u8>::new(), "optional[u8]");
    round_trip(OnceLock::from([1_u64; 5]), "optional[array[u64] of 5]");
    assert_eq!(again(&Mutex::new(vec![1, 2])).into_inner().unwrap(), [1, 2]);
    assert_eq!(again(&RwLock::new("text".to_owned())).into_inner().unwrap(), "text");
    assert!(again(&AtomicBool::new(true)).into_inner());
    assert_eq!(again(&AtomicU16::new(7)).into_inner(), 7);
    assert_eq!(again(&AtomicI64::new(-7)).into_inner(), -7);
    assert_eq!(again(&AtomicUsize::new(70)).into_inner(), 70);
}

#[test]
fn a_zero_where_none_can_be_is_refused() {
    let mut bytes = dumps(&vec![NonZeroU8::MIN; 3]).unwrap();
    *bytes.last_mut().unwrap() = 0;
    let error = loads::<Vec<NonZeroU8>>(&bytes).unwrap_err();
    let text = "invalid bytes, expected a number other than 0 at [2]";
    assert_eq!(error.to_string(), format!("{text} (byte {})", bytes.len() - 1));
}

#[test]
fn a_borrowed_cell_and_a_poisoned_lock_are_errors() {
    let cell = (1_u8, RefCell::new(String::new()));
    let guard = cell.1.borrow_mut();
    let error = dumps(&cell).unwrap_err();
    drop(guard);
    assert_eq!(
        error.to_string(),
        "a RefCell that is mutably borrowed cannot be pickled now at [1]"
    );

    let lock = Arc::new((Mutex::new(1), RwLock::new(2_u64)));
    let poisoner = Arc::clone(&lock);
    let poisoned = std::thread::spawn(move || {
        let _guards = (poisoner.0.lock(), poisoner.1.write());
        panic!("on purpose");
    });
    assert!(poisoned.join().is_err());
    let error = dumps(&lock.0).unwrap_err();
    assert_eq!(error.to_string(), "a poisoned Mutex cannot be pickled now");
    assert!(matches!(dumps(&lock.1).unwrap_err().kind(), ErrorKind::Locked { .. }));
}

#[test]
fn what_another_thread_changes_meanwhile_is_whole_or_an_error() {
    let shared = Arc::new(Mutex::new(vec![String::from("start")]));
    let barrier = Arc::new(Barrier::new(2));
    let writer = {
        let (shared, barrier) = (Arc::clone(&shared), Arc::clone(&barrier));
        std::thread::spawn(move || {
            barrier.wait();
            for round in 0..20_000_usize {
                *shared.lock().unwrap() = vec!["x".repeat(round % 50); round % 7];
            }
        })
    };
    barrier.wait();
    while !writer.is_finished() {
        match dumps(&*shared) {
            Ok(bytes) => {
                let loaded = loads::<Vec<String>>(&bytes).unwrap();
                assert!(loaded.windows(2).all(|pair| pair[0] == pair[1]));
            }
            Err(error) => assert!(matches!(error.kind(), ErrorKind::Changed), "{error}"),
        }
    }
    writer.join().unwrap();
}

#[test]
fn floats_keep_every_bit() {
    for bits in [0x7ff8_dead_beef_0001_u64, 0xfff0_0000_0000_0001, 1 << 63, 1] {
        assert_eq!(again(&f64::from_bits(bits)).to_bits(), bits);
        assert_eq!(again(&vec![f64::from_bits(bits); 3])[2].to_bits(), bits);
    }
    assert_eq!(again(&f32::from_bits(0xff80_1234)).to_bits(), 0xff80_1234);
}

#[test]
fn a_large_map_comes_back_quickly_and_whole() {
    let map: HashMap<u64, Vec<u8>> =
        (0..100_000).map(|n| (n, vec![n as u8; (n % 9) as usize])).collect();
    assert_eq!(again(&map), map);
}

#[test]
fn a_map_that_announces_more_than_it_has_allocates_nothing() {
    let mut bytes = dumps(&HashMap::from([(1_u64, 2_u64)])).unwrap();
    let head = bytes.len() - 20;
    assert_eq!(bytes[head..head + 4], [1, 0, 0, 0]);
    bytes[head..head + 4].copy_from_slice(&0x0fff_ffff_u32.to_le_bytes());
    let used = allocation_counter::measure(|| {
        assert!(loads::<HashMap<u64, u64>>(&bytes).is_err());
    });
    assert!(used.bytes_max < 4096, "{} bytes", used.bytes_max);
}

/// A vector that is longer when it is written than when it was measured, as another thread could
/// make it.
struct Growing(Cell<bool>, RefCell<Vec<String>>);

impl pickle::Layout for Growing {
    const HEAD: usize = <Vec<String> as pickle::Layout>::HEAD;

    fn describe(schema: &mut pickle::schema::SchemaBuilder) -> pickle::schema::SchemaId {
        <Vec<String> as pickle::Layout>::describe(schema)
    }
}

impl Pickle for Growing {
    fn measure(&self, measure: &mut pickle::native::Measure) -> pickle::Result<()> {
        self.1.measure(measure)
    }

    fn encode<'b>(
        &self,
        head: pickle::native::HeadMut<'b, Self>,
        writer: &mut pickle::native::Writer,
    ) -> pickle::native::Written<'b, Self> {
        if self.0.get() {
            self.1.borrow_mut().resize(100, String::new());
        }
        head.put(&self.1, writer)
    }

    fn save(&self, saver: &mut pickle::Saver<'_>) -> pickle::Result<()> {
        self.1.save(saver)
    }
}

#[test]
fn what_grows_beyond_a_section_while_it_is_pickled_is_an_error() {
    let growing = Growing(Cell::new(true), RefCell::new(Vec::new()));
    assert!(matches!(dumps(&growing).unwrap_err().kind(), ErrorKind::Changed));
    growing.0.set(false);
    assert_eq!(loads::<Vec<String>>(&dumps(&growing).unwrap()).unwrap().len(), 100);
}

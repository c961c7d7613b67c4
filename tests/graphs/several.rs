//! Several pickles of one `Pickler`: what they share is shared by what one `Unpickler` loads.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::{self, Rc};
use std::sync::{Arc, Mutex};

use pickle::{
    ErrorKind, Limits, Pickle, Pickler, Protocol, SchemaMode, UnpickleOwned, Unpickler, Value,
    dump_with, dumps, loads,
};

use crate::PROTOCOLS;

#[derive(Pickle, Debug, PartialEq)]
struct City {
    name: String,
}

#[derive(Pickle, Debug, PartialEq)]
struct Person {
    name: Rc<str>,
    home: Rc<City>,
}

fn city() -> Rc<City> {
    Rc::new(City { name: "Graz".into() })
}

fn person(name: &str, home: &Rc<City>) -> Person {
    Person { name: name.into(), home: home.clone() }
}

/// Dumps two values by one pickler.
fn two<A: Pickle, B: Pickle>(protocol: Protocol, first: &A, second: &B) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut pickler = Pickler::new(&mut bytes).protocol(protocol);
    pickler.dump(first).unwrap();
    pickler.dump(second).unwrap();
    bytes
}

/// Shows both values as each protocol and each kind of source brings them back.
fn each<A: Pickle + UnpickleOwned, B: Pickle + UnpickleOwned>(
    first: &A,
    second: &B,
    check: impl Fn(A, B),
) {
    for protocol in PROTOCOLS {
        let bytes = two(protocol, first, second);
        let mut slice = Unpickler::from_slice(&bytes);
        let loaded = slice.load::<A>().and_then(|first| Ok((first, slice.load::<B>()?)));
        let (first, second) = loaded.unwrap_or_else(|error| panic!("{protocol}: {error}"));
        check(first, second);
        let mut reader = Unpickler::new(bytes.as_slice());
        let loaded = reader.load::<A>().and_then(|first| Ok((first, reader.load::<B>()?)));
        let (first, second) = loaded.unwrap_or_else(|error| panic!("{protocol}: {error}"));
        check(first, second);
    }
}

#[test]
fn an_object_of_two_pickles_is_one() {
    let city = city();
    each(&person("Ada", &city), &person("Bea", &city), |first, second| {
        assert_eq!((&*first.name, &*second.name), ("Ada", "Bea"));
        assert_eq!(first.home.name, "Graz");
        assert!(Rc::ptr_eq(&first.home, &second.home));
    });
}

#[test]
fn an_object_that_only_one_pointer_keeps_is_one_when_dumped_twice() {
    let city = city();
    each(&city, &city, |first, second| assert!(Rc::ptr_eq(&first, &second)));
}

#[test]
fn equal_objects_of_two_pickles_stay_two() {
    each(&city(), &city(), |first, second| {
        assert_eq!(first, second);
        assert!(!Rc::ptr_eq(&first, &second));
    });
}

#[test]
fn text_slices_and_cells_keep_identity_across_pickles() {
    let text: Rc<str> = "text".into();
    let slice: Arc<[u16]> = Arc::new([1, 2, 3]);
    let cell = Rc::new(RefCell::new(1_u8));
    let lock = Arc::new(Mutex::new(String::from("locked")));
    let value = (text, slice, cell, lock);
    each(&value, &vec![value.clone()], |first, second| {
        assert_eq!((&*first.0, &*first.1), ("text", &[1, 2, 3][..]));
        assert!(Rc::ptr_eq(&first.0, &second[0].0));
        assert!(Arc::ptr_eq(&first.1, &second[0].1));
        assert!(Rc::ptr_eq(&first.2, &second[0].2));
        assert!(Arc::ptr_eq(&first.3, &second[0].3));
    });
}

#[test]
fn a_weak_finds_its_owner_in_an_earlier_pickle() {
    let city = city();
    each(&city, &Rc::downgrade(&city), |city, weak| {
        assert!(Rc::ptr_eq(&city, &weak.upgrade().unwrap()));
    });
}

#[test]
fn an_owner_finds_the_weak_of_an_earlier_pickle() {
    let city = city();
    each(&Rc::downgrade(&city), &city, |weak, city| {
        assert!(Rc::ptr_eq(&city, &weak.upgrade().unwrap()));
    });
}

#[derive(Pickle)]
struct Tree {
    parent: rc::Weak<Tree>,
    children: Vec<Rc<Tree>>,
}

#[test]
fn a_cycle_of_an_earlier_pickle_is_reached_from_a_later_one() {
    let root = Rc::new_cyclic(|root: &rc::Weak<Tree>| {
        let leaf = Rc::new(Tree { parent: root.clone(), children: vec![] });
        Tree { parent: rc::Weak::new(), children: vec![leaf] }
    });
    each(&root, &root.children[0], |root, leaf| {
        assert!(Rc::ptr_eq(&root.children[0], &leaf));
        assert!(Rc::ptr_eq(&root, &leaf.parent.upgrade().unwrap()));
    });
}

#[pickle::class]
trait Shape {
    fn corners(&self) -> u32;
}

#[derive(Pickle)]
struct Polygon {
    corners: u32,
}

#[pickle::class]
impl Shape for Polygon {
    fn corners(&self) -> u32 {
        self.corners
    }
}

#[test]
fn an_object_of_a_trait_is_one_across_pickles() {
    let shape: Rc<dyn Shape> = Rc::new(Polygon { corners: 5 });
    each(&vec![shape.clone()], &shape, |first, second| {
        assert_eq!(second.corners(), 5);
        assert!(Rc::ptr_eq(&first[0], &second));
    });
}

#[test]
fn an_object_dumped_as_its_own_type_is_loaded_as_one_of_a_trait() {
    let polygon = Rc::new(Polygon { corners: 6 });
    let shape: Rc<dyn Shape> = polygon.clone();
    each(&polygon, &shape, |polygon, shape| {
        assert_eq!(Rc::as_ptr(&polygon).cast::<()>(), Rc::as_ptr(&shape).cast::<()>());
    });
    each(&shape, &polygon, |shape, polygon| {
        assert_eq!(Rc::as_ptr(&polygon).cast::<()>(), Rc::as_ptr(&shape).cast::<()>());
    });
}

/// In Python, as one of a trait, a dict that names its class.
#[pickle::class(name = "several.Count")]
impl Shape for u32 {
    fn corners(&self) -> u32 {
        *self
    }
}

/// Called otherwise than its type.
#[derive(Pickle)]
struct Star(u32);

#[pickle::class(name = "several.Sun")]
impl Shape for Star {
    fn corners(&self) -> u32 {
        self.0
    }
}

#[test]
fn one_object_is_one_in_a_pickle_whether_seen_as_its_type_or_as_one_of_a_trait() {
    fn check<T: Shape + Pickle + UnpickleOwned + 'static>(
        value: T,
        as_trait: fn(Rc<T>) -> Rc<dyn Shape>,
    ) {
        let own = Rc::new(value);
        let shape = as_trait(own.clone());
        let is_one = |own: &Rc<T>, shape: &Rc<dyn Shape>| {
            assert_eq!(own.corners(), shape.corners());
            assert_eq!(Rc::as_ptr(own).cast::<()>(), Rc::as_ptr(shape).cast::<()>());
        };
        crate::each(&(own.clone(), shape.clone(), own.clone()), |_, (own, shape, again)| {
            is_one(&own, &shape);
            is_one(&again, &shape);
        });
        crate::each(&(shape.clone(), own.clone(), shape.clone()), |_, (shape, own, again)| {
            is_one(&own, &shape);
            is_one(&own, &again);
        });
        crate::each(&(Rc::downgrade(&shape), own.clone()), |_, (shape, own)| {
            is_one(&own, &shape.upgrade().unwrap());
        });
        each(&shape, &own, |shape, own| is_one(&own, &shape));
        each(&own, &shape, |own, shape| is_one(&own, &shape));
    }

    check(Polygon { corners: 3 }, |polygon| polygon);
    check(5_u32, |count| count);
    check(Star(7), |star| star);
}

#[test]
fn a_temporary_of_one_dump_is_not_taken_for_an_object_of_the_next() {
    for protocol in PROTOCOLS {
        let mut bytes = Vec::new();
        let mut pickler = Pickler::new(&mut bytes).protocol(protocol);
        for number in 0..50_u32 {
            pickler.dump(&Rc::new(number)).unwrap();
        }
        let mut unpickler = Unpickler::from_slice(&bytes);
        let loaded = unpickler.iter::<Rc<u32>>().map(|number| *number.unwrap());
        assert!(loaded.eq(0..50));
    }
}

#[test]
fn a_later_pickle_that_refers_to_no_other_loads_alone() {
    for protocol in PROTOCOLS {
        let home = city();
        let later = [person("Bea", &home), person("Bea", &home)];
        let mut bytes = Vec::new();
        let mut pickler = Pickler::new(&mut bytes).protocol(protocol);
        pickler.dump(&city()).unwrap();
        let first = pickler.writer().len();
        pickler.dump(&later).unwrap();
        let loaded: [Person; 2] = loads(&bytes[first..]).unwrap();
        assert_eq!(loaded, later);
        assert!(Rc::ptr_eq(&loaded[0].home, &loaded[1].home));
    }
}

/// The second of two pickles that share an object.
fn second(protocol: Protocol) -> Vec<u8> {
    let city = city();
    let mut bytes = Vec::new();
    let mut pickler = Pickler::new(&mut bytes).protocol(protocol);
    pickler.dump(&city).unwrap();
    let first = pickler.writer().len();
    pickler.dump(&(1_u8, city)).unwrap();
    bytes.split_off(first)
}

#[test]
fn a_pickle_that_refers_to_an_earlier_one_does_not_load_alone() {
    let error = loads::<(u8, Rc<City>)>(&second(Protocol::Native)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Earlier), "{error}");
    assert_eq!(
        error.hint(),
        Some("load all pickles of a `Pickler` by one `Unpickler`, from the first on")
    );
    for protocol in &PROTOCOLS[..6] {
        let error = loads::<(u8, Rc<City>)>(&second(*protocol)).unwrap_err();
        assert!(error.hint().unwrap().contains("`Unpickler::keep_memo(true)`"), "{error}");
    }
}

#[test]
fn a_value_or_another_type_does_not_hide_a_missing_object() {
    let bytes = second(Protocol::Native);
    let error = loads::<(u8, City)>(&bytes).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Earlier), "{error}");
    let error = loads::<(u8, Value)>(&bytes).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Earlier), "{error}");
    let error = Value::loads(&bytes).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Earlier), "{error}");
}

#[test]
fn without_its_memo_each_pickle_of_a_pickler_stands_alone() {
    let city = city();
    for protocol in PROTOCOLS {
        let mut bytes = Vec::new();
        let mut pickler = Pickler::new(&mut bytes).protocol(protocol).keep_memo(false);
        pickler.dump(&city).unwrap();
        pickler.dump(&city).unwrap();
        let half = bytes.len() / 2;
        assert_eq!(bytes[..half], bytes[half..]);
        assert_eq!(loads::<Rc<City>>(&bytes[half..]).unwrap(), city);
    }
}

#[test]
fn types_without_shared_parts_are_written_as_ever() {
    let value = (1_u8, String::from("text"));
    assert_eq!(two(Protocol::Native, &value, &value), dumps(&value).unwrap().repeat(2));
}

#[test]
fn a_cleared_memo_writes_anew() {
    let city = city();
    for protocol in PROTOCOLS {
        let mut bytes = Vec::new();
        let mut pickler = Pickler::new(&mut bytes).protocol(protocol);
        pickler.dump(&city).unwrap();
        pickler.clear_memo();
        let first = pickler.writer().len();
        pickler.dump(&city).unwrap();
        assert_eq!(loads::<Rc<City>>(&bytes[first..]).unwrap(), city);
        let both = Unpickler::from_slice(&bytes).iter().collect::<Result<Vec<Rc<City>>, _>>();
        let both = both.unwrap();
        assert!(!Rc::ptr_eq(&both[0], &both[1]));
    }
}

#[test]
fn two_picklers_behind_each_other_do_not_mix() {
    for protocol in PROTOCOLS {
        let (here, there) = (city(), Rc::new(City { name: "Linz".into() }));
        let mut bytes = two(protocol, &here, &vec![here.clone()]);
        bytes.extend(two(protocol, &there, &vec![there.clone()]));
        let mut unpickler = Unpickler::from_slice(&bytes);
        let first: Rc<City> = unpickler.load().unwrap();
        assert!(Rc::ptr_eq(&first, &unpickler.load::<Vec<Rc<City>>>().unwrap()[0]));
        let third: Rc<City> = unpickler.load().unwrap();
        assert_eq!(third.name, "Linz");
        assert!(Rc::ptr_eq(&third, &unpickler.load::<Vec<Rc<City>>>().unwrap()[0]));
    }
}

#[test]
fn pickles_of_two_picklers_in_turn_are_refused() {
    let (here, there) = (city(), Rc::new(City { name: "Linz".into() }));
    let second = two(Protocol::Native, &here, &here).split_off(length(&here));
    let mut mixed = Vec::new();
    Pickler::new(&mut mixed).dump(&there).unwrap();
    mixed.extend(second);
    let mut unpickler = Unpickler::from_slice(&mixed);
    unpickler.load::<Rc<City>>().unwrap();
    let error = unpickler.load::<Rc<City>>().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Earlier), "{error}");
}

#[test]
fn other_pickles_may_stand_between_those_of_a_pickler() {
    for protocol in PROTOCOLS {
        let city = city();
        let mut bytes = Vec::new();
        let mut pickler = Pickler::new(&mut bytes).protocol(protocol);
        pickler.dump(&city).unwrap();
        pickler.dump(&"text").unwrap();
        dump_with(&["more", "text"], pickler.writer(), protocol).unwrap();
        dump_with(&vec![1_u8], pickler.writer(), Protocol::Native).unwrap();
        pickler.dump(&city).unwrap();
        let mut unpickler = Unpickler::from_slice(&bytes);
        let first: Rc<City> = unpickler.load().unwrap();
        assert_eq!(unpickler.load::<String>().unwrap(), "text");
        assert_eq!(unpickler.load::<Vec<String>>().unwrap(), ["more", "text"]);
        assert_eq!(unpickler.load::<Vec<u8>>().unwrap(), [1]);
        assert!(Rc::ptr_eq(&first, &unpickler.load::<Rc<City>>().unwrap()), "{protocol}");
    }
}

/// Refuses one value.
#[derive(Pickle, Debug)]
#[pickle(getstate = Self::state, setstate = Self::from_state)]
struct Refusing(Rc<City>, bool, bool);

impl Refusing {
    fn state(&self) -> Result<(&Rc<City>, bool), &'static str> {
        if self.1 { Err("not to be dumped") } else { Ok((&self.0, self.2)) }
    }

    fn from_state((city, refuses): (Rc<City>, bool)) -> Result<Self, &'static str> {
        if refuses { Err("not to be loaded") } else { Ok(Self(city, false, false)) }
    }
}

#[test]
fn a_dump_that_failed_leaves_no_trace() {
    for protocol in PROTOCOLS {
        let (known, other) = (city(), city());
        let mut bytes = Vec::new();
        let mut pickler = Pickler::new(&mut bytes).protocol(protocol);
        pickler.dump(&known).unwrap();
        let refused = (other.clone(), Refusing(known.clone(), true, false));
        pickler.dump(&refused).unwrap_err();
        pickler.dump(&(known.clone(), other.clone())).unwrap();
        pickler.dump(&other).unwrap();
        let mut unpickler = Unpickler::from_slice(&bytes);
        let first: Rc<City> = unpickler.load().unwrap();
        let (second, other): (Rc<City>, Rc<City>) = unpickler.load().unwrap();
        assert!(Rc::ptr_eq(&first, &second), "{protocol}");
        assert!(Rc::ptr_eq(&other, &unpickler.load().unwrap()));
    }
}

#[test]
fn a_write_that_failed_leaves_no_trace() {
    /// Fails once.
    struct Full(Vec<u8>, bool);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if std::mem::take(&mut self.1) {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.0.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    for protocol in PROTOCOLS {
        let (known, other) = (city(), city());
        let mut pickler = Pickler::new(Full(Vec::new(), false)).protocol(protocol);
        pickler.dump(&known).unwrap();
        pickler.writer().1 = true;
        let error = pickler.dump(&vec![other.clone()]).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Io(_)));
        pickler.dump(&(known.clone(), other.clone())).unwrap();
        let bytes = pickler.into_inner().0;
        let mut unpickler = Unpickler::from_slice(&bytes);
        let first: Rc<City> = unpickler.load().unwrap();
        let (second, _): (Rc<City>, Rc<City>) = unpickler.load().unwrap();
        assert!(Rc::ptr_eq(&first, &second), "{protocol}");
    }
}

#[test]
fn a_load_that_failed_leaves_no_trace() {
    for protocol in PROTOCOLS {
        let (known, other) = (city(), city());
        let mut bytes = Vec::new();
        let mut pickler = Pickler::new(&mut bytes).protocol(protocol);
        pickler.dump(&known).unwrap();
        pickler.dump(&(other.clone(), Refusing(known.clone(), false, true))).unwrap();
        pickler.dump(&(vec![known.clone()], city())).unwrap();
        // A slice stays where it was; there, another type loads.
        let mut unpickler = Unpickler::from_slice(&bytes);
        let first: Rc<City> = unpickler.load().unwrap();
        unpickler.load::<(Rc<City>, Refusing)>().unwrap_err();
        unpickler.load::<(u8, u8)>().unwrap_err();
        assert_eq!(Rc::strong_count(&first), 2);
        // A reader goes on.
        let mut unpickler = Unpickler::new(bytes.as_slice());
        let first: Rc<City> = unpickler.load().unwrap();
        unpickler.load::<(Rc<City>, Refusing)>().unwrap_err();
        let (third, _): (Vec<Rc<City>>, Rc<City>) = unpickler.load().unwrap();
        assert!(Rc::ptr_eq(&first, &third[0]), "{protocol}");
    }
}

#[test]
fn objects_of_a_pickle_that_did_not_load_are_missing() {
    let city = city();
    let mut bytes = Vec::new();
    let mut pickler = Pickler::new(&mut bytes);
    pickler.dump(&Rc::new(1_u8)).unwrap();
    pickler.dump(&(city.clone(), Refusing(city.clone(), false, true))).unwrap();
    pickler.dump(&city).unwrap();
    let mut unpickler = Unpickler::new(bytes.as_slice());
    unpickler.load::<Rc<u8>>().unwrap();
    unpickler.load::<(Rc<City>, Refusing)>().unwrap_err();
    let error = unpickler.load::<Rc<City>>().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Earlier), "{error}");
}

#[test]
fn an_object_of_another_type_is_not_taken_for_one() {
    // Two runs, of which the one gets the second pickle of the other, and says that it is its own.
    let (number, text) = (Rc::new(1_u32), Rc::new(String::from("text")));
    let mut mixed = two(Protocol::Native, &text, &text);
    let place = payload(&mixed[length(&text)..]);
    let place = mixed.split_off(length(&text))[place..place + 5].to_vec();
    let mut second = two(Protocol::Native, &number, &number).split_off(length(&number));
    let at = payload(&second);
    second.splice(at..at + 5, place);
    mixed.extend(second);
    let mut unpickler = Unpickler::from_slice(&mixed);
    unpickler.load::<Rc<String>>().unwrap();
    let error = unpickler.load::<Rc<u32>>().unwrap_err().to_string();
    assert!(error.starts_with("corrupt pickle: a shared object is of another type"), "{error}");
}

/// How long the first native pickle of a pickler is.
fn length(value: &impl Pickle) -> usize {
    let mut bytes = Vec::new();
    Pickler::new(&mut bytes).dump(value).unwrap();
    bytes.len()
}

/// Where the payload of a short pickle begins.
fn payload(pickle: &[u8]) -> usize {
    pickle.len() - usize::from(pickle[3])
}

#[test]
fn every_change_of_the_second_pickle_is_an_error_or_a_value() {
    let city = city();
    let bytes = two(Protocol::Native, &person("Ada", &city), &vec![person("Bea", &city)]);
    let start =
        two(Protocol::Native, &person("Ada", &city), &0_u8).len() - dumps(&0_u8).unwrap().len();
    let mut changed = bytes.clone();
    for at in start..bytes.len() {
        for change in [0x01, 0x02, 0x08, 0x80, 0xff] {
            changed[at] ^= change;
            let mut unpickler = Unpickler::from_slice(&changed).limits(Limits::UNTRUSTED);
            let first: Person = unpickler.load().unwrap();
            drop(unpickler.load::<Vec<Person>>());
            drop(unpickler);
            assert_eq!(Rc::strong_count(&first.home), 1);
            changed[at] ^= change;
        }
    }
}

#[test]
fn a_pickle_that_claims_a_long_past_takes_no_memory_for_it() {
    let mut bytes = Vec::new();
    Pickler::new(&mut bytes).dump(&Rc::new(1_u8)).unwrap();
    let at = payload(&bytes);
    bytes[3] += 4;
    bytes.splice(at..at + 1, [0xfd, 0xff, 0xff, 0xff, 0x0f]);
    assert_eq!(*loads::<Rc<u8>>(&bytes).unwrap(), 1);
    bytes[at] = 0xfe;
    let error = loads::<Rc<u8>>(&bytes).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Corrupt { .. }), "{error}");
}

#[test]
fn a_newer_type_shares_with_what_an_older_one_dumped() {
    mod old {
        use super::*;

        #[derive(Pickle)]
        #[pickle(class = "several.Town")]
        pub(super) struct Town {
            pub(super) name: String,
        }
    }

    #[derive(Pickle, Debug)]
    #[pickle(class = "several.Town")]
    struct Town {
        name: String,
        #[pickle(default)]
        mayor: Option<String>,
    }

    let town = Rc::new(old::Town { name: "Graz".into() });
    each_as(&(Rc::new(1_u8), town.clone()), &(vec![town.clone()], Rc::downgrade(&town)));

    fn each_as(
        first: &(Rc<u8>, Rc<old::Town>),
        second: &(Vec<Rc<old::Town>>, rc::Weak<old::Town>),
    ) {
        for protocol in PROTOCOLS {
            let bytes = two(protocol, first, second);
            let mut unpickler = Unpickler::from_slice(&bytes);
            let (_, first): (Rc<u8>, Rc<Town>) = unpickler.load().unwrap();
            let (second, weak): (Vec<Rc<Town>>, rc::Weak<Town>) = unpickler.load().unwrap();
            assert_eq!((&*first.name, &first.mayor), ("Graz", &None));
            assert!(Rc::ptr_eq(&first, &second[0]), "{protocol}");
            assert!(Rc::ptr_eq(&first, &weak.upgrade().unwrap()));
        }
    }
}

#[test]
fn options_do_not_part_pickles() {
    let city = city();
    let mut bytes = Vec::new();
    let mut pickler = Pickler::new(&mut bytes).schema(SchemaMode::Omit).checksum(true);
    pickler.dump(&city).unwrap();
    pickler.dump(&[&city, &city]).unwrap();
    let mut unpickler = Unpickler::new(bytes.as_slice());
    let first: Rc<City> = unpickler.load().unwrap();
    let second: [Rc<City>; 2] = unpickler.load().unwrap();
    assert!(second.iter().all(|city| Rc::ptr_eq(city, &first)));
}

#[test]
fn a_cleared_unpickler_knows_no_earlier_object() {
    let city = city();
    for protocol in PROTOCOLS {
        let bytes = two(protocol, &city, &city);
        let mut unpickler = Unpickler::from_slice(&bytes);
        let first: Rc<City> = unpickler.load().unwrap();
        unpickler.clear_memo();
        assert_eq!(Rc::strong_count(&first), 1);
        unpickler.load::<Rc<City>>().unwrap_err();
    }
}

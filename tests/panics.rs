//! The user's code panics in the middle of a dump: what the buffer held before is still there, and
//! nothing else is.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use pickle::native::{HeadMut, Measure, Writer, Written};
use pickle::schema::{SchemaBuilder, SchemaId};
use pickle::{
    ErrorKind, Layout, Pickle, Pickler, Protocol, Result, Saver, Unpickler, dumps, dumps_into,
    loads,
};

/// Calls of a hook that go well before one panics; none of them where there are no more.
#[derive(Clone, Default)]
struct Fuse(Rc<Cell<Option<u32>>>);

impl Fuse {
    fn burn(&self) {
        match self.0.get() {
            Some(0) => panic!("the fuse is burnt"),
            left => self.0.set(left.map(|left| left - 1)),
        }
    }
}

/// Panics in its `getstate`.
#[derive(Pickle)]
#[pickle(class = "panics.State", getstate = State::get, setstate = State::set)]
struct State(u32, Fuse);

impl State {
    fn get(&self) -> (u32, &'static str) {
        self.1.burn();
        (self.0, "a state")
    }

    fn set((number, _): (u32, String)) -> Self {
        Self(number, Fuse::default())
    }
}

/// Panics where it is encoded, as a type may whose traits are written by hand.
struct Late(Fuse);

impl Layout for Late {
    const HEAD: usize = u8::HEAD;

    fn describe(schema: &mut SchemaBuilder) -> SchemaId {
        u8::describe(schema)
    }
}

impl Pickle for Late {
    fn measure(&self, _: &mut Measure) -> Result<()> {
        Ok(())
    }

    fn encode<'b>(&self, head: HeadMut<'b, Self>, _: &mut Writer) -> Written<'b, Self> {
        self.0.burn();
        head.write([7])
    }

    fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
        self.0.burn();
        7_u8.save(saver)
    }
}

/// Catches the panics of what it holds while that is encoded, and goes on.
struct Careless<T>(T);

impl<T: Layout> Layout for Careless<T> {
    const HEAD: usize = T::HEAD;

    fn describe(schema: &mut SchemaBuilder) -> SchemaId {
        T::describe(schema)
    }
}

impl<T: Pickle> Pickle for Careless<T> {
    fn measure(&self, measure: &mut Measure) -> Result<()> {
        self.0.measure(measure)
    }

    fn encode<'b>(&self, head: HeadMut<'b, Self>, writer: &mut Writer) -> Written<'b, Self> {
        let mut fields = head.fields();
        let put = || fields.put(&self.0, writer);
        let _ = catch_unwind(AssertUnwindSafe(put));
        fields.finish()
    }

    fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
        self.0.save(saver)
    }
}

const BEFORE: &[u8] = b"what was there before";

/// Dumps with a fuse of each length until none burns down; tells how many dumps panicked.
fn panics<T: Pickle>(value: &T, fuse: &Fuse, dump: impl Fn(&T, &mut Vec<u8>)) -> u32 {
    for length in 0.. {
        let mut out = BEFORE.to_vec();
        fuse.0.set(Some(length));
        let dumped = catch_unwind(AssertUnwindSafe(|| dump(value, &mut out)));
        fuse.0.set(None);
        if dumped.is_ok() {
            let mut alone = BEFORE.to_vec();
            dump(value, &mut alone);
            assert_eq!(out, alone);
            return length;
        }
        assert_eq!(out, BEFORE, "after {length} calls");
    }
    unreachable!("a fuse is long enough at last")
}

fn into<T: Pickle>(value: &T, out: &mut Vec<u8>) {
    dumps_into(value, out).unwrap();
}

fn states(count: u32, fuse: &Fuse) -> Vec<State> {
    (0..count).map(|number| State(number, fuse.clone())).collect()
}

fn late(count: u32, fuse: &Fuse) -> Vec<Late> {
    (0..count).map(|_| Late(fuse.clone())).collect()
}

#[test]
fn a_panic_in_getstate_leaves_the_buffer_as_it_was() {
    let fuse = Fuse::default();
    assert_eq!(panics(&states(3, &fuse), &fuse, into), 3);
}

#[test]
fn a_panic_in_a_later_block_of_a_long_sequence_leaves_the_buffer_as_it_was() {
    let fuse = Fuse::default();
    assert_eq!(panics(&states(200, &fuse), &fuse, into), 200);
    assert_eq!(panics(&(states(70, &fuse), states(130, &fuse)), &fuse, into), 200);
}

#[test]
fn a_panic_in_encode_leaves_the_buffer_as_it_was() {
    let fuse = Fuse::default();
    assert_eq!(panics(&late(3, &fuse), &fuse, into), 3);
    assert_eq!(panics(&(String::from("text"), late(200, &fuse)), &fuse, into), 200);
}

#[test]
fn a_panic_beside_shared_objects_leaves_the_buffer_as_it_was() {
    let (fuse, shared) = (Fuse::default(), Rc::new("x".repeat(1000)));
    let value = (vec![shared; 3], late(2, &fuse));
    // Written at once first, and measured then, since the type is one that is not known.
    assert!(panics(&value, &fuse, into) >= 2);
}

#[test]
fn a_pickler_goes_on_after_a_panic() {
    for protocol in [Protocol::Native, Protocol::V5] {
        let (fuse, shared) = (Fuse::default(), Rc::new(String::from("shared")));
        let mut out = BEFORE.to_vec();
        let mut pickler = Pickler::new(&mut out).protocol(protocol);
        pickler.dump(&shared).unwrap();
        fuse.0.set(Some(1));
        let value = (shared.clone(), Rc::new(0_u8), states(2, &fuse));
        let dumped = catch_unwind(AssertUnwindSafe(|| pickler.dump(&value)));
        assert!(dumped.is_err(), "{protocol}");
        fuse.0.set(None);
        pickler.dump(&value).unwrap();
        let pickles = out.strip_prefix(BEFORE).unwrap();
        let mut unpickler = Unpickler::from_slice(pickles);
        let first: Rc<String> = unpickler.load().unwrap();
        let (second, _, states): (Rc<String>, Rc<u8>, Vec<State>) = unpickler.load().unwrap();
        assert_eq!((first.as_str(), second.as_str(), states.len()), ("shared", "shared", 2));
        assert!(unpickler.rest().is_empty());
    }
}

#[test]
fn what_is_dumped_after_a_panic_is_what_it_always_was() {
    let fuse = Fuse::default();
    let shared = Rc::new(5_u8);
    let value = (vec![shared; 4], late(2, &fuse), states(1, &fuse));
    let expected = dumps(&value).unwrap();
    panics(&value, &fuse, into);
    assert_eq!(dumps(&value).unwrap(), expected);
    let loaded: (Vec<Rc<u8>>, Vec<u8>, Vec<State>) = loads(&expected).unwrap();
    assert_eq!(describe(&loaded.0), describe(&value.0));
}

/// Dumps with a fuse of each length: those that burn down are errors, since not all of what they hold
/// was written.
fn caught<T: Pickle>(value: T, fuse: &Fuse) {
    // Behind a tuple, so that something is written after the panic.
    let value = (Careless(value), vec![1_u16; 3], String::from("text"));
    fuse.0.set(None);
    let expected = dumps(&value).unwrap();
    for length in 0.. {
        let mut out = BEFORE.to_vec();
        fuse.0.set(Some(length));
        let dumped = dumps_into(&value, &mut out);
        if fuse.0.take() != Some(0) || dumped.is_ok() {
            assert_eq!(out[BEFORE.len()..], expected);
            return;
        }
        assert!(matches!(dumped.unwrap_err().kind(), ErrorKind::Changed), "{length} calls");
        assert_eq!(out, BEFORE, "after {length} calls");
    }
}

#[test]
fn a_pickle_of_which_a_part_panicked_is_not_written() {
    type Wide = std::result::Result<(u64, u64, u64, Late), Option<(u64, u64, Vec<Late>, String)>>;

    let fuse = Fuse::default();
    let wide = |count| -> Vec<[Wide; 2]> {
        let nested = || Err(Some((1, 2, late(3, &fuse), "text".into())));
        (0..count).map(|_| [Ok((1, 2, 3, Late(fuse.clone()))), nested()]).collect()
    };
    caught(late(3, &fuse), &fuse);
    caught(late(200, &fuse), &fuse);
    caught((String::from("text"), late(3, &fuse)), &fuse);
    caught(Box::new(Late(fuse.clone())), &fuse);
    caught(wide(1), &fuse);
    caught(wide(150), &fuse);
    let shared = Rc::new(5);
    caught((vec![shared.clone(), shared], wide(2)), &fuse);
}

fn describe<T: Debug>(value: &T) -> String {
    format!("{value:?}")
}

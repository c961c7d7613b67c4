//! Structs and enums of every shape.

use super::round_trip;
use pickle::{Pickle, dumps, loads};

#[derive(Pickle, Debug, PartialEq, Clone)]
struct Named {
    id: u64,
    name: String,
    tags: Vec<String>,
    parent: Option<Box<Named>>,
}

#[derive(Pickle, Debug, PartialEq)]
struct Tuple(u8, String, (i16, bool));

#[derive(Pickle, Debug, PartialEq)]
struct Newtype(Vec<Named>);

#[derive(Pickle, Debug, PartialEq)]
struct Unit;

#[derive(Pickle, Debug, PartialEq)]
struct EmptyNamed {}

#[derive(Pickle, Debug, PartialEq)]
struct EmptyTuple();

fn named() -> Named {
    let parent = Named { id: 1, name: "root".into(), tags: vec![], parent: None };
    let tags = vec!["a".into(), String::new(), "ü".into()];
    Named { id: u64::MAX, name: "leaf".into(), tags, parent: Some(Box::new(parent)) }
}

#[test]
fn structs_of_every_kind_round_trip() {
    round_trip(named());
    round_trip(Tuple(7, "seven".into(), (-7, true)));
    round_trip(Newtype(vec![named(), named()]));
    round_trip(Unit);
    round_trip(EmptyNamed {});
    round_trip(EmptyTuple());
    round_trip(vec![Unit, Unit, Unit]);
}

#[derive(Pickle, Debug, PartialEq, Clone)]
enum Event {
    Quit,
    Parens(),
    Braces {},
    Key(char),
    Click { x: i32, y: i32 },
    // Larger than what an enum's head has room for.
    Drag { from: (i64, i64), to: (i64, i64), label: String },
    Nested(Box<Event>, Vec<Event>),
}

#[test]
fn variants_of_every_kind_round_trip() {
    let drag = Event::Drag { from: (1, 2), to: (-3, i64::MIN), label: "box".into() };
    let all = vec![
        Event::Quit,
        Event::Parens(),
        Event::Braces {},
        Event::Key('🥒'),
        Event::Click { x: -1, y: 2 },
        drag.clone(),
        Event::Nested(Box::new(drag), vec![Event::Quit, Event::Key('x')]),
    ];
    round_trip(all.clone());
    // Enough of them for blocks.
    round_trip((0..300).map(|index| all[index % all.len()].clone()).collect::<Vec<_>>());
}

#[derive(Pickle, Debug, PartialEq, Clone, Copy)]
enum Suit {
    Clubs,
    Diamonds,
    Hearts,
    Spades,
}

#[derive(Pickle, Debug, PartialEq, Clone, Copy)]
enum Numbered {
    Ten = 10,
    Minus = -1,
    Big = 1 << 30,
}

#[derive(Pickle, Debug, PartialEq, Clone, Copy)]
enum Single {
    Only,
}

#[test]
fn fieldless_enums_round_trip_alone_and_in_bulk() {
    use Suit::{Clubs, Diamonds, Hearts, Spades};
    round_trip(Spades);
    round_trip(vec![Clubs, Spades, Diamonds, Hearts]);
    round_trip([[Hearts; 3]; 5]);
    round_trip(vec![Numbered::Ten, Numbered::Minus, Numbered::Big]);
    round_trip(vec![Single::Only; 5]);
}

#[test]
fn a_tag_that_no_variant_has_is_an_error_also_in_bulk() {
    let mut bytes = dumps(&vec![Suit::Clubs; 20]).unwrap();
    *bytes.last_mut().unwrap() = 4;
    let error = loads::<Vec<Suit>>(&bytes).unwrap_err();
    let end = bytes.len() - 1;
    assert_eq!(error.to_string(), format!("Suit has no variant 4 at [19] (byte {end})"));
}

#[derive(Pickle, Debug, PartialEq)]
enum Never {}

#[test]
fn an_enum_without_variants_is_pickled_where_it_is_absent() {
    round_trip(None::<Never>);
    round_trip(Vec::<Never>::new());
}

#[derive(Pickle, Debug, PartialEq)]
#[repr(u8)]
enum Represented {
    A(u8) = 3,
    B { b: String } = 9,
}

#[derive(Pickle, Debug, PartialEq, Clone, Copy)]
#[repr(C)]
struct Padded {
    small: u8,
    large: u64,
}

#[derive(Pickle, Debug, PartialEq, Clone, Copy)]
#[repr(C)]
struct Dense {
    a: u32,
    b: [f32; 3],
    suit: [Suit; 4],
    flag: [bool; 4],
}

#[test]
fn representations_do_not_matter() {
    round_trip(vec![Represented::A(1), Represented::B { b: "x".into() }]);
    round_trip(vec![Padded { small: 1, large: 2 }; 100]);
    let dense = Dense {
        a: 1,
        b: [0.5, f32::MAX, -0.0],
        suit: [Suit::Hearts; 4],
        flag: [true, false, true, true],
    };
    round_trip(vec![dense; 2000]);
}

#[test]
fn memory_images_check_what_can_be_invalid() {
    let dense = Dense { a: 1, b: [0.5; 3], suit: [Suit::Hearts; 4], flag: [true; 4] };
    let mut bytes = dumps(&vec![dense; 3]).unwrap();
    *bytes.last_mut().unwrap() = 2;
    let error = loads::<Vec<Dense>>(&bytes).unwrap_err();
    let end = bytes.len() - 1;
    let text = format!("invalid bytes, expected a bool, 0 or 1 at [2].flag[3] (byte {end})");
    assert_eq!(error.to_string(), text);
}

#[test]
fn an_error_names_the_path_through_structs_and_variants() {
    let mut bytes = dumps(&vec![Event::Quit, Event::Key('x')]).unwrap();
    let end = bytes.len();
    // The char's bytes are the last of the second head that are not padding.
    let at = bytes.iter().rposition(|byte| *byte == b'x').unwrap();
    bytes[at + 2] = 0xff;
    let error = loads::<Vec<Event>>(&bytes).unwrap_err();
    assert_eq!(error.path(), "[1].Key.0");
    assert!(error.offset().is_some_and(|offset| offset as usize == at && at < end));
}

//! Enums from every form in which Python, or an encoder of JSON, has them.

use std::collections::{BTreeSet, HashSet};

use pickle::{Pickle, Protocol, from_value, loads, value};

use crate::golden::{assert_loads, pickles, refused};

#[derive(Pickle, Debug, PartialEq, Clone)]
#[pickle(class = "modern.Shape", alias = "shop.Shape")]
enum Shape {
    Circle { r: f64 },
    Rect { w: f64, h: f64 },
    Empty,
}

const CIRCLE: Shape = Shape::Circle { r: 1.5 };
const RECT: Shape = Shape::Rect { w: 1.0, h: 2.0 };

#[test]
fn a_variant_is_a_nested_class() {
    assert_loads("dataclass_shapes", &vec![CIRCLE, RECT, Shape::Empty]);
    assert_loads("shapes", &vec![CIRCLE, RECT, Shape::Empty]);
}

#[test]
fn a_variant_is_a_class_with_the_name_of_the_enum() {
    assert_loads("flat_shapes", &vec![CIRCLE, RECT, Shape::Empty]);
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "modern.Base", alias = "modern.Old")]
enum Sibling {
    Point { x: i32, y: i32 },
    Frozen(i32, i32),
    Named(i32, i32),
    Slotted { x: i32, y: i32 },
}

#[test]
fn a_variant_is_a_class_beside_that_of_the_enum() {
    assert_loads("dataclass", &Sibling::Point { x: 1, y: 2 });
    assert_loads("named", &Sibling::Named(1, 3));
    assert_loads("slotted", &Sibling::Slotted { x: 1, y: 2 });
}

#[test]
fn plain_values_name_the_variant() {
    let (c, r, e) = (|| CIRCLE, || RECT, || Shape::Empty);
    let variants = vec![
        e(),
        c(),
        c(),
        r(),
        r(), // "Empty", {"Circle": ..}, {"Rect": ..}
        e(),
        c(),
        r(), // {"type": ..} beside the fields
        c(),
        r(),
        c(), // beside the content
        e(),
        c(),
        c(),
        r(),
        r(),
        r(), // ("Rect", ..)
    ];
    assert_loads("variants", &variants);
}

#[derive(Pickle, Debug, PartialEq)]
enum Tuples {
    One(u8),
    Two(u8, String),
    Tuple((u8, u8)),
    List(Vec<u8>),
}

#[test]
fn variants_with_unnamed_fields() {
    use Tuples::*;
    let load = |value| from_value::<Tuples>(&value).unwrap();
    assert_eq!(load(value!({"One": 1})), One(1));
    assert_eq!(load(value!(("One", 1))), One(1));
    assert_eq!(load(value!({"type": "One", "value": 1})), One(1));
    assert_eq!(load(value!({"Two": [1, "a"]})), Two(1, "a".into()));
    assert_eq!(load(value!(("Two", 1, "a"))), Two(1, "a".into()));
    assert_eq!(load(value!(["Two", (1, "a")])), Two(1, "a".into()));
    assert_eq!(load(value!({"type": "Two", "data": (1, "a")})), Two(1, "a".into()));
    assert_eq!(load(value!({"Tuple": (1, 2)})), Tuple((1, 2)));
    assert_eq!(load(value!({"List": [1, 2]})), List(vec![1, 2]));
    assert_eq!(load(value!(("List", [1, 2]))), List(vec![1, 2]));
    assert_eq!(load(value!({"type": "List", "content": [1, 2]})), List(vec![1, 2]));
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shop.Color", python = "enum", rename_all = "UPPERCASE")]
enum Color {
    Red = 1,
    Green,
}

#[test]
fn members_of_an_enum_go_by_value() {
    assert_loads("colors", &vec![Color::Red, Color::Green, Color::Red]);
    // As older Pythons and `enum.pickle_by_enum_name` have it.
    let by_name = b"cbuiltins\ngetattr\n(cshop\nColor\nX\x05\0\0\0GREENtR.";
    assert_eq!(loads::<Color>(by_name).unwrap(), Color::Green);
    assert_eq!(loads::<Color>(b"K\x02.").unwrap(), Color::Green);
    assert_eq!(loads::<Color>(b"X\x03\0\0\0RED.").unwrap(), Color::Red);
}

#[test]
fn a_value_that_no_member_has_is_an_error() {
    let error = loads::<Color>(b"cshop\nColor\n(K\x07tR.").unwrap_err();
    assert_eq!(
        error.to_string(),
        "shop.Color has no variant 7 (byte 16)\nhint: there are RED, GREEN"
    );
    let error = loads::<Color>(b"X\x04\0\0\0GREN.").unwrap_err();
    assert_eq!(
        error.to_string(),
        "shop.Color has no variant GREN (byte 0)\nhint: did you mean `GREEN`?"
    );
    let error = loads::<Color>(b"N.").unwrap_err();
    assert_eq!(error.to_string(), "expected a variant of shop.Color, found None (byte 0)");
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shop.Size")]
enum Size {
    #[pickle(alias = "s")]
    Small,
    #[pickle(alias = "l")]
    Large,
}

#[test]
fn a_value_of_text_is_an_alias() {
    assert_loads("sizes", &vec![Size::Small, Size::Large]);
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shop.Size")]
enum Unaliased {
    Small,
}

#[test]
fn a_value_without_an_alias_is_an_error_that_says_so() {
    assert_eq!(
        refused::<Vec<Unaliased>>("sizes"),
        "shop.Size has no variant s at [0] (byte 36)\nhint: there are Small; \
         `#[pickle(alias = \"s\")]` on a variant names its value"
    );
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shop.Level")]
enum Level {
    Low = 1,
    High = 10,
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shop.Perm")]
struct Perm(u8);

#[test]
fn members_of_an_int_enum_and_flags() {
    assert_loads("levels", &vec![Level::Low, Level::High]);
    assert_loads("perm", &Perm(6));
}

#[test]
fn members_of_an_enum_are_written_as_python_writes_them() {
    let colors = vec![Color::Red, Color::Green, Color::Red];
    for (protocol, (writer, expected)) in (0..=5).zip(pickles("colors")) {
        let protocol = Protocol::try_from(protocol).unwrap();
        assert_eq!(pickle::dumps_with(&colors, protocol).unwrap(), expected, "{writer}");
    }
}

#[derive(Pickle, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Clone)]
#[pickle(class = "shop.Perm", python = "enum")]
#[repr(i64)]
enum Flag {
    X = 1,
    W = 2,
    R = 4,
    All = 7,
    Far = 1 << 40,
}

#[test]
fn flags_load_into_a_set_or_a_sequence_of_the_members() {
    assert_loads("perm", &BTreeSet::from([Flag::R, Flag::W]));
    assert_loads("perm", &HashSet::from([Flag::R, Flag::W]));
    assert_loads("perm", &vec![Flag::W, Flag::R]);
    let far = b"cshop\nPerm\n(L1099511627780L\ntR.";
    assert_eq!(loads::<Vec<Flag>>(far).unwrap(), [Flag::R, Flag::Far]);
}

#[test]
fn no_flag_is_an_empty_set() {
    assert_eq!(loads::<BTreeSet<Flag>>(b"cshop\nPerm\n(K\0tR.").unwrap(), BTreeSet::new());
}

#[test]
fn a_value_that_a_member_has_is_this_member() {
    assert_eq!(loads::<Vec<Flag>>(b"cshop\nPerm\n(K\x07tR.").unwrap(), [Flag::All]);
    assert_eq!(loads::<Flag>(b"cshop\nPerm\n(K\x07tR.").unwrap(), Flag::All);
    assert_eq!(loads::<Vec<Flag>>(b"cshop\nPerm\n(K\x04tR.").unwrap(), [Flag::R]);
}

#[test]
fn several_flags_are_no_variant() {
    let error = loads::<Flag>(b"cshop\nPerm\n(K\x05tR.").unwrap_err();
    assert_eq!(
        error.to_string(),
        "shop.Perm has no variant 5 (byte 15)\nhint: there are X, W, R, All, Far; \
         several flags load into a set or sequence of the enum"
    );
}

#[test]
fn a_flag_that_the_enum_does_not_have_is_an_error() {
    let error = loads::<Vec<Flag>>(b"cshop\nPerm\n(K\x09tR.").unwrap_err();
    assert_eq!(
        error.to_string(),
        "shop.Perm has no variant 9 (byte 15)\nhint: there are X, W, R, All, Far"
    );
    let error = loads::<Vec<Flag>>(b"cshop\nOther\n(K\x05tR.").unwrap_err();
    assert_eq!(error.to_string(), "expected list, found shop.Other object (byte 16)");
}

#[derive(Pickle, Debug, PartialEq)]
enum Open {
    Known {
        x: u8,
    },
    #[pickle(other)]
    Unknown,
}

#[test]
fn what_the_enum_does_not_have_is_the_other_variant() {
    let load = |value| from_value::<Open>(&value).unwrap();
    assert_eq!(load(value!({"type": "Known", "x": 1})), Open::Known { x: 1 });
    assert_eq!(load(value!({"type": "New", "y": 1})), Open::Unknown);
    assert_eq!(load(value!({"type": "New"})), Open::Unknown);
    assert_eq!(load(value!({"New": {"y": 1}})), Open::Unknown);
    assert_eq!(load(value!("New")), Open::Unknown);
    assert_eq!(load(value!(("New", 1, 2))), Open::Unknown);
}

#[test]
fn results_are_enums() {
    let load = |name: &str| {
        assert_loads::<Vec<Result<u8, String>>>(
            name,
            &vec![Ok(1), Err("no".into()), Ok(1), Err("no".into())],
        )
    };
    load("results");
}

#[test]
fn options_are_none_or_what_they_hold() {
    let load = |value| from_value::<Option<Option<u8>>>(&value).unwrap();
    assert_eq!(load(value!(null)), None);
    assert_eq!(load(value!((null,))), Some(None));
    assert_eq!(load(value!((1,))), Some(Some(1)));
    assert_eq!(from_value::<Option<u8>>(&value!(5)).unwrap(), Some(5));
}

#[test]
fn an_error_inside_a_variant_has_its_path() {
    let error = from_value::<Vec<Shape>>(&value!([{"Circle": {"r": "x"}}])).unwrap_err();
    assert_eq!(error.to_string(), "expected float, found str at [0].Circle.r");
    let error = from_value::<Shape>(&value!({"Circle": {}})).unwrap_err();
    assert_eq!(
        error.to_string(),
        "missing field `r` at Circle\nhint: `#[pickle(default)]` on the field would fill it"
    );
}

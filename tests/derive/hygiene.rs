//! Names that clash with whatever the expansion could use.

use super::round_trip;
use pickle::Pickle;

#[derive(Pickle, Debug, PartialEq, Default)]
struct Clashing {
    head: u8,
    slot: u8,
    reader: u8,
    writer: u8,
    measure: u8,
    fields: u8,
    heads: u8,
    place: u8,
    whole: u8,
    filled: u8,
    error: u8,
    value: u8,
    state: u8,
    schema: u8,
    tag: u8,
    __field0: u8,
    __pickle: u8,
    r#type: u8,
    r#match: String,
}

#[derive(Pickle, Debug, PartialEq)]
enum Keywords {
    r#Self_(u8),
    Ok { r#fn: u8, head: u8, error: String },
    Err,
    Some(String),
    None,
}

#[derive(Pickle, Debug, PartialEq)]
struct r#struct {
    r#enum: u8,
}

#[test]
fn fields_and_variants_may_have_any_name() {
    round_trip(Clashing { r#type: 7, r#match: "m".into(), ..Default::default() });
    round_trip(vec![
        Keywords::r#Self_(1),
        Keywords::Ok { r#fn: 1, head: 2, error: "e".into() },
        Keywords::Err,
        Keywords::Some("s".into()),
        Keywords::None,
    ]);
    round_trip(r#struct { r#enum: 1 });
}

#[test]
fn a_raw_name_is_pickled_without_its_marker() {
    let schema = pickle::Schema::of::<r#struct>().type_name();
    assert_eq!(schema, "derive.struct");
}

/// Everything that a prelude offers, hidden.
mod shadowed {
    #![allow(dead_code, unused_macros)]

    pub(super) struct Result;
    pub(super) struct Option;
    pub(super) struct Vec;
    pub(super) struct String;
    pub(super) struct Box;
    pub(super) struct Layout;
    pub(super) struct Filled;
    pub(super) trait Default {}
    pub(super) trait Fn {}
    pub(super) struct usize;
    pub(super) struct bool;
    pub(super) struct u8;
    pub(super) fn Ok() {}
    pub(super) fn Err() {}
    pub(super) fn Some() {}
    pub(super) mod core {}
    pub(super) mod std {}
    macro_rules! assert {
        ($($any:tt)*) => {
            compile_error!("not this one")
        };
    }
    macro_rules! concat {
        ($($any:tt)*) => {
            compile_error!("not this one")
        };
    }

    #[derive(::pickle::Pickle, Debug, PartialEq, Clone)]
    pub(super) struct Survivor<T, const N: ::core::primitive::usize> {
        pub(super) number: ::core::primitive::u64,
        pub(super) rest: [T; N],
        #[pickle(skip)]
        pub(super) skipped: i8,
    }

    #[derive(::pickle::Pickle, Debug, PartialEq, Clone)]
    pub(super) enum Variants {
        One(i32),
        Two { large: [i64; 3] },
    }
}

#[test]
fn types_and_functions_of_the_prelude_may_be_shadowed() {
    use shadowed::{Survivor, Variants};
    round_trip(Survivor { number: 1, rest: [2_u8, 3], skipped: 0 });
    round_trip(vec![Variants::One(1), Variants::Two { large: [1, 2, 3] }]);
}

fn slot() -> u8 {
    7
}

const HEAD: u8 = 9;

#[derive(Pickle, Debug, PartialEq)]
struct UserExpressions {
    #[pickle(skip, default = slot())]
    a: u8,
    #[pickle(skip, default = HEAD)]
    b: u8,
    c: String,
}

#[test]
fn expressions_see_the_users_names_and_not_ours() {
    round_trip(UserExpressions { a: 7, b: 9, c: "c".into() });
}

#[test]
fn types_inside_functions_are_derived_for() {
    #[derive(Pickle, Debug, PartialEq)]
    struct Local<T> {
        inner: Inner,
        items: Vec<T>,
    }
    #[derive(Pickle, Debug, PartialEq)]
    enum Inner {
        A,
        B(u8),
    }
    round_trip(vec![
        Local { inner: Inner::A, items: vec![1, 2] },
        Local { inner: Inner::B(3), items: vec![] },
    ]);
}

mod reexport {
    pub(super) use ::pickle as framework;
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(crate = reexport::framework)]
struct Renamed<T> {
    items: Vec<T>,
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(crate = crate::hygiene::reexport::framework)]
enum RenamedToo {
    A(u8),
}

#[test]
fn the_crate_may_have_another_name() {
    round_trip(Renamed { items: vec![1_u8] });
    round_trip(RenamedToo::A(1));
}

#[derive(Pickle, Debug, PartialEq)]
struct Configured {
    always: u8,
    #[cfg(any())]
    never: NoSuchType,
    #[cfg(not(any()))]
    #[pickle(rename = "present")]
    here: String,
}

#[derive(Pickle, Debug, PartialEq)]
enum ConfiguredEnum {
    #[cfg(any())]
    Never(NoSuchType),
    Tuple(#[cfg(any())] NoSuchType, u8),
    #[cfg_attr(not(any()), pickle(rename = "renamed"))]
    Named {
        #[cfg(any())]
        never: NoSuchType,
        field: u8,
    },
}

#[test]
fn fields_and_variants_that_are_configured_away_do_not_exist() {
    round_trip(Configured { always: 1, here: "h".into() });
    round_trip(vec![ConfiguredEnum::Tuple(1), ConfiguredEnum::Named { field: 2 }]);
}

macro_rules! declare {
    ($name:ident { $($field:ident: $type:ty = $default:expr),* }) => {
        #[derive(Pickle, Debug, PartialEq)]
        struct $name {
            $(#[pickle(default = $default)] $field: $type),*
        }
    };
}

declare!(FromMacro { slot: u8 = HEAD, reader: Vec<Option<u8>> = Vec::new() });

#[test]
fn types_that_macros_declare_are_derived_for() {
    round_trip(FromMacro { slot: 1, reader: vec![Some(2), None] });
}

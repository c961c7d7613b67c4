//! Transparent types that lead back to themselves, with no named type in between.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::rc::Rc;

use pickle::{
    Pickle, Protocol, Schema, UnpickleOwned, Value, compat, dumps, dumps_with, loads, schema,
};

#[derive(Clone, Debug, Default, PartialEq, Pickle)]
#[pickle(transparent)]
struct Nest(Vec<Nest>);

#[derive(Clone, Debug, Default, PartialEq, Pickle)]
#[pickle(transparent)]
struct Chain(Option<Box<Chain>>);

#[derive(Clone, Debug, Default, PartialEq, Pickle)]
#[pickle(transparent)]
struct Shared(Vec<Rc<Shared>>);

#[derive(Clone, Debug, Default, PartialEq, Pickle)]
#[pickle(transparent)]
struct Keyed(HashMap<String, Keyed>);

/// Two types, each of which holds the other.
#[derive(Clone, Debug, Default, PartialEq, Pickle)]
#[pickle(transparent)]
struct Even(Vec<Odd>);

#[derive(Clone, Debug, Default, PartialEq, Pickle)]
#[pickle(transparent)]
struct Odd(Option<Box<Even>>);

/// Holds itself beside, before and behind a type with a name.
#[derive(Clone, Debug, Default, PartialEq, Pickle)]
#[pickle(transparent)]
struct Mixed(Vec<(Mixed, Label, Mixed)>);

#[derive(Clone, Debug, Default, PartialEq, Pickle)]
#[pickle(class = "nameless.Label")]
struct Label {
    text: String,
}

/// Structs that meet through transparent types.
#[derive(Clone, Debug, Default, PartialEq, Pickle)]
#[pickle(class = "nameless.Outer")]
struct Outer {
    kids: Nest,
    inner: Link,
}

#[derive(Clone, Debug, Default, PartialEq, Pickle)]
#[pickle(transparent)]
struct Link(Option<Box<Inner>>);

#[derive(Clone, Debug, Default, PartialEq, Pickle)]
#[pickle(class = "nameless.Inner")]
struct Inner {
    back: Vec<Outer>,
    link: Link,
    even: Even,
}

/// Every one of them holds all of them.
macro_rules! all_hold_all {
    ($($name:ident),*) => { all_hold_all!(@each [$($name),*] $($name)*); };
    (@each $all:tt $($name:ident)*) => { $(all_hold_all!(@one $name $all);)* };
    (@one $name:ident [$($each:ident),*]) => {
        #[derive(Clone, Debug, Default, PartialEq, Pickle)]
        #[pickle(transparent)]
        struct $name(Vec<($($each,)*)>);
    };
}

all_hold_all!(A, B, C, D, E, F, G, H, I, J, K, L);

fn nest() -> Nest {
    Nest(vec![Nest(vec![]), Nest(vec![Nest(vec![]), Nest(vec![])])])
}

fn chain() -> Chain {
    Chain(Some(Box::new(Chain(Some(Box::new(Chain(None)))))))
}

fn even() -> Even {
    Even(vec![Odd(None), Odd(Some(Box::new(Even(vec![Odd(None)]))))])
}

fn keyed() -> Keyed {
    Keyed(HashMap::from([("a".into(), Keyed(HashMap::from([("b".into(), Keyed::default())])))]))
}

fn mixed() -> Mixed {
    let label = Label { text: "x".into() };
    let inner = Mixed(vec![(Mixed::default(), label.clone(), Mixed::default())]);
    Mixed(vec![(inner.clone(), label, inner)])
}

fn outer() -> Outer {
    let inner = Inner { back: vec![Outer::default()], link: Link::default(), even: even() };
    let link =
        Link(Some(Box::new(Inner { link: Link(Some(Box::new(inner))), ..Inner::default() })));
    Outer { kids: nest(), inner: link }
}

/// By the type, by the schema in the pickle, and by Python's protocols.
fn goes_and_comes<T: Pickle + UnpickleOwned + PartialEq + Debug>(value: &T) {
    let bytes = dumps(value).unwrap();
    assert_eq!(&loads::<T>(&bytes).unwrap(), value);
    let dynamic = Value::loads(&bytes).unwrap();
    assert_eq!(&pickle::from_value::<T>(&dynamic).unwrap(), value);
    for protocol in [Protocol::V0, Protocol::V5] {
        let bytes = dumps_with(value, protocol).unwrap();
        assert_eq!(&loads::<T>(&bytes).unwrap(), value, "{protocol}");
    }
}

/// What is read of a schema is the schema, and what is written by it is what the type is.
fn has_a_schema<T: Pickle>(name: &str) {
    let schema = schema::<T>();
    assert_eq!(Schema::from_bytes(&schema.to_bytes()).unwrap(), schema);
    assert_eq!(schema.type_name(), name);
    assert!(compat::<T, T>().changes().is_empty(), "{}", compat::<T, T>());
}

#[test]
fn a_list_of_itself_goes_and_comes() {
    goes_and_comes(&nest());
}

#[test]
fn a_box_of_itself_goes_and_comes() {
    goes_and_comes(&chain());
}

#[test]
fn a_map_to_itself_goes_and_comes() {
    goes_and_comes(&keyed());
}

#[test]
fn shared_pointers_to_itself_go_and_come_as_the_same() {
    let leaf = Rc::new(Shared::default());
    let value = Shared(vec![leaf.clone(), Rc::new(Shared(vec![leaf]))]);
    goes_and_comes(&value);
    let loaded: Shared = loads(&dumps(&value).unwrap()).unwrap();
    assert!(Rc::ptr_eq(&loaded.0[0], &loaded.0[1].0[0]));
}

#[test]
fn a_cycle_of_itself_goes_and_comes() {
    #[derive(Clone, Default, Pickle)]
    #[pickle(transparent)]
    struct Ring(Rc<RefCell<Vec<Ring>>>);

    let ring = Ring::default();
    ring.0.borrow_mut().push(ring.clone());
    let loaded: Ring = loads(&dumps(&ring).unwrap()).unwrap();
    let inner = loaded.0.borrow_mut().pop().unwrap();
    assert!(Rc::ptr_eq(&loaded.0, &inner.0));
    ring.0.borrow_mut().clear();
}

#[test]
fn two_types_that_hold_each_other_go_and_come() {
    goes_and_comes(&even());
    goes_and_comes(&Odd(Some(Box::new(even()))));
}

#[test]
fn itself_around_a_type_with_a_name_goes_and_comes() {
    goes_and_comes(&mixed());
}

#[test]
fn structs_that_meet_through_transparent_types_go_and_come() {
    goes_and_comes(&outer());
    goes_and_comes(&outer().inner);
}

#[test]
fn types_that_all_hold_all_go_and_come() {
    goes_and_comes(&A(vec![Default::default()]));
}

#[test]
fn the_schema_leads_back_to_itself() {
    has_a_schema::<Nest>("list[...]");
    has_a_schema::<Chain>("optional[box[...]]");
    has_a_schema::<Shared>("list[shared[...]]");
    has_a_schema::<Keyed>("dict[str, ...]");
    has_a_schema::<Even>("list[optional[box[...]]]");
    has_a_schema::<Odd>("optional[box[list[...]]]");
    has_a_schema::<Mixed>("list[tuple[..., nameless.Label, ...]]");
    has_a_schema::<Outer>("nameless.Outer");
    has_a_schema::<Link>("optional[box[nameless.Inner]]");
}

/// A list is node 0 and holds node 0; a box holds node 1, which is optional and holds the box.
#[test]
fn the_bytes_of_the_schema_are_as_the_format_says() {
    assert_eq!(schema::<Nest>().to_bytes(), [0, 1, 36, 0]);
    assert_eq!(schema::<Chain>().to_bytes(), [1, 2, 35, 1, 34, 0]);
    assert_eq!(schema::<Even>().to_bytes(), [2, 3, 35, 2, 34, 0, 36, 1]);
    assert_eq!(schema::<Odd>().to_bytes(), [2, 3, 36, 2, 35, 0, 34, 1]);
    let mixed = [&[3, 4, 41, 14][..], b"nameless.Label", &[0, 1, 4], b"text", &[1, 32]].concat();
    assert_eq!(schema::<Mixed>().to_bytes(), [&mixed[..], &[40, 3, 3, 0, 3, 36, 2]].concat());
}

#[test]
fn what_is_the_same_on_the_wire_has_the_same_schema() {
    #[derive(Pickle)]
    #[pickle(transparent)]
    struct Other(Vec<Other>);

    assert_eq!(schema::<Vec<Nest>>(), schema::<Nest>());
    assert_eq!(schema::<Vec<Vec<Other>>>(), schema::<Nest>());
    assert_eq!(schema::<(Nest, Other)>(), schema::<(Other, Vec<Nest>)>());
    assert_eq!(schema::<Vec<Odd>>(), schema::<Even>());
    assert_eq!(schema::<A>(), schema::<L>());
    assert_eq!(schema::<A>().to_bytes().len(), 2 + 2 + 12 + 2);
}

#[test]
fn where_the_walk_begins_does_not_matter_to_a_struct() {
    let before = schema::<(Even, Outer)>();
    let loaded: (Even, Outer) = loads(&dumps(&(even(), outer())).unwrap()).unwrap();
    assert_eq!(loaded, (even(), outer()));
    assert_eq!(Schema::from_bytes(&before.to_bytes()).unwrap(), before);
}

#[test]
fn data_of_another_version_is_loaded() {
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "nameless.Outer")]
    struct Now {
        #[pickle(default)]
        added: u8,
        kids: Parts,
    }
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(transparent)]
    struct Parts(Vec<Rc<Parts>>);

    let was = Outer { kids: nest(), inner: Link::default() };
    let now: Now = loads(&dumps(&was).unwrap()).unwrap();
    let leaf = || Rc::new(Parts(vec![]));
    let kids = Parts(vec![leaf(), Rc::new(Parts(vec![leaf(), leaf()]))]);
    assert_eq!(now, Now { added: 0, kids });
    assert!(compat::<Outer, Now>().is_compatible(), "{}", compat::<Outer, Now>());
}

#[test]
fn data_of_another_type_is_an_error_that_names_both() {
    let error = loads::<BTreeMap<u8, u8>>(&dumps(&nest()).unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "this pickle holds list[...], not dict[u8, u8]");
}

#[test]
fn a_deep_value_is_an_error_and_not_an_overflow() {
    let mut deep = Nest::default();
    for _ in 0..100_000 {
        deep = Nest(vec![deep]);
    }
    let error = dumps(&deep).unwrap_err();
    assert!(matches!(error.kind(), pickle::ErrorKind::Depth { .. }), "{error}");
    while let Some(inner) = deep.0.pop() {
        deep = inner;
    }
}

//! Values of every kind, for properties.

use pickle_core::Value;
use proptest::prelude::*;

fn loads(bytes: &[u8]) -> Value {
    Value::loads(bytes).expect("a pickle")
}

/// An integer of up to 255 bytes.
fn integer() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i128>().prop_map(Value::from),
        (-300_i64..70_000).prop_map(Value::from),
        prop::collection::vec(any::<u8>(), 0..255).prop_map(|bytes| {
            let len = bytes.len() as u8;
            loads(&[&[0x80, 2, 0x8a, len], &bytes[..], b"."].concat())
        }),
    ]
}

/// Text, now and then with a lone surrogate.
fn text() -> impl Strategy<Value = Value> {
    prop_oneof![
        9 => ".{0,20}".prop_map(Value::from),
        1 => Just(loads(b"\x80\x04\x8c\x04a\xed\xa0\x80.")),
    ]
}

/// What may be a key.
fn key() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::none()),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        integer(),
        text(),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| prop::collection::vec(inner, 0..3).prop_map(Value::tuple))
}

/// Any float; but of those that are no numbers the one that protocol 0 has, whose text is `nan`.
fn float(bits: u64) -> f64 {
    let float = f64::from_bits(bits);
    if float.is_nan() { f64::NAN } else { float }
}

/// What every protocol has a form of its own for.
fn leaf() -> impl Strategy<Value = Value> {
    let floats = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 5e-324];
    prop_oneof![
        key(),
        prop::sample::select(floats.to_vec()).prop_map(Value::from),
        any::<u64>().prop_map(|bits| Value::from(float(bits))),
        "[a-z]{1,8}".prop_map(|name| Value::global("shapes", &name)),
    ]
}

/// An object outside of the pickle. Python asks for its id each time, so none is shared.
pub(super) fn persistent() -> impl Strategy<Value = Value> {
    any::<u16>().prop_map(|id| Value::persistent(&Value::from(id.to_string())))
}

/// What protocols below 3 and 5 write as calls.
fn bytes() -> impl Strategy<Value = Value> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..20);
    prop_oneof![
        bytes().prop_map(|bytes| Value::bytes(&bytes)),
        bytes().prop_map(|bytes| Value::bytearray(&bytes)),
    ]
}

/// Containers of values, in which an object may occur several times.
fn containers(inner: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    let items = || {
        let some = prop::collection::vec(inner.clone(), 0..5);
        // Some of them again: what is shared.
        (some, prop::collection::vec(any::<prop::sample::Index>(), 0..3)).prop_map(
            |(mut items, again)| {
                let len = items.len();
                for index in again.iter().filter(|_| len > 0) {
                    items.push(items[index.index(len)].clone());
                }
                items
            },
        )
    };
    let keys = || prop::collection::vec(key(), 0..5);
    prop_oneof![
        items().prop_map(Value::list),
        items().prop_map(Value::tuple),
        keys().prop_map(Value::set),
        keys().prop_map(Value::frozenset),
        (keys(), items()).prop_map(|(keys, items)| Value::dict(keys.into_iter().zip(items))),
        items().prop_map(|args| Value::call(&Value::global("shapes", "make"), args)),
    ]
    .boxed()
}

/// A value of any kind but those that `__new__` makes, which protocols 0 and 1 write as calls, and
/// those outside of the pickle.
pub(super) fn value() -> impl Strategy<Value = Value> {
    prop_oneof![3 => leaf(), 1 => bytes()]
        .prop_recursive(4, 48, 8, |inner| containers(inner.boxed()))
}

/// A value of any kind.
pub(super) fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![6 => leaf(), 2 => bytes(), 1 => persistent()].prop_recursive(4, 48, 8, |inner| {
        let state = inner.clone().boxed();
        prop_oneof![
            5 => containers(inner.boxed()),
            1 => state.prop_map(|state| Value::instance(&Value::global("shapes", "Point"), &state)),
        ]
    })
}

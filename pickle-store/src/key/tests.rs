//! Encodings sort as their values do, and decode to them.

use proptest::prelude::*;

use super::*;

fn plain<K: Key>(key: &K) -> Vec<u8> {
    KeyEncoder::plain(&[], key)
}

fn check<K: Key + Ord>(a: &K, b: &K) {
    assert_eq!(plain(a).cmp(&plain(b)), a.cmp(b), "{a:?} {b:?}");
    assert_eq!(&KeyDecoder::plain::<K>(&plain(a)).unwrap(), a);
    let (ta, tb) = (KeyEncoder::tagged(&[], a), KeyEncoder::tagged(&[], b));
    assert_eq!(ta.cmp(&tb), a.cmp(b), "tagged {a:?} {b:?}");
    AnyKey::decode(&ta).unwrap();
    assert_eq!(&KeyDecoder::tagged::<K>(&ta).unwrap(), a);
}

/// Bytes around those that the encoding treats apart.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop_oneof![Just(0), Just(1), Just(0xff), any::<u8>()], 0..5)
}

fn text() -> impl Strategy<Value = String> {
    let char = prop_oneof![Just('\0'), Just('\u{1}'), any::<char>()];
    prop::collection::vec(char, 0..4).prop_map(|chars| chars.into_iter().collect())
}

proptest! {
    #[test]
    fn encodings_sort_as_integers_do(a: (i8, i64, i128), b: (i8, i64, i128), c: u128, d: u128) {
        check(&a, &b);
        check(&a.0, &b.0);
        check(&a.1, &b.1);
        check(&a.2, &b.2);
        check(&c, &d);
        check(&(c as u16), &(d as u16));
    }

    #[test]
    fn encodings_sort_as_text_and_bytes_do(a in text(), b in text(), c in bytes(), d in bytes()) {
        check(&a, &b);
        check(&c, &d);
    }

    #[test]
    fn encodings_sort_as_tuples_do(
        a in (text(), bytes(), any::<bool>(), any::<char>(), -1_i32..2, any::<[u8; 2]>()),
        b in (text(), bytes(), any::<bool>(), any::<char>(), -1_i32..2, any::<[u8; 2]>()),
    ) {
        check(&(a.0.clone(), a.4), &(b.0.clone(), b.4));
        check(&((a.1.clone(), a.0.clone()), a.3), &((b.1.clone(), b.0.clone()), b.3));
        check(&a, &b);
    }

    #[test]
    fn any_bytes_are_a_key_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..20)) {
        let _ = AnyKey::decode(&bytes);
        let _ = KeyDecoder::plain::<(String, i32, Vec<u8>)>(&bytes);
        let _ = KeyDecoder::plain::<(char, bool)>(&bytes);
        let _ = KeyDecoder::tagged::<(i8, String)>(&bytes);
    }
}

#[test]
fn integers_of_all_types_are_one_key_in_the_store() {
    for value in [0_i8, 1, -1, 127, -128] {
        let wide = KeyEncoder::tagged(&[], &i128::from(value));
        assert_eq!(KeyEncoder::tagged(&[], &value), wide);
        assert_eq!(AnyKey::decode(&wide).unwrap(), AnyKey::Int(value.into()));
    }
    assert_eq!(KeyEncoder::tagged(&[], &300_u16), KeyEncoder::tagged(&[], &300_i64));
    for value in [i128::MIN, i128::MAX, i64::MIN.into(), -256, -255, 255, 256] {
        let key = KeyEncoder::tagged(&[], &value);
        assert_eq!(AnyKey::decode(&key).unwrap(), AnyKey::Int(value));
    }
    let key = KeyEncoder::tagged(&[], &u128::MAX);
    assert_eq!(AnyKey::decode(&key).unwrap(), AnyKey::BigInt(u128::MAX));
}

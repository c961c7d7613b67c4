//! Ranges and prefixes of keys.

use std::ops::{
    Bound, Range, RangeBounds, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive,
};

use super::{AsKey, Key, ToKey};

/// A range of keys of type `K`: `3..9`, `"a"..="b"`, `..`, or a pair of bounds.
pub trait KeyBounds<K> {
    /// Encodes the two bounds by `encode`.
    fn encode_bounds(
        &self,
        encode: &dyn Fn(&dyn ToKey) -> Vec<u8>,
    ) -> (Bound<Vec<u8>>, Bound<Vec<u8>>);
}

macro_rules! ranges {
    ($($range:ty),*) => {$(
        impl<K: Key, Q: AsKey<K>> KeyBounds<K> for $range {
            fn encode_bounds(
                &self,
                encode: &dyn Fn(&dyn ToKey) -> Vec<u8>,
            ) -> (Bound<Vec<u8>>, Bound<Vec<u8>>) {
                let encode = |key: &Q| encode(key);
                (self.start_bound().map(encode), self.end_bound().map(encode))
            }
        }
    )*};
}

ranges!(
    Range<Q>,
    RangeFrom<Q>,
    RangeInclusive<Q>,
    RangeTo<Q>,
    RangeToInclusive<Q>,
    (Bound<Q>, Bound<Q>)
);

impl<K: Key> KeyBounds<K> for RangeFull {
    fn encode_bounds(&self, _: &dyn Fn(&dyn ToKey) -> Vec<u8>) -> (Bound<Vec<u8>>, Bound<Vec<u8>>) {
        (Bound::Unbounded, Bound::Unbounded)
    }
}

/// What keys of type `K` may start with: text for `String`, bytes for `Vec<u8>`, the first parts
/// for tuples, as a tuple: `("ann",)`.
#[diagnostic::on_unimplemented(message = "keys of type `{K}` cannot start with `{Self}`")]
pub trait KeyPrefix<K>: ToKey {}

impl<K, T: KeyPrefix<K> + ?Sized> KeyPrefix<K> for &T {}
impl KeyPrefix<String> for str {}
impl KeyPrefix<String> for String {}
impl KeyPrefix<Vec<u8>> for [u8] {}
impl KeyPrefix<Vec<u8>> for Vec<u8> {}
impl<const N: usize> KeyPrefix<Vec<u8>> for [u8; N] {}

macro_rules! prefixes {
    ($($($type:ident $owned:ident)* => $($rest:ident)*;)*) => {$(
        impl<$($owned: Key, $type: AsKey<$owned>,)* $($rest: Key),*>
            KeyPrefix<($($owned,)* $($rest,)*)> for ($($type,)*) {}
    )*};
}

prefixes! {
    A AO => B;
    A AO => B C; A AO B BO => C;
    A AO => B C D; A AO B BO => C D; A AO B BO C CO => D;
    A AO => B C D E; A AO B BO => C D E; A AO B BO C CO => D E; A AO B BO C CO D DO => E;
    A AO => B C D E F; A AO B BO => C D E F; A AO B BO C CO => D E F;
    A AO B BO C CO D DO => E F; A AO B BO C CO D DO E EO => F;
}

//! The types that can be keys.

use std::borrow::Cow;

use super::{AsKey, Key, KeyDecoder, KeyEncoder, ToKey, any};
use crate::error::{Error, Result};

impl<T: ToKey + ?Sized> ToKey for &T {
    fn encode_key(&self, encoder: &mut KeyEncoder) {
        (**self).encode_key(encoder);
    }
}

impl<K, T: AsKey<K> + ?Sized> AsKey<K> for &T {}

macro_rules! ints {
    ($($type:ident $flip:expr;)*) => {$(
        impl ToKey for $type {
            fn encode_key(&self, encoder: &mut KeyEncoder) {
                encoder.int(any::Int::from(*self), &(*self ^ $flip).to_be_bytes());
            }
        }

        impl AsKey<$type> for $type {}

        impl Key for $type {
            fn kind() -> String {
                stringify!($type).to_owned()
            }

            fn decode_key(decoder: &mut KeyDecoder<'_>) -> Result<Self> {
                if !decoder.tagged {
                    return Ok($type::from_be_bytes(decoder.array()?) ^ $flip);
                }
                let value = match any::read_int(decoder)? {
                    any::Int::Signed(value) => value.try_into().ok(),
                    any::Int::Unsigned(value) => value.try_into().ok(),
                };
                value.ok_or_else(|| Error::corrupt("a key is an integer of another size"))
            }
        }
    )*};
}

ints! {
    u8 0; u16 0; u32 0; u64 0; u128 0;
    i8 i8::MIN; i16 i16::MIN; i32 i32::MIN; i64 i64::MIN; i128 i128::MIN;
}

impl ToKey for bool {
    fn encode_key(&self, encoder: &mut KeyEncoder) {
        encoder.fixed(any::BOOL, &[u8::from(*self)]);
    }
}

impl AsKey<Self> for bool {}

impl Key for bool {
    fn kind() -> String {
        "bool".to_owned()
    }

    fn decode_key(decoder: &mut KeyDecoder<'_>) -> Result<Self> {
        decoder.tag(any::BOOL)?;
        match decoder.take(1)? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(Error::corrupt("a key is no bool")),
        }
    }
}

impl ToKey for char {
    fn encode_key(&self, encoder: &mut KeyEncoder) {
        encoder.fixed(any::CHAR, &u32::from(*self).to_be_bytes());
    }
}

impl AsKey<Self> for char {}

impl Key for char {
    fn kind() -> String {
        "char".to_owned()
    }

    fn decode_key(decoder: &mut KeyDecoder<'_>) -> Result<Self> {
        decoder.tag(any::CHAR)?;
        let number = u32::from_be_bytes(decoder.array()?);
        char::from_u32(number).ok_or_else(|| Error::corrupt("a key is no char"))
    }
}

macro_rules! texts {
    ($owned:ty, $tag:ident, $kind:literal, $decode:ident, $bytes:ident: $($type:ty)*) => {
        $(
            impl ToKey for $type {
                fn encode_key(&self, encoder: &mut KeyEncoder) {
                    encoder.text(any::$tag, self.$bytes());
                }
            }

            impl AsKey<$owned> for $type {}
        )*

        impl Key for $owned {
            fn kind() -> String {
                $kind.to_owned()
            }

            fn decode_key(decoder: &mut KeyDecoder<'_>) -> Result<Self> {
                decoder.tag(any::$tag)?;
                decoder.$decode()
            }
        }
    };
}

texts!(String, STR, "str", string, as_bytes: str String Box<str> Cow<'_, str>);
texts!(Vec<u8>, BYTES, "bytes", text, as_ref: [u8] Vec<u8> Box<[u8]> Cow<'_, [u8]>);

/// Arrays of bytes, such as UUIDs and hashes.
impl<const N: usize> ToKey for [u8; N] {
    fn encode_key(&self, encoder: &mut KeyEncoder) {
        match encoder.tagged {
            // Among keys of all types, their length must be told.
            true => encoder.text(any::BYTES, self),
            false => encoder.fixed(any::BYTES, self),
        }
    }
}

impl<const N: usize> AsKey<Self> for [u8; N] {}

impl<const N: usize> Key for [u8; N] {
    fn kind() -> String {
        format!("[u8; {N}]")
    }

    fn decode_key(decoder: &mut KeyDecoder<'_>) -> Result<Self> {
        decoder.tag(any::BYTES)?;
        if !decoder.tagged {
            return decoder.array();
        }
        let other = |_| Error::corrupt("a key has another length");
        decoder.text()?.try_into().map_err(other)
    }
}

macro_rules! tuples {
    ($($count:literal: $($type:ident $owned:ident $index:tt),*;)*) => {$(
        impl<$($type: ToKey),*> ToKey for ($($type,)*) {
            fn encode_key(&self, encoder: &mut KeyEncoder) {
                encoder.begin_tuple($count);
                $(self.$index.encode_key(encoder);)*
                encoder.end_tuple();
            }
        }

        impl<$($owned: Key, $type: AsKey<$owned>),*> AsKey<($($owned,)*)> for ($($type,)*) {}

        impl<$($type: Key),*> Key for ($($type,)*) {
            fn kind() -> String {
                KeyDecoder::tuple_kind(&[$($type::kind()),*])
            }

            fn decode_key(decoder: &mut KeyDecoder<'_>) -> Result<Self> {
                decoder.begin_tuple($count)?;
                let key = ($($type::decode_key(decoder)?,)*);
                decoder.end_tuple();
                Ok(key)
            }
        }
    )*};
}

tuples! {
    1: A AO 0;
    2: A AO 0, B BO 1;
    3: A AO 0, B BO 1, C CO 2;
    4: A AO 0, B BO 1, C CO 2, D DO 3;
    5: A AO 0, B BO 1, C CO 2, D DO 3, E EO 4;
    6: A AO 0, B BO 1, C CO 2, D DO 3, E EO 4, F FO 5;
    7: A AO 0, B BO 1, C CO 2, D DO 3, E EO 4, F FO 5, G GO 6;
    8: A AO 0, B BO 1, C CO 2, D DO 3, E EO 4, F FO 5, G GO 6, H HO 7;
}

/// In the order of its bytes: by time, for those of version 7.
#[cfg(feature = "uuid")]
impl ToKey for uuid::Uuid {
    fn encode_key(&self, encoder: &mut KeyEncoder) {
        self.as_bytes().encode_key(encoder);
    }
}

#[cfg(feature = "uuid")]
impl AsKey<Self> for uuid::Uuid {}

#[cfg(feature = "uuid")]
impl Key for uuid::Uuid {
    fn kind() -> String {
        "uuid".to_owned()
    }

    fn decode_key(decoder: &mut KeyDecoder<'_>) -> Result<Self> {
        <[u8; 16]>::decode_key(decoder).map(Self::from_bytes)
    }
}

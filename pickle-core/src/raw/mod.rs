//! The only memory tricks of the native codec, behind types that safe code cannot misuse.
//!
//! Two pairs of proofs carry the codec. To decode, a type gets a [`Slot`] (a place for one value,
//! not yet filled) and must hand back [`Filled`]; only writing a value into the slot makes one. To
//! encode, it gets a [`HeadMut`] (`T::HEAD` bytes, not yet written) and must hand back
//! [`Written`]; only writing every byte makes one. The lifetime of each pair is a brand: invariant,
//! and chosen by the caller, so the proof for one place never passes for another.
//!
//! [`Image`] is the third proof: that the memory of a type is its head, byte for byte. It has no
//! safe constructor but the macros beside it, which check it by const evaluation.
//!
//! All `unsafe` of the native codec is in this folder.

mod append;
mod copy;
mod decode;
mod encode;
mod growing;
mod image;
mod loaded;
mod macros;
mod parts;
mod text;

use std::marker::PhantomData;

pub(crate) use append::{append, append_few, as_vec};
pub use decode::{Fields, Filled, Head, Slot};
pub(crate) use decode::{decode_array, decode_each, decode_into_vec, decode_value};
pub use encode::{Cursor, FieldsMut, HeadMut, Written};
pub(crate) use encode::{Group, Items, Region, Section};
pub(crate) use growing::Growing;
pub(crate) use image::{
    BOOL, CHAR, F32, F64, I8, I16, I32, I64, I128, U8, U16, U32, U64, U128, array_image,
    image_bytes,
};
pub use image::{FieldImage, Image, at_most};
pub(crate) use loaded::Loaded;
pub(crate) use parts::{Built, Unbuilt};
pub use parts::{KindOf, Part, Partial, Parts, parts};
pub(crate) use text::{Place, Text, copy_text, from_utf8};

/// A brand: invariant in `'b`, so that the proof for one place never passes for another.
type Invariant<'b, T> = PhantomData<(fn(&'b ()) -> &'b (), *const T)>;

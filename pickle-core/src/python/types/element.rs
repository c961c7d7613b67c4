//! The types of Rust that are elements of numpy arrays as they are in memory.

use bytemuck::{CheckedBitPattern, NoUninit};

use super::dtype::{ByteOrder, Dtype, DtypeKind};

/// A type of Rust that lies in memory as an element of a numpy array does: `bool`, the integers of up
/// to 64 bits, `f32`, `f64`, and pairs of these for complex numbers.
///
/// ```
/// use pickle_core::python::Element;
/// assert_eq!(<[f64; 2]>::dtype().kind(), &pickle_core::python::DtypeKind::Complex);
/// ```
pub trait Element: CheckedBitPattern + NoUninit + sealed::Sealed {
    /// The dtype that arrays of this type are written with, in the byte order of this machine.
    fn dtype() -> Dtype;

    /// Whether elements of this dtype are such values, but for the order of their bytes.
    #[doc(hidden)]
    fn is(dtype: &Dtype) -> bool;
}

pub(super) mod sealed {
    pub trait Sealed {}
}

macro_rules! elements {
    ($($type:ty: $kind:ident $(or $other:ident $another:ident)?,)*) => {$(
        impl sealed::Sealed for $type {}

        impl Element for $type {
            fn dtype() -> Dtype {
                let size = size_of::<Self>();
                let order = if size == 1 { ByteOrder::None } else { ByteOrder::NATIVE };
                Dtype { kind: DtypeKind::$kind, size, order, align: 1, flags: 0 }
            }

            fn is(dtype: &Dtype) -> bool {
                let kind = matches!(
                    dtype.kind,
                    DtypeKind::$kind $(| DtypeKind::$other(_) | DtypeKind::$another(_))?
                );
                kind && dtype.size == size_of::<Self>()
            }
        }
    )*};
}

// The times of numpy are counts of their unit.
elements! {
    bool: Bool, u8: UInt, u16: UInt, u32: UInt, u64: UInt,
    i8: Int, i16: Int, i32: Int, i64: Int or DateTime TimeDelta,
    f32: Float, f64: Float, [f32; 2]: Complex, [f64; 2]: Complex,
}

#[cfg(feature = "num-complex")]
elements! { num_complex::Complex<f32>: Complex, num_complex::Complex<f64>: Complex, }

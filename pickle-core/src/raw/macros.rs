//! What the derive expands to. The `unsafe` stays here, so that the derive emits none.

/// The table of a struct's fields: of each the type; or also what it is where it is missing, or a
/// function that makes it.
#[doc(hidden)]
#[macro_export]
macro_rules! __parts {
    (@all struct $whole:ident $($field:tt)*) => { let Self { $($field: _,)* } = $whole; };
    (@all tuple $whole:ident $($field:tt)*) => { let ($($crate::__parts!(@any $field),)*) = $whole; };
    (@any $field:tt) => { _ };
    (@part $at:expr, $type:ty, of $kind:expr) => { $crate::native::Part::of::<$type>($at, $kind) };
    (@part $at:expr, $type:ty, or $default:expr) => {
        $crate::native::Part::or::<$type, _>($at, $default)
    };
    (@part $at:expr, $type:ty, by $make:expr) => {
        $crate::native::Part::by::<$type, _>($at, $make)
    };
    (@part $at:expr, $type:ty, skipped $make:expr) => {
        $crate::native::Part::skipped::<$type, _>($at, |_| ::core::result::Result::Ok($make))
    };
    ($kind:tt $whole:ty, $de:lifetime, { $($field:tt: $type:ty, $how:ident $($make:expr)?;)* }) => {{
        // Every field is named, with its type, and nothing else.
        let _ = |whole: &$whole| {
            $crate::__parts!(@all $kind whole $($field)*);
            $( let _: *const $type = &raw const whole.$field; )*
        };
        const {
            let list: &$de [$crate::native::Part<$de>] = const {
                &[$(
                    $crate::__parts!(
                        @part ::core::mem::offset_of!($whole, $field), $type, $how $($make)?
                    ),
                )*]
            };
            // SAFETY: the offsets are the fields', and the types were compared.
            unsafe { $crate::native::Parts::<$whole>::new(list) }
        }
    }};
}

/// Decodes the fields of a struct in place: by their types, or by an expression of a `Result`. The
/// last expression adds to an error the step into the field of a number.
///
/// # Safety
/// These are the fields of `Unpickle::PARTS`, in its order.
#[doc(hidden)]
#[macro_export]
macro_rules! __decode_struct {
    (unsafe $head:expr, $slot:expr, {
        $($field:tt: |$heads:ident, $place:ident| $decode:expr;)*
    }, |$error:ident, $failed:ident| $step:expr) => {{
        let head = $head;
        match $crate::native::Slot::copy_image($slot, head) {
            ::core::result::Result::Ok(filled) => ::core::result::Result::Ok(filled),
            ::core::result::Result::Err(mut slot) => 'whole: {
                let parts = $crate::native::parts::<Self>();
                let whole = $crate::native::Slot::as_mut_ptr(&mut slot);
                let heads = $crate::native::Head::fields(head);
                // SAFETY: the slot's place is valid for writing, and used by this alone.
                let mut partial = unsafe { $crate::native::Partial::new(whole, parts, heads) };
                let $error = 'fields: {
                    $(
                        // SAFETY: the place is valid, and the field is the next part's, as the user
                        // of this macro says.
                        let (field, ($heads, $place)) = unsafe {
                            let field = &raw mut (*whole).$field;
                            (field, partial.next(field))
                        };
                        let decoded = $decode;
                        // SAFETY: the field is the next part's.
                        let failed = unsafe { partial.keep(decoded, field) };
                        if let ::core::option::Option::Some(error) = failed {
                            break 'fields error;
                        }
                    )*
                    // SAFETY: all fields are filled.
                    break 'whole ::core::result::Result::Ok(unsafe {
                        partial.complete();
                        $crate::native::Slot::assume_filled(slot)
                    });
                };
                let $failed = partial.failed();
                ::core::result::Result::Err($step)
            }
        }
    }};
}

/// The image of a fieldless enum: there is one when each variant is a byte in memory, its number.
#[doc(hidden)]
#[macro_export]
macro_rules! __image_enum {
    ($($variant:ident)*) => {{
        let mut numbered = ::core::mem::size_of::<Self>() == 1
            && <Self as $crate::Layout>::HEAD == 1;
        #[allow(unused_mut)]
        let mut number = 0_usize;
        $(
            if numbered {
                let value = ::core::mem::ManuallyDrop::new(Self::$variant);
                // SAFETY: a value of one byte, without padding, is read as a byte.
                let byte = unsafe {
                    ::core::mem::transmute_copy::<::core::mem::ManuallyDrop<Self>, u8>(&value)
                };
                numbered = byte as usize == number;
                number += 1;
            }
        )*
        if numbered && number > 0 {
            // SAFETY: the variants are the bytes below their number, and are encoded as such; the
            // check admits no others.
            unsafe {
                $crate::native::Image::new(|first, count, stride| {
                    const LAST: usize = [$(::core::stringify!($variant)),*].len() - 1;
                    $crate::native::at_most::<{ LAST as u8 }>(first, count, stride)
                })
            }
        } else {
            $crate::native::Image::NONE
        }
    }};
}

/// `Layout::FIELDS` and `Layout::IMAGE` of a struct.
#[doc(hidden)]
#[macro_export]
macro_rules! __image_struct {
    ($($field:tt: $type:ty,)*) => {
        const FIELDS: &'static [$crate::native::FieldImage] = &[$(
            $crate::native::FieldImage::new(
                ::core::mem::offset_of!(Self, $field),
                <$type as $crate::Layout>::IMAGE,
                <$type as $crate::Layout>::HEAD,
            ),
        )*];
        // SAFETY: these are the fields.
        const IMAGE: $crate::native::Image<Self> = unsafe { $crate::native::Image::of_fields() };
    };
}

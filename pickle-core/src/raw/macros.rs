//! What the derive expands to. The `unsafe` stays here, so that the derive emits none.

/// Decodes the fields of a struct in place, in the order given: for each field an expression that
/// makes a `Result<Filled<_>>` from its slot and the heads of the fields. The last expression adds
/// to an error the step into the field of a number; there is one place for that, not one per field.
#[doc(hidden)]
#[macro_export]
macro_rules! __decode_struct {
    ($kind:tt, $head:expr, $slot:expr, {
        $($field:tt: $local:ident, $index:expr => |$place:ident, $heads:ident| $decode:expr;)*
    }, |$error:ident, $number:ident| $step:expr) => {{
        // Every field is named, nothing else, and all can be borrowed: the struct is not packed.
        let _ = |whole: &Self| $crate::__all_fields!($kind, whole, $($field)*);
        let head = $head;
        match $crate::native::Slot::copy_image($slot, head) {
            ::core::result::Result::Ok(filled) => ::core::result::Result::Ok(filled),
            #[allow(unused_mut)]
            #[allow(unused_labels, unused_variables)]
            ::core::result::Result::Err(mut slot) => match 'fields: {
                #[allow(unused_variables, unused_mut)]
                let mut heads = $crate::native::Head::fields(head);
                #[allow(unused_variables)]
                let whole = $crate::native::Slot::as_mut_ptr(&mut slot);
                $(
                    let $local = {
                        #[allow(unused_variables)]
                        let $heads = &mut heads;
                        // SAFETY: `whole` is valid for writing, so are its fields. They are
                        // aligned, since the struct is not packed.
                        let (field, $place) = unsafe {
                            let field = &raw mut (*whole).$field;
                            (field, $crate::native::Slot::new(field))
                        };
                        match $decode {
                            ::core::result::Result::Ok(filled) => {
                                ::core::assert!($crate::native::Filled::is_at(&filled, field));
                                filled
                            }
                            ::core::result::Result::Err(error) => {
                                break 'fields ::core::result::Result::Err((error, $index));
                            }
                        }
                    };
                )*
                // SAFETY: all fields are filled, and the whole takes them over.
                unsafe {
                    $( $crate::native::Filled::keep_in_parent($local); )*
                    ::core::result::Result::Ok($crate::native::Slot::assume_filled(slot))
                }
            } {
                ::core::result::Result::Ok(filled) => ::core::result::Result::Ok(filled),
                ::core::result::Result::Err(failed) => {
                    let ($error, $number): ($crate::Error, ::core::primitive::usize) = failed;
                    ::core::result::Result::Err($step)
                }
            },
        }
    }};
}

/// Takes a value apart, which compiles only when all its fields are named.
#[doc(hidden)]
#[macro_export]
macro_rules! __all_fields {
    (struct, $whole:ident, $($field:tt)*) => {{
        let Self { $($field: _,)* } = $whole;
        $( let _ = &$whole.$field; )*
    }};
    (tuple, $whole:ident, $($field:tt)*) => {{
        let ($($crate::__ignore!($field),)*) = $whole;
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __ignore {
    ($field:tt) => {
        _
    };
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

/// The image of a struct: there is one when its fields are images and lie in memory in order,
/// without padding.
#[doc(hidden)]
#[macro_export]
macro_rules! __image_struct {
    ($($field:tt: $type:ty,)*) => {{
        const fn in_order<T>(fields: &[(usize, usize, bool)], head: usize) -> bool {
            let (mut at, mut index) = (0, 0);
            while index < fields.len() {
                let (offset, size, image) = fields[index];
                if offset != at || !image {
                    return false;
                }
                at += size;
                index += 1;
            }
            at == head && at == ::core::mem::size_of::<T>() && at > 0
        }
        if in_order::<Self>(
            &[$((
                ::core::mem::offset_of!(Self, $field),
                ::core::mem::size_of::<$type>(),
                <$type as $crate::Layout>::IMAGE.is_some()
                    && <$type as $crate::Layout>::HEAD == ::core::mem::size_of::<$type>(),
            ),)*],
            <Self as $crate::Layout>::HEAD,
        ) {
            // SAFETY: the fields are images, cover the struct without padding, and lie in the
            // order in which they are encoded; the check asks each of them.
            unsafe {
                $crate::native::Image::new(|first, count, stride| {
                    true $(&& <$type as $crate::Layout>::IMAGE.check(
                        first.add(::core::mem::offset_of!(Self, $field)),
                        count,
                        stride,
                    ))*
                })
            }
        } else {
            $crate::native::Image::NONE
        }
    }};
}

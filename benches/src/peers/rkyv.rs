//! rkyv.

use std::cell::RefCell;

use super::Codec;

/// rkyv: validated access to the archive, then owned values.
pub struct Rkyv;

type RkyvError = ::rkyv::rancor::Error;

impl<T> Codec<T> for Rkyv
where
    T: ::rkyv::Archive
        + for<'a> ::rkyv::Serialize<
            ::rkyv::api::high::HighSerializer<
                ::rkyv::util::AlignedVec,
                ::rkyv::ser::allocator::ArenaHandle<'a>,
                RkyvError,
            >,
        >,
    T::Archived: for<'a> ::rkyv::bytecheck::CheckBytes<::rkyv::api::high::HighValidator<'a, RkyvError>>
        + ::rkyv::Deserialize<T, ::rkyv::api::high::HighDeserializer<RkyvError>>,
{
    fn name(&self) -> &'static str {
        "rkyv"
    }

    fn encode(&self, value: &T, out: &mut Vec<u8>) -> usize {
        thread_local! {
            static BUFFER: RefCell<::rkyv::util::AlignedVec> = RefCell::default();
        }
        BUFFER.with(|buffer| {
            let mut bytes = buffer.take();
            bytes.clear();
            let bytes = ::rkyv::api::high::to_bytes_in::<_, RkyvError>(value, bytes).unwrap();
            if out.is_empty() {
                out.extend_from_slice(&bytes);
            }
            let size = bytes.len();
            buffer.replace(bytes);
            size
        })
    }

    fn to_vec(&self, value: &T) -> Vec<u8> {
        ::rkyv::to_bytes::<RkyvError>(value).unwrap().into_vec()
    }

    fn decode(&self, bytes: &[u8]) -> T {
        // Archives are aligned; what comes from elsewhere is copied first, as here.
        thread_local! {
            static ALIGNED: RefCell<::rkyv::util::AlignedVec> = RefCell::default();
        }
        ALIGNED.with(|aligned| {
            let mut aligned = aligned.borrow_mut();
            if aligned.as_slice() != bytes {
                aligned.clear();
                aligned.extend_from_slice(bytes);
            }
            ::rkyv::from_bytes::<T, RkyvError>(&aligned).unwrap()
        })
    }
}

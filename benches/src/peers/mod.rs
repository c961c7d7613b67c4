//! One face for all codecs: encode into a reused buffer or a new vector, decode to owned values.

mod by_serde;
mod fory;
mod own;
mod pickle;
mod rkyv;

pub use self::fory::{Fory, Register};
pub use self::pickle::{Pickle, PickleBrief};
pub use self::rkyv::Rkyv;
pub use by_serde::{Json, MessagePack, Postcard};
pub use own::{Bincode, Bitcode, Borsh, Nanoserde, Savefile, Speedy, Wincode};

/// A codec for values of one type. Failure is a panic: every round trip must succeed.
pub trait Codec<T> {
    /// The crate's name.
    fn name(&self) -> &'static str;

    /// Encodes into `out`, whose former content is void; returns how many bytes it wrote.
    fn encode(&self, value: &T, out: &mut Vec<u8>) -> usize;

    /// Encodes into a new vector.
    fn to_vec(&self, value: &T) -> Vec<u8>;

    /// Decodes, with all checks that the crate has.
    fn decode(&self, bytes: &[u8]) -> T;
}

/// Every codec, ours first.
pub fn all<'a, T: Register>() -> Vec<Box<dyn Codec<T> + 'a>>
where
    Pickle: Codec<T>,
    PickleBrief: Codec<T>,
    Wincode: Codec<T>,
    Bitcode: Codec<T>,
    Rkyv: Codec<T>,
    Speedy: Codec<T>,
    Bincode: Codec<T>,
    Fory: Codec<T>,
    Borsh: Codec<T>,
    Nanoserde: Codec<T>,
    Savefile: Codec<T>,
    Postcard: Codec<T>,
    MessagePack: Codec<T>,
    Json: Codec<T>,
{
    vec![
        Box::new(Pickle),
        Box::new(PickleBrief::default()),
        Box::new(Wincode),
        Box::new(Bitcode::default()),
        Box::new(Rkyv),
        Box::new(Speedy),
        Box::new(Bincode),
        Box::new(Borsh),
        Box::new(Nanoserde),
        Box::new(Savefile),
        Box::new(Fory::of::<T>()),
        Box::new(Postcard),
        Box::new(MessagePack),
        Box::new(Json),
    ]
}

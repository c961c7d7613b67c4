//! Bridges to other frameworks' traits: modules for `#[pickle(with = module)]`.

/// Pickles a value through serde's traits: what `#[pickle(serde)]` stands for.
///
/// The state is MessagePack, which describes itself, so that every type of serde's can be read back.
/// See <https://github.com/msgpack/msgpack/blob/master/spec.md>.
#[cfg(feature = "serde")]
pub mod serde {
    use rmp_serde::Deserializer;
    use serde::Serialize;
    use serde::de::DeserializeOwned;

    use crate::limits::Limits;

    /// The value as MessagePack.
    ///
    /// # Errors
    /// When the value's `Serialize` refuses.
    pub fn getstate<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, rmp_serde::encode::Error> {
        rmp_serde::to_vec_named(value)
    }

    /// The value in MessagePack.
    ///
    /// # Errors
    /// When the bytes are no MessagePack, or the value's `Deserialize` refuses.
    pub fn setstate<T: DeserializeOwned>(state: Vec<u8>) -> Result<T, rmp_serde::decode::Error> {
        let mut deserializer = Deserializer::from_read_ref(&state);
        deserializer.set_max_depth(Limits::DEFAULT.max_depth as usize);
        T::deserialize(&mut deserializer)
    }
}

//! Apache Fory.

use ::fory::Serializer;

use super::Codec;
use crate::data::{log, mesh, minecraft, mk48, small};

/// Apache Fory in its format for Rust alone, without references.
pub struct Fory(::fory::Fory);

impl Fory {
    /// Told of the types in `T`.
    pub fn of<T: Register>() -> Self {
        let mut fory = ::fory::Fory::builder().xlang(false).compatible(false).build();
        T::register(&mut fory);
        Self(fory)
    }
}

/// Types that Fory is told of, with those in them.
pub trait Register {
    /// Registers the type by a number.
    fn register(fory: &mut ::fory::Fory);
}

macro_rules! register {
    ($($root:ty: $($number:literal => $part:ty),+;)+) => {$(
        impl Register for $root {
            fn register(fory: &mut ::fory::Fory) {
                fory.register::<$root>(1).unwrap();
                $(fory.register::<$part>($number).unwrap();)+
            }
        }
    )+};
}

register! {
    log::Logs: 2 => log::Log, 3 => log::Address;
    mesh::Mesh: 2 => mesh::Triangle, 3 => mesh::Vector3;
    minecraft::Players: 2 => minecraft::Player, 3 => minecraft::GameType, 4 => minecraft::Item,
        5 => minecraft::Abilities, 6 => minecraft::Entity, 7 => minecraft::RecipeBook;
    mk48::Updates: 2 => mk48::Update, 3 => mk48::Contact, 4 => mk48::TerrainUpdate,
        5 => mk48::EntityType, 6 => mk48::Guidance, 7 => mk48::Transform;
}

impl Register for small::Small {
    fn register(fory: &mut ::fory::Fory) {
        fory.register::<Self>(1).unwrap();
    }
}

impl<T: Register + Serializer<Target = T>> Codec<T> for Fory {
    fn name(&self) -> &'static str {
        "fory"
    }

    fn encode(&self, value: &T, out: &mut Vec<u8>) -> usize {
        out.clear();
        self.0.serialize_to(out, value).unwrap()
    }

    fn to_vec(&self, value: &T) -> Vec<u8> {
        self.0.serialize(value).unwrap()
    }

    fn decode(&self, bytes: &[u8]) -> T {
        self.0.deserialize(bytes).unwrap()
    }
}

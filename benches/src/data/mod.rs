//! The data sets of the `rust_serialization_benchmark` suite, made anew from their descriptions
//! (<https://github.com/djkoloski/rust_serialization_benchmark>).

pub mod graph;
pub mod log;
pub mod mesh;
pub mod minecraft;
pub mod minecraft_borrowed;
pub mod mk48;
pub mod small;

use rand::Rng;
use rand_pcg::Lcg64Xsh32;

/// The source of chance, anew for each set.
pub fn rng() -> Lcg64Xsh32 {
    Lcg64Xsh32::new(3_141_592_653, 5_897_932_384)
}

/// One of a list.
fn one_of<'a>(rng: &mut impl Rng, list: &[&'a str]) -> &'a str {
    list[rng.gen_range(0..list.len())]
}

/// As many values as a number drawn from a range.
fn some<R: Rng, T>(
    rng: &mut R,
    range: std::ops::Range<usize>,
    mut make: impl FnMut(&mut R) -> T,
) -> Vec<T> {
    let count = rng.gen_range(range);
    (0..count).map(|_| make(rng)).collect()
}

/// A value or none, as a coin falls.
fn maybe<R: Rng, T>(rng: &mut R, make: impl FnOnce(&mut R) -> T) -> Option<T> {
    rng.r#gen::<bool>().then(|| make(rng))
}

/// Declares types with the derives of all peers.
macro_rules! types {
    ($($item:item)*) => {$(
        #[derive(
            Clone, Debug, PartialEq,
            pickle::Pickle,
            bincode::Encode, bincode::Decode,
            bitcode::Encode, bitcode::Decode,
            borsh::BorshSerialize, borsh::BorshDeserialize,
            nanoserde::SerBin, nanoserde::DeBin,
            rkyv::Archive, rkyv::Serialize, rkyv::Deserialize,
            savefile_derive::Savefile,
            serde::Serialize, serde::Deserialize,
            speedy::Readable, speedy::Writable,
            wincode::SchemaRead, wincode::SchemaWrite,
        )]
        #[allow(missing_docs)]
        $item
    )*};
}
pub(crate) use types;

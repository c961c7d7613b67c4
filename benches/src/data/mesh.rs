//! 125 000 triangles: nothing but floats.

use rand::Rng;

use super::{rng, types};

types! {
    #[derive(fory::ForyStruct)]
    #[derive(Copy)]
    pub struct Vector3 {
        pub x: f32,
        pub y: f32,
        pub z: f32,
    }

    #[derive(fory::ForyStruct)]
    #[derive(Copy)]
    pub struct Triangle {
        pub v0: Vector3,
        pub v1: Vector3,
        pub v2: Vector3,
        pub normal: Vector3,
    }

    #[derive(fory::ForyStruct)]
    pub struct Mesh {
        pub triangles: Vec<Triangle>,
    }
}

/// The data set.
pub fn mesh() -> Mesh {
    let mut rng = rng();
    let mut vector = || Vector3 { x: rng.r#gen(), y: rng.r#gen(), z: rng.r#gen() };
    let triangle = |_| Triangle { v0: vector(), v1: vector(), v2: vector(), normal: vector() };
    Mesh { triangles: (0..125_000).map(triangle).collect() }
}

//! 1000 updates of a game's server: many small vectors and options.

use rand::Rng;

use super::{rng, some, types};

types! {
    #[derive(Default, fory::ForyEnum)]
    #[derive(Copy)]
    #[repr(u8)]
    pub enum EntityType {
        #[default]
        ArleighBurke,
        Bismarck,
        Clemenceau,
        Fletcher,
        G5,
        Iowa,
        Kolkata,
        Osa,
        Yasen,
        Zubr,
    }

    #[derive(fory::ForyStruct)]
    #[derive(Copy)]
    pub struct Transform {
        pub altitude: i8,
        pub angle: u16,
        pub position: (f32, f32),
        pub velocity: i16,
    }

    #[derive(fory::ForyStruct)]
    #[derive(Copy)]
    pub struct Guidance {
        pub angle: u16,
        pub submerge: bool,
        pub velocity: i16,
    }

    #[derive(fory::ForyStruct)]
    pub struct Contact {
        pub damage: u8,
        pub entity_id: u32,
        pub entity_type: Option<EntityType>,
        pub guidance: Guidance,
        pub player_id: Option<u16>,
        pub reloads: Vec<bool>,
        pub transform: Transform,
        pub turret_angles: Vec<u16>,
    }

    #[derive(fory::ForyStruct)]
    pub struct TerrainUpdate {
        pub chunk_id: (i8, i8),
        pub data: Vec<u8>,
    }

    #[derive(fory::ForyStruct)]
    pub struct Update {
        pub contacts: Vec<Contact>,
        pub score: u32,
        pub world_radius: f32,
        pub terrain_updates: Vec<TerrainUpdate>,
    }

    #[derive(fory::ForyStruct)]
    pub struct Updates {
        pub updates: Vec<Update>,
    }
}

/// The data set.
pub fn updates() -> Updates {
    let mut rng = rng();
    Updates { updates: (0..1000).map(|_| update(&mut rng)).collect() }
}

fn update(rng: &mut impl Rng) -> Update {
    Update {
        contacts: some(rng, 20..40, contact),
        score: rng.r#gen(),
        world_radius: rng.r#gen(),
        terrain_updates: some(rng, 3..10, terrain_update),
    }
}

fn entity_type(rng: &mut impl Rng) -> EntityType {
    use EntityType::*;
    const ALL: [EntityType; 10] =
        [ArleighBurke, Bismarck, Clemenceau, Fletcher, G5, Iowa, Kolkata, Osa, Yasen, Zubr];
    ALL[rng.gen_range(0..ALL.len())]
}

fn contact(rng: &mut impl Rng) -> Contact {
    let is_visible = rng.gen_bool(0.7);
    Contact {
        damage: rng.r#gen(),
        entity_id: rng.r#gen(),
        entity_type: is_visible.then(|| entity_type(rng)),
        guidance: Guidance { angle: rng.r#gen(), submerge: rng.r#gen(), velocity: rng.r#gen() },
        player_id: is_visible.then(|| rng.r#gen()),
        reloads: if is_visible { some(rng, 2..29, Rng::r#gen) } else { Vec::new() },
        transform: Transform {
            altitude: rng.r#gen(),
            angle: rng.r#gen(),
            position: rng.r#gen(),
            velocity: rng.r#gen(),
        },
        turret_angles: if is_visible { some(rng, 0..6, Rng::r#gen) } else { Vec::new() },
    }
}

fn terrain_update(rng: &mut impl Rng) -> TerrainUpdate {
    let size = if rng.gen_bool(0.02) { 900..1100 } else { 3..9 };
    TerrainUpdate { chunk_id: rng.r#gen(), data: some(rng, size, Rng::r#gen) }
}

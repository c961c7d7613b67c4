//! The saved players of [`minecraft`](super::minecraft), their text borrowed.

use super::minecraft::{Abilities, GameType};

/// Declares types with the derives of those who borrow.
macro_rules! borrowed {
    ($($item:item)*) => {$(
        #[derive(
            Clone, Debug, PartialEq,
            pickle::Pickle,
            bitcode::Encode, bitcode::Decode,
            wincode::SchemaRead, wincode::SchemaWrite,
        )]
        #[allow(missing_docs)]
        $item
    )*};
}

borrowed! {
    pub struct BorrowedItem<'a> {
        pub count: i8,
        pub slot: u8,
        pub id: &'a str,
    }

    pub struct BorrowedEntity<'a> {
        pub id: &'a str,
        pub pos: (f64, f64, f64),
        pub motion: (f64, f64, f64),
        pub rotation: (f32, f32),
        pub fall_distance: f32,
        pub fire: u16,
        pub air: u16,
        pub on_ground: bool,
        pub no_gravity: bool,
        pub invulnerable: bool,
        pub portal_cooldown: i32,
        pub uuid: [u32; 4],
        pub custom_name: Option<&'a str>,
        pub custom_name_visible: bool,
        pub silent: bool,
        pub glowing: bool,
    }

    pub struct BorrowedRecipeBook<'a> {
        pub recipes: Vec<&'a str>,
        pub to_be_displayed: Vec<&'a str>,
        pub is_filtering_craftable: bool,
        pub is_gui_open: bool,
        pub is_furnace_filtering_craftable: bool,
        pub is_furnace_gui_open: bool,
        pub is_blasting_furnace_filtering_craftable: bool,
        pub is_blasting_furnace_gui_open: bool,
        pub is_smoker_filtering_craftable: bool,
        pub is_smoker_gui_open: bool,
    }

    pub struct BorrowedPlayer<'a> {
        pub game_type: GameType,
        pub previous_game_type: GameType,
        pub score: i64,
        pub dimension: &'a str,
        pub selected_item_slot: u32,
        pub selected_item: BorrowedItem<'a>,
        pub spawn_dimension: Option<&'a str>,
        pub spawn_x: i64,
        pub spawn_y: i64,
        pub spawn_z: i64,
        pub spawn_forced: Option<bool>,
        pub sleep_timer: u16,
        pub food_exhaustion_level: f32,
        pub food_saturation_level: f32,
        pub food_tick_timer: u32,
        pub xp_level: u32,
        pub xp_p: f32,
        pub xp_total: i32,
        pub xp_seed: i32,
        pub inventory: Vec<BorrowedItem<'a>>,
        pub ender_items: Vec<BorrowedItem<'a>>,
        pub abilities: Abilities,
        pub entered_nether_position: Option<(f64, f64, f64)>,
        pub root_vehicle: Option<([u32; 4], BorrowedEntity<'a>)>,
        pub shoulder_entity_left: Option<BorrowedEntity<'a>>,
        pub shoulder_entity_right: Option<BorrowedEntity<'a>>,
        pub seen_credits: bool,
        pub recipe_book: BorrowedRecipeBook<'a>,
    }

    pub struct BorrowedPlayers<'a> {
        pub players: Vec<BorrowedPlayer<'a>>,
    }
}

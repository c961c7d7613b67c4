//! 500 saved players of a game: a bit of everything, nested.

use rand::Rng;

use super::{maybe, one_of, rng, some, types};

types! {
    #[derive(Default, fory::ForyEnum)]
    #[derive(Copy)]
    #[repr(u8)]
    pub enum GameType {
        #[default]
        Survival,
        Creative,
        Adventure,
        Spectator,
    }

    #[derive(fory::ForyStruct)]
    pub struct Item {
        pub count: i8,
        pub slot: u8,
        pub id: String,
    }

    #[derive(fory::ForyStruct)]
    #[derive(Copy)]
    pub struct Abilities {
        pub walk_speed: f32,
        pub fly_speed: f32,
        pub may_fly: bool,
        pub flying: bool,
        pub invulnerable: bool,
        pub may_build: bool,
        pub instabuild: bool,
    }

    #[derive(fory::ForyStruct)]
    pub struct Entity {
        pub id: String,
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
        pub custom_name: Option<String>,
        pub custom_name_visible: bool,
        pub silent: bool,
        pub glowing: bool,
    }

    #[derive(fory::ForyStruct)]
    pub struct RecipeBook {
        pub recipes: Vec<String>,
        pub to_be_displayed: Vec<String>,
        pub is_filtering_craftable: bool,
        pub is_gui_open: bool,
        pub is_furnace_filtering_craftable: bool,
        pub is_furnace_gui_open: bool,
        pub is_blasting_furnace_filtering_craftable: bool,
        pub is_blasting_furnace_gui_open: bool,
        pub is_smoker_filtering_craftable: bool,
        pub is_smoker_gui_open: bool,
    }

    #[derive(fory::ForyStruct)]
    pub struct Player {
        pub game_type: GameType,
        pub previous_game_type: GameType,
        pub score: i64,
        pub dimension: String,
        pub selected_item_slot: u32,
        pub selected_item: Item,
        pub spawn_dimension: Option<String>,
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
        pub inventory: Vec<Item>,
        pub ender_items: Vec<Item>,
        pub abilities: Abilities,
        pub entered_nether_position: Option<(f64, f64, f64)>,
        pub root_vehicle: Option<([u32; 4], Entity)>,
        pub shoulder_entity_left: Option<Entity>,
        pub shoulder_entity_right: Option<Entity>,
        pub seen_credits: bool,
        pub recipe_book: RecipeBook,
    }

    #[derive(fory::ForyStruct)]
    pub struct Players {
        pub players: Vec<Player>,
    }
}

/// The data set.
pub fn players() -> Players {
    let mut rng = rng();
    Players { players: (0..500).map(|_| player(&mut rng)).collect() }
}

fn game_type(rng: &mut impl Rng) -> GameType {
    use GameType::{Adventure, Creative, Spectator, Survival};
    [Survival, Creative, Adventure, Spectator][rng.gen_range(0..4)]
}

fn item(rng: &mut impl Rng) -> Item {
    const IDS: &[&str] =
        &["dirt", "stone", "pickaxe", "sand", "gravel", "shovel", "chestplate", "steak"];
    Item { count: rng.r#gen(), slot: rng.r#gen(), id: one_of(rng, IDS).to_owned() }
}

fn dimension(rng: &mut impl Rng) -> String {
    one_of(rng, &["overworld", "nether", "end"]).to_owned()
}

fn entity(rng: &mut impl Rng) -> Entity {
    const IDS: &[&str] =
        &["cow", "sheep", "zombie", "skeleton", "spider", "creeper", "parrot", "bee"];
    const NAMES: &[&str] =
        &["rainbow", "princess", "steve", "johnny", "missy", "coward", "fairy", "howard"];
    Entity {
        id: one_of(rng, IDS).to_owned(),
        pos: rng.r#gen(),
        motion: rng.r#gen(),
        rotation: rng.r#gen(),
        fall_distance: rng.r#gen(),
        fire: rng.r#gen(),
        air: rng.r#gen(),
        on_ground: rng.r#gen(),
        no_gravity: rng.r#gen(),
        invulnerable: rng.r#gen(),
        portal_cooldown: rng.r#gen(),
        uuid: rng.r#gen(),
        custom_name: maybe(rng, |rng| one_of(rng, NAMES).to_owned()),
        custom_name_visible: rng.r#gen(),
        silent: rng.r#gen(),
        glowing: rng.r#gen(),
    }
}

fn recipe(rng: &mut impl Rng) -> String {
    const RECIPES: &[&str] =
        &["pickaxe", "torch", "bow", "crafting table", "furnace", "shears", "arrow", "tnt"];
    one_of(rng, RECIPES).to_owned()
}

fn recipe_book(rng: &mut impl Rng) -> RecipeBook {
    RecipeBook {
        recipes: some(rng, 0..30, recipe),
        to_be_displayed: some(rng, 0..10, recipe),
        is_filtering_craftable: rng.r#gen(),
        is_gui_open: rng.r#gen(),
        is_furnace_filtering_craftable: rng.r#gen(),
        is_furnace_gui_open: rng.r#gen(),
        is_blasting_furnace_filtering_craftable: rng.r#gen(),
        is_blasting_furnace_gui_open: rng.r#gen(),
        is_smoker_filtering_craftable: rng.r#gen(),
        is_smoker_gui_open: rng.r#gen(),
    }
}

fn player(rng: &mut impl Rng) -> Player {
    Player {
        game_type: game_type(rng),
        previous_game_type: game_type(rng),
        score: rng.r#gen(),
        dimension: dimension(rng),
        selected_item_slot: rng.r#gen(),
        selected_item: item(rng),
        spawn_dimension: maybe(rng, dimension),
        spawn_x: rng.r#gen(),
        spawn_y: rng.r#gen(),
        spawn_z: rng.r#gen(),
        spawn_forced: maybe(rng, Rng::r#gen),
        sleep_timer: rng.r#gen(),
        food_exhaustion_level: rng.r#gen(),
        food_saturation_level: rng.r#gen(),
        food_tick_timer: rng.r#gen(),
        xp_level: rng.r#gen(),
        xp_p: rng.r#gen(),
        xp_total: rng.r#gen(),
        xp_seed: rng.r#gen(),
        inventory: some(rng, 0..40, item),
        ender_items: some(rng, 0..27, item),
        abilities: Abilities {
            walk_speed: rng.r#gen(),
            fly_speed: rng.r#gen(),
            may_fly: rng.r#gen(),
            flying: rng.r#gen(),
            invulnerable: rng.r#gen(),
            may_build: rng.r#gen(),
            instabuild: rng.r#gen(),
        },
        entered_nether_position: maybe(rng, Rng::r#gen),
        root_vehicle: maybe(rng, |rng| (rng.r#gen(), entity(rng))),
        shoulder_entity_left: maybe(rng, entity),
        shoulder_entity_right: maybe(rng, entity),
        seen_credits: rng.r#gen(),
        recipe_book: recipe_book(rng),
    }
}

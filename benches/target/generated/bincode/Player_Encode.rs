impl :: bincode :: Encode for Player
{
    fn encode < __E : :: bincode :: enc :: Encoder >
    (& self, encoder : & mut __E) ->core :: result :: Result < (), :: bincode
    :: error :: EncodeError >
    {
        :: bincode :: Encode :: encode(&self.game_type, encoder) ?; :: bincode
        :: Encode :: encode(&self.previous_game_type, encoder) ?; :: bincode
        :: Encode :: encode(&self.score, encoder) ?; :: bincode :: Encode ::
        encode(&self.dimension, encoder) ?; :: bincode :: Encode ::
        encode(&self.selected_item_slot, encoder) ?; :: bincode :: Encode ::
        encode(&self.selected_item, encoder) ?; :: bincode :: Encode ::
        encode(&self.spawn_dimension, encoder) ?; :: bincode :: Encode ::
        encode(&self.spawn_x, encoder) ?; :: bincode :: Encode ::
        encode(&self.spawn_y, encoder) ?; :: bincode :: Encode ::
        encode(&self.spawn_z, encoder) ?; :: bincode :: Encode ::
        encode(&self.spawn_forced, encoder) ?; :: bincode :: Encode ::
        encode(&self.sleep_timer, encoder) ?; :: bincode :: Encode ::
        encode(&self.food_exhaustion_level, encoder) ?; :: bincode :: Encode
        :: encode(&self.food_saturation_level, encoder) ?; :: bincode ::
        Encode :: encode(&self.food_tick_timer, encoder) ?; :: bincode ::
        Encode :: encode(&self.xp_level, encoder) ?; :: bincode :: Encode ::
        encode(&self.xp_p, encoder) ?; :: bincode :: Encode ::
        encode(&self.xp_total, encoder) ?; :: bincode :: Encode ::
        encode(&self.xp_seed, encoder) ?; :: bincode :: Encode ::
        encode(&self.inventory, encoder) ?; :: bincode :: Encode ::
        encode(&self.ender_items, encoder) ?; :: bincode :: Encode ::
        encode(&self.abilities, encoder) ?; :: bincode :: Encode ::
        encode(&self.entered_nether_position, encoder) ?; :: bincode :: Encode
        :: encode(&self.root_vehicle, encoder) ?; :: bincode :: Encode ::
        encode(&self.shoulder_entity_left, encoder) ?; :: bincode :: Encode ::
        encode(&self.shoulder_entity_right, encoder) ?; :: bincode :: Encode
        :: encode(&self.seen_credits, encoder) ?; :: bincode :: Encode ::
        encode(&self.recipe_book, encoder) ?; core :: result :: Result ::
        Ok(())
    }
}
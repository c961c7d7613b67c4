impl :: bincode :: Encode for RecipeBook
{
    fn encode < __E : :: bincode :: enc :: Encoder >
    (& self, encoder : & mut __E) ->core :: result :: Result < (), :: bincode
    :: error :: EncodeError >
    {
        :: bincode :: Encode :: encode(&self.recipes, encoder) ?; :: bincode
        :: Encode :: encode(&self.to_be_displayed, encoder) ?; :: bincode ::
        Encode :: encode(&self.is_filtering_craftable, encoder) ?; :: bincode
        :: Encode :: encode(&self.is_gui_open, encoder) ?; :: bincode ::
        Encode :: encode(&self.is_furnace_filtering_craftable, encoder) ?; ::
        bincode :: Encode :: encode(&self.is_furnace_gui_open, encoder) ?; ::
        bincode :: Encode ::
        encode(&self.is_blasting_furnace_filtering_craftable, encoder) ?; ::
        bincode :: Encode ::
        encode(&self.is_blasting_furnace_gui_open, encoder) ?; :: bincode ::
        Encode :: encode(&self.is_smoker_filtering_craftable, encoder) ?; ::
        bincode :: Encode :: encode(&self.is_smoker_gui_open, encoder) ?; core
        :: result :: Result :: Ok(())
    }
}
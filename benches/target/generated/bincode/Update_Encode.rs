impl :: bincode :: Encode for Update
{
    fn encode < __E : :: bincode :: enc :: Encoder >
    (& self, encoder : & mut __E) ->core :: result :: Result < (), :: bincode
    :: error :: EncodeError >
    {
        :: bincode :: Encode :: encode(&self.contacts, encoder) ?; :: bincode
        :: Encode :: encode(&self.score, encoder) ?; :: bincode :: Encode ::
        encode(&self.world_radius, encoder) ?; :: bincode :: Encode ::
        encode(&self.terrain_updates, encoder) ?; core :: result :: Result ::
        Ok(())
    }
}
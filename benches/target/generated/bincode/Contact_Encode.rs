impl :: bincode :: Encode for Contact
{
    fn encode < __E : :: bincode :: enc :: Encoder >
    (& self, encoder : & mut __E) ->core :: result :: Result < (), :: bincode
    :: error :: EncodeError >
    {
        :: bincode :: Encode :: encode(&self.damage, encoder) ?; :: bincode ::
        Encode :: encode(&self.entity_id, encoder) ?; :: bincode :: Encode ::
        encode(&self.entity_type, encoder) ?; :: bincode :: Encode ::
        encode(&self.guidance, encoder) ?; :: bincode :: Encode ::
        encode(&self.player_id, encoder) ?; :: bincode :: Encode ::
        encode(&self.reloads, encoder) ?; :: bincode :: Encode ::
        encode(&self.transform, encoder) ?; :: bincode :: Encode ::
        encode(&self.turret_angles, encoder) ?; core :: result :: Result ::
        Ok(())
    }
}
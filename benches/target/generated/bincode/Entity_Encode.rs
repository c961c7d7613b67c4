impl :: bincode :: Encode for Entity
{
    fn encode < __E : :: bincode :: enc :: Encoder >
    (& self, encoder : & mut __E) ->core :: result :: Result < (), :: bincode
    :: error :: EncodeError >
    {
        :: bincode :: Encode :: encode(&self.id, encoder) ?; :: bincode ::
        Encode :: encode(&self.pos, encoder) ?; :: bincode :: Encode ::
        encode(&self.motion, encoder) ?; :: bincode :: Encode ::
        encode(&self.rotation, encoder) ?; :: bincode :: Encode ::
        encode(&self.fall_distance, encoder) ?; :: bincode :: Encode ::
        encode(&self.fire, encoder) ?; :: bincode :: Encode ::
        encode(&self.air, encoder) ?; :: bincode :: Encode ::
        encode(&self.on_ground, encoder) ?; :: bincode :: Encode ::
        encode(&self.no_gravity, encoder) ?; :: bincode :: Encode ::
        encode(&self.invulnerable, encoder) ?; :: bincode :: Encode ::
        encode(&self.portal_cooldown, encoder) ?; :: bincode :: Encode ::
        encode(&self.uuid, encoder) ?; :: bincode :: Encode ::
        encode(&self.custom_name, encoder) ?; :: bincode :: Encode ::
        encode(&self.custom_name_visible, encoder) ?; :: bincode :: Encode ::
        encode(&self.silent, encoder) ?; :: bincode :: Encode ::
        encode(&self.glowing, encoder) ?; core :: result :: Result :: Ok(())
    }
}
impl :: bincode :: Encode for Abilities
{
    fn encode < __E : :: bincode :: enc :: Encoder >
    (& self, encoder : & mut __E) ->core :: result :: Result < (), :: bincode
    :: error :: EncodeError >
    {
        :: bincode :: Encode :: encode(&self.walk_speed, encoder) ?; ::
        bincode :: Encode :: encode(&self.fly_speed, encoder) ?; :: bincode ::
        Encode :: encode(&self.may_fly, encoder) ?; :: bincode :: Encode ::
        encode(&self.flying, encoder) ?; :: bincode :: Encode ::
        encode(&self.invulnerable, encoder) ?; :: bincode :: Encode ::
        encode(&self.may_build, encoder) ?; :: bincode :: Encode ::
        encode(&self.instabuild, encoder) ?; core :: result :: Result ::
        Ok(())
    }
}
impl :: bincode :: Encode for Transform
{
    fn encode < __E : :: bincode :: enc :: Encoder >
    (& self, encoder : & mut __E) ->core :: result :: Result < (), :: bincode
    :: error :: EncodeError >
    {
        :: bincode :: Encode :: encode(&self.altitude, encoder) ?; :: bincode
        :: Encode :: encode(&self.angle, encoder) ?; :: bincode :: Encode ::
        encode(&self.position, encoder) ?; :: bincode :: Encode ::
        encode(&self.velocity, encoder) ?; core :: result :: Result :: Ok(())
    }
}
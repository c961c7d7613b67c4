impl :: bincode :: Encode for Vector3
{
    fn encode < __E : :: bincode :: enc :: Encoder >
    (& self, encoder : & mut __E) ->core :: result :: Result < (), :: bincode
    :: error :: EncodeError >
    {
        :: bincode :: Encode :: encode(&self.x, encoder) ?; :: bincode ::
        Encode :: encode(&self.y, encoder) ?; :: bincode :: Encode ::
        encode(&self.z, encoder) ?; core :: result :: Result :: Ok(())
    }
}
impl :: bincode :: Encode for Triangle
{
    fn encode < __E : :: bincode :: enc :: Encoder >
    (& self, encoder : & mut __E) ->core :: result :: Result < (), :: bincode
    :: error :: EncodeError >
    {
        :: bincode :: Encode :: encode(&self.v0, encoder) ?; :: bincode ::
        Encode :: encode(&self.v1, encoder) ?; :: bincode :: Encode ::
        encode(&self.v2, encoder) ?; :: bincode :: Encode ::
        encode(&self.normal, encoder) ?; core :: result :: Result :: Ok(())
    }
}
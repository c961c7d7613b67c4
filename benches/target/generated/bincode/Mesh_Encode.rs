impl :: bincode :: Encode for Mesh
{
    fn encode < __E : :: bincode :: enc :: Encoder >
    (& self, encoder : & mut __E) ->core :: result :: Result < (), :: bincode
    :: error :: EncodeError >
    {
        :: bincode :: Encode :: encode(&self.triangles, encoder) ?; core ::
        result :: Result :: Ok(())
    }
}
impl :: bincode :: Encode for TerrainUpdate
{
    fn encode < __E : :: bincode :: enc :: Encoder >
    (& self, encoder : & mut __E) ->core :: result :: Result < (), :: bincode
    :: error :: EncodeError >
    {
        :: bincode :: Encode :: encode(&self.chunk_id, encoder) ?; :: bincode
        :: Encode :: encode(&self.data, encoder) ?; core :: result :: Result
        :: Ok(())
    }
}
impl :: bincode :: Encode for Item
{
    fn encode < __E : :: bincode :: enc :: Encoder >
    (& self, encoder : & mut __E) ->core :: result :: Result < (), :: bincode
    :: error :: EncodeError >
    {
        :: bincode :: Encode :: encode(&self.count, encoder) ?; :: bincode ::
        Encode :: encode(&self.slot, encoder) ?; :: bincode :: Encode ::
        encode(&self.id, encoder) ?; core :: result :: Result :: Ok(())
    }
}
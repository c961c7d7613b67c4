impl :: bincode :: Encode for Updates
{
    fn encode < __E : :: bincode :: enc :: Encoder >
    (& self, encoder : & mut __E) ->core :: result :: Result < (), :: bincode
    :: error :: EncodeError >
    {
        :: bincode :: Encode :: encode(&self.updates, encoder) ?; core ::
        result :: Result :: Ok(())
    }
}
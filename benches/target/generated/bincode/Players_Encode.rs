impl :: bincode :: Encode for Players
{
    fn encode < __E : :: bincode :: enc :: Encoder >
    (& self, encoder : & mut __E) ->core :: result :: Result < (), :: bincode
    :: error :: EncodeError >
    {
        :: bincode :: Encode :: encode(&self.players, encoder) ?; core ::
        result :: Result :: Ok(())
    }
}
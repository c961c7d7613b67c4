impl :: bincode :: Encode for Logs
{
    fn encode < __E : :: bincode :: enc :: Encoder >
    (& self, encoder : & mut __E) ->core :: result :: Result < (), :: bincode
    :: error :: EncodeError >
    {
        :: bincode :: Encode :: encode(&self.logs, encoder) ?; core :: result
        :: Result :: Ok(())
    }
}
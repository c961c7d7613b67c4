impl < __Context > :: bincode :: Decode < __Context > for Update
{
    fn decode < __D : :: bincode :: de :: Decoder < Context = __Context > >
    (decoder : & mut __D) ->core :: result :: Result < Self, :: bincode ::
    error :: DecodeError >
    {
        core :: result :: Result ::
        Ok(Self
        {
            contacts : :: bincode :: Decode :: decode(decoder) ?, score : ::
            bincode :: Decode :: decode(decoder) ?, world_radius : :: bincode
            :: Decode :: decode(decoder) ?, terrain_updates : :: bincode ::
            Decode :: decode(decoder) ?,
        })
    }
} impl < '__de, __Context > :: bincode :: BorrowDecode < '__de, __Context >
for Update
{
    fn borrow_decode < __D : :: bincode :: de :: BorrowDecoder < '__de,
    Context = __Context > > (decoder : & mut __D) ->core :: result :: Result <
    Self, :: bincode :: error :: DecodeError >
    {
        core :: result :: Result ::
        Ok(Self
        {
            contacts : :: bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, score : :: bincode :: BorrowDecode ::<
            '_, __Context >:: borrow_decode(decoder) ?, world_radius : ::
            bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, terrain_updates : :: bincode ::
            BorrowDecode ::< '_, __Context >:: borrow_decode(decoder) ?,
        })
    }
}
impl < __Context > :: bincode :: Decode < __Context > for Contact
{
    fn decode < __D : :: bincode :: de :: Decoder < Context = __Context > >
    (decoder : & mut __D) ->core :: result :: Result < Self, :: bincode ::
    error :: DecodeError >
    {
        core :: result :: Result ::
        Ok(Self
        {
            damage : :: bincode :: Decode :: decode(decoder) ?, entity_id : ::
            bincode :: Decode :: decode(decoder) ?, entity_type : :: bincode
            :: Decode :: decode(decoder) ?, guidance : :: bincode :: Decode ::
            decode(decoder) ?, player_id : :: bincode :: Decode ::
            decode(decoder) ?, reloads : :: bincode :: Decode ::
            decode(decoder) ?, transform : :: bincode :: Decode ::
            decode(decoder) ?, turret_angles : :: bincode :: Decode ::
            decode(decoder) ?,
        })
    }
} impl < '__de, __Context > :: bincode :: BorrowDecode < '__de, __Context >
for Contact
{
    fn borrow_decode < __D : :: bincode :: de :: BorrowDecoder < '__de,
    Context = __Context > > (decoder : & mut __D) ->core :: result :: Result <
    Self, :: bincode :: error :: DecodeError >
    {
        core :: result :: Result ::
        Ok(Self
        {
            damage : :: bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, entity_id : :: bincode :: BorrowDecode
            ::< '_, __Context >:: borrow_decode(decoder) ?, entity_type : ::
            bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, guidance : :: bincode :: BorrowDecode
            ::< '_, __Context >:: borrow_decode(decoder) ?, player_id : ::
            bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, reloads : :: bincode :: BorrowDecode ::<
            '_, __Context >:: borrow_decode(decoder) ?, transform : :: bincode
            :: BorrowDecode ::< '_, __Context >:: borrow_decode(decoder) ?,
            turret_angles : :: bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?,
        })
    }
}
impl < __Context > :: bincode :: Decode < __Context > for Abilities
{
    fn decode < __D : :: bincode :: de :: Decoder < Context = __Context > >
    (decoder : & mut __D) ->core :: result :: Result < Self, :: bincode ::
    error :: DecodeError >
    {
        core :: result :: Result ::
        Ok(Self
        {
            walk_speed : :: bincode :: Decode :: decode(decoder) ?, fly_speed
            : :: bincode :: Decode :: decode(decoder) ?, may_fly : :: bincode
            :: Decode :: decode(decoder) ?, flying : :: bincode :: Decode ::
            decode(decoder) ?, invulnerable : :: bincode :: Decode ::
            decode(decoder) ?, may_build : :: bincode :: Decode ::
            decode(decoder) ?, instabuild : :: bincode :: Decode ::
            decode(decoder) ?,
        })
    }
} impl < '__de, __Context > :: bincode :: BorrowDecode < '__de, __Context >
for Abilities
{
    fn borrow_decode < __D : :: bincode :: de :: BorrowDecoder < '__de,
    Context = __Context > > (decoder : & mut __D) ->core :: result :: Result <
    Self, :: bincode :: error :: DecodeError >
    {
        core :: result :: Result ::
        Ok(Self
        {
            walk_speed : :: bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, fly_speed : :: bincode :: BorrowDecode
            ::< '_, __Context >:: borrow_decode(decoder) ?, may_fly : ::
            bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, flying : :: bincode :: BorrowDecode ::<
            '_, __Context >:: borrow_decode(decoder) ?, invulnerable : ::
            bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, may_build : :: bincode :: BorrowDecode
            ::< '_, __Context >:: borrow_decode(decoder) ?, instabuild : ::
            bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?,
        })
    }
}
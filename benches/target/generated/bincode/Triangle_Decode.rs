impl < __Context > :: bincode :: Decode < __Context > for Triangle
{
    fn decode < __D : :: bincode :: de :: Decoder < Context = __Context > >
    (decoder : & mut __D) ->core :: result :: Result < Self, :: bincode ::
    error :: DecodeError >
    {
        core :: result :: Result ::
        Ok(Self
        {
            v0 : :: bincode :: Decode :: decode(decoder) ?, v1 : :: bincode ::
            Decode :: decode(decoder) ?, v2 : :: bincode :: Decode ::
            decode(decoder) ?, normal : :: bincode :: Decode ::
            decode(decoder) ?,
        })
    }
} impl < '__de, __Context > :: bincode :: BorrowDecode < '__de, __Context >
for Triangle
{
    fn borrow_decode < __D : :: bincode :: de :: BorrowDecoder < '__de,
    Context = __Context > > (decoder : & mut __D) ->core :: result :: Result <
    Self, :: bincode :: error :: DecodeError >
    {
        core :: result :: Result ::
        Ok(Self
        {
            v0 : :: bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, v1 : :: bincode :: BorrowDecode ::< '_,
            __Context >:: borrow_decode(decoder) ?, v2 : :: bincode ::
            BorrowDecode ::< '_, __Context >:: borrow_decode(decoder) ?,
            normal : :: bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?,
        })
    }
}
impl < __Context > :: bincode :: Decode < __Context > for Vector3
{
    fn decode < __D : :: bincode :: de :: Decoder < Context = __Context > >
    (decoder : & mut __D) ->core :: result :: Result < Self, :: bincode ::
    error :: DecodeError >
    {
        core :: result :: Result ::
        Ok(Self
        {
            x : :: bincode :: Decode :: decode(decoder) ?, y : :: bincode ::
            Decode :: decode(decoder) ?, z : :: bincode :: Decode ::
            decode(decoder) ?,
        })
    }
} impl < '__de, __Context > :: bincode :: BorrowDecode < '__de, __Context >
for Vector3
{
    fn borrow_decode < __D : :: bincode :: de :: BorrowDecoder < '__de,
    Context = __Context > > (decoder : & mut __D) ->core :: result :: Result <
    Self, :: bincode :: error :: DecodeError >
    {
        core :: result :: Result ::
        Ok(Self
        {
            x : :: bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, y : :: bincode :: BorrowDecode ::< '_,
            __Context >:: borrow_decode(decoder) ?, z : :: bincode ::
            BorrowDecode ::< '_, __Context >:: borrow_decode(decoder) ?,
        })
    }
}
impl < __Context > :: bincode :: Decode < __Context > for Address
{
    fn decode < __D : :: bincode :: de :: Decoder < Context = __Context > >
    (decoder : & mut __D) ->core :: result :: Result < Self, :: bincode ::
    error :: DecodeError >
    {
        core :: result :: Result ::
        Ok(Self
        {
            x0 : :: bincode :: Decode :: decode(decoder) ?, x1 : :: bincode ::
            Decode :: decode(decoder) ?, x2 : :: bincode :: Decode ::
            decode(decoder) ?, x3 : :: bincode :: Decode :: decode(decoder) ?,
        })
    }
} impl < '__de, __Context > :: bincode :: BorrowDecode < '__de, __Context >
for Address
{
    fn borrow_decode < __D : :: bincode :: de :: BorrowDecoder < '__de,
    Context = __Context > > (decoder : & mut __D) ->core :: result :: Result <
    Self, :: bincode :: error :: DecodeError >
    {
        core :: result :: Result ::
        Ok(Self
        {
            x0 : :: bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, x1 : :: bincode :: BorrowDecode ::< '_,
            __Context >:: borrow_decode(decoder) ?, x2 : :: bincode ::
            BorrowDecode ::< '_, __Context >:: borrow_decode(decoder) ?, x3 :
            :: bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?,
        })
    }
}
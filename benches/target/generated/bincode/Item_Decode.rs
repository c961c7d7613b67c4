impl < __Context > :: bincode :: Decode < __Context > for Item
{
    fn decode < __D : :: bincode :: de :: Decoder < Context = __Context > >
    (decoder : & mut __D) ->core :: result :: Result < Self, :: bincode ::
    error :: DecodeError >
    {
        core :: result :: Result ::
        Ok(Self
        {
            count : :: bincode :: Decode :: decode(decoder) ?, slot : ::
            bincode :: Decode :: decode(decoder) ?, id : :: bincode :: Decode
            :: decode(decoder) ?,
        })
    }
} impl < '__de, __Context > :: bincode :: BorrowDecode < '__de, __Context >
for Item
{
    fn borrow_decode < __D : :: bincode :: de :: BorrowDecoder < '__de,
    Context = __Context > > (decoder : & mut __D) ->core :: result :: Result <
    Self, :: bincode :: error :: DecodeError >
    {
        core :: result :: Result ::
        Ok(Self
        {
            count : :: bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, slot : :: bincode :: BorrowDecode ::<
            '_, __Context >:: borrow_decode(decoder) ?, id : :: bincode ::
            BorrowDecode ::< '_, __Context >:: borrow_decode(decoder) ?,
        })
    }
}
impl < __Context > :: bincode :: Decode < __Context > for Guidance
{
    fn decode < __D : :: bincode :: de :: Decoder < Context = __Context > >
    (decoder : & mut __D) ->core :: result :: Result < Self, :: bincode ::
    error :: DecodeError >
    {
        core :: result :: Result ::
        Ok(Self
        {
            angle : :: bincode :: Decode :: decode(decoder) ?, submerge : ::
            bincode :: Decode :: decode(decoder) ?, velocity : :: bincode ::
            Decode :: decode(decoder) ?,
        })
    }
} impl < '__de, __Context > :: bincode :: BorrowDecode < '__de, __Context >
for Guidance
{
    fn borrow_decode < __D : :: bincode :: de :: BorrowDecoder < '__de,
    Context = __Context > > (decoder : & mut __D) ->core :: result :: Result <
    Self, :: bincode :: error :: DecodeError >
    {
        core :: result :: Result ::
        Ok(Self
        {
            angle : :: bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, submerge : :: bincode :: BorrowDecode
            ::< '_, __Context >:: borrow_decode(decoder) ?, velocity : ::
            bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?,
        })
    }
}
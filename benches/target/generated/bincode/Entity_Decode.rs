impl < __Context > :: bincode :: Decode < __Context > for Entity
{
    fn decode < __D : :: bincode :: de :: Decoder < Context = __Context > >
    (decoder : & mut __D) ->core :: result :: Result < Self, :: bincode ::
    error :: DecodeError >
    {
        core :: result :: Result ::
        Ok(Self
        {
            id : :: bincode :: Decode :: decode(decoder) ?, pos : :: bincode
            :: Decode :: decode(decoder) ?, motion : :: bincode :: Decode ::
            decode(decoder) ?, rotation : :: bincode :: Decode ::
            decode(decoder) ?, fall_distance : :: bincode :: Decode ::
            decode(decoder) ?, fire : :: bincode :: Decode :: decode(decoder)
            ?, air : :: bincode :: Decode :: decode(decoder) ?, on_ground : ::
            bincode :: Decode :: decode(decoder) ?, no_gravity : :: bincode ::
            Decode :: decode(decoder) ?, invulnerable : :: bincode :: Decode
            :: decode(decoder) ?, portal_cooldown : :: bincode :: Decode ::
            decode(decoder) ?, uuid : :: bincode :: Decode :: decode(decoder)
            ?, custom_name : :: bincode :: Decode :: decode(decoder) ?,
            custom_name_visible : :: bincode :: Decode :: decode(decoder) ?,
            silent : :: bincode :: Decode :: decode(decoder) ?, glowing : ::
            bincode :: Decode :: decode(decoder) ?,
        })
    }
} impl < '__de, __Context > :: bincode :: BorrowDecode < '__de, __Context >
for Entity
{
    fn borrow_decode < __D : :: bincode :: de :: BorrowDecoder < '__de,
    Context = __Context > > (decoder : & mut __D) ->core :: result :: Result <
    Self, :: bincode :: error :: DecodeError >
    {
        core :: result :: Result ::
        Ok(Self
        {
            id : :: bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, pos : :: bincode :: BorrowDecode ::< '_,
            __Context >:: borrow_decode(decoder) ?, motion : :: bincode ::
            BorrowDecode ::< '_, __Context >:: borrow_decode(decoder) ?,
            rotation : :: bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, fall_distance : :: bincode ::
            BorrowDecode ::< '_, __Context >:: borrow_decode(decoder) ?, fire
            : :: bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, air : :: bincode :: BorrowDecode ::< '_,
            __Context >:: borrow_decode(decoder) ?, on_ground : :: bincode ::
            BorrowDecode ::< '_, __Context >:: borrow_decode(decoder) ?,
            no_gravity : :: bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, invulnerable : :: bincode ::
            BorrowDecode ::< '_, __Context >:: borrow_decode(decoder) ?,
            portal_cooldown : :: bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, uuid : :: bincode :: BorrowDecode ::<
            '_, __Context >:: borrow_decode(decoder) ?, custom_name : ::
            bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, custom_name_visible : :: bincode ::
            BorrowDecode ::< '_, __Context >:: borrow_decode(decoder) ?,
            silent : :: bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, glowing : :: bincode :: BorrowDecode ::<
            '_, __Context >:: borrow_decode(decoder) ?,
        })
    }
}
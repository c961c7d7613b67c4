impl < __Context > :: bincode :: Decode < __Context > for RecipeBook
{
    fn decode < __D : :: bincode :: de :: Decoder < Context = __Context > >
    (decoder : & mut __D) ->core :: result :: Result < Self, :: bincode ::
    error :: DecodeError >
    {
        core :: result :: Result ::
        Ok(Self
        {
            recipes : :: bincode :: Decode :: decode(decoder) ?,
            to_be_displayed : :: bincode :: Decode :: decode(decoder) ?,
            is_filtering_craftable : :: bincode :: Decode :: decode(decoder)
            ?, is_gui_open : :: bincode :: Decode :: decode(decoder) ?,
            is_furnace_filtering_craftable : :: bincode :: Decode ::
            decode(decoder) ?, is_furnace_gui_open : :: bincode :: Decode ::
            decode(decoder) ?, is_blasting_furnace_filtering_craftable : ::
            bincode :: Decode :: decode(decoder) ?,
            is_blasting_furnace_gui_open : :: bincode :: Decode ::
            decode(decoder) ?, is_smoker_filtering_craftable : :: bincode ::
            Decode :: decode(decoder) ?, is_smoker_gui_open : :: bincode ::
            Decode :: decode(decoder) ?,
        })
    }
} impl < '__de, __Context > :: bincode :: BorrowDecode < '__de, __Context >
for RecipeBook
{
    fn borrow_decode < __D : :: bincode :: de :: BorrowDecoder < '__de,
    Context = __Context > > (decoder : & mut __D) ->core :: result :: Result <
    Self, :: bincode :: error :: DecodeError >
    {
        core :: result :: Result ::
        Ok(Self
        {
            recipes : :: bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, to_be_displayed : :: bincode ::
            BorrowDecode ::< '_, __Context >:: borrow_decode(decoder) ?,
            is_filtering_craftable : :: bincode :: BorrowDecode ::< '_,
            __Context >:: borrow_decode(decoder) ?, is_gui_open : :: bincode
            :: BorrowDecode ::< '_, __Context >:: borrow_decode(decoder) ?,
            is_furnace_filtering_craftable : :: bincode :: BorrowDecode ::<
            '_, __Context >:: borrow_decode(decoder) ?, is_furnace_gui_open :
            :: bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, is_blasting_furnace_filtering_craftable
            : :: bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, is_blasting_furnace_gui_open : ::
            bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, is_smoker_filtering_craftable : ::
            bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, is_smoker_gui_open : :: bincode ::
            BorrowDecode ::< '_, __Context >:: borrow_decode(decoder) ?,
        })
    }
}
impl < __Context > :: bincode :: Decode < __Context > for Player
{
    fn decode < __D : :: bincode :: de :: Decoder < Context = __Context > >
    (decoder : & mut __D) ->core :: result :: Result < Self, :: bincode ::
    error :: DecodeError >
    {
        core :: result :: Result ::
        Ok(Self
        {
            game_type : :: bincode :: Decode :: decode(decoder) ?,
            previous_game_type : :: bincode :: Decode :: decode(decoder) ?,
            score : :: bincode :: Decode :: decode(decoder) ?, dimension : ::
            bincode :: Decode :: decode(decoder) ?, selected_item_slot : ::
            bincode :: Decode :: decode(decoder) ?, selected_item : :: bincode
            :: Decode :: decode(decoder) ?, spawn_dimension : :: bincode ::
            Decode :: decode(decoder) ?, spawn_x : :: bincode :: Decode ::
            decode(decoder) ?, spawn_y : :: bincode :: Decode ::
            decode(decoder) ?, spawn_z : :: bincode :: Decode ::
            decode(decoder) ?, spawn_forced : :: bincode :: Decode ::
            decode(decoder) ?, sleep_timer : :: bincode :: Decode ::
            decode(decoder) ?, food_exhaustion_level : :: bincode :: Decode ::
            decode(decoder) ?, food_saturation_level : :: bincode :: Decode ::
            decode(decoder) ?, food_tick_timer : :: bincode :: Decode ::
            decode(decoder) ?, xp_level : :: bincode :: Decode ::
            decode(decoder) ?, xp_p : :: bincode :: Decode :: decode(decoder)
            ?, xp_total : :: bincode :: Decode :: decode(decoder) ?, xp_seed :
            :: bincode :: Decode :: decode(decoder) ?, inventory : :: bincode
            :: Decode :: decode(decoder) ?, ender_items : :: bincode :: Decode
            :: decode(decoder) ?, abilities : :: bincode :: Decode ::
            decode(decoder) ?, entered_nether_position : :: bincode :: Decode
            :: decode(decoder) ?, root_vehicle : :: bincode :: Decode ::
            decode(decoder) ?, shoulder_entity_left : :: bincode :: Decode ::
            decode(decoder) ?, shoulder_entity_right : :: bincode :: Decode ::
            decode(decoder) ?, seen_credits : :: bincode :: Decode ::
            decode(decoder) ?, recipe_book : :: bincode :: Decode ::
            decode(decoder) ?,
        })
    }
} impl < '__de, __Context > :: bincode :: BorrowDecode < '__de, __Context >
for Player
{
    fn borrow_decode < __D : :: bincode :: de :: BorrowDecoder < '__de,
    Context = __Context > > (decoder : & mut __D) ->core :: result :: Result <
    Self, :: bincode :: error :: DecodeError >
    {
        core :: result :: Result ::
        Ok(Self
        {
            game_type : :: bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, previous_game_type : :: bincode ::
            BorrowDecode ::< '_, __Context >:: borrow_decode(decoder) ?, score
            : :: bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, dimension : :: bincode :: BorrowDecode
            ::< '_, __Context >:: borrow_decode(decoder) ?, selected_item_slot
            : :: bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, selected_item : :: bincode ::
            BorrowDecode ::< '_, __Context >:: borrow_decode(decoder) ?,
            spawn_dimension : :: bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, spawn_x : :: bincode :: BorrowDecode ::<
            '_, __Context >:: borrow_decode(decoder) ?, spawn_y : :: bincode
            :: BorrowDecode ::< '_, __Context >:: borrow_decode(decoder) ?,
            spawn_z : :: bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, spawn_forced : :: bincode ::
            BorrowDecode ::< '_, __Context >:: borrow_decode(decoder) ?,
            sleep_timer : :: bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, food_exhaustion_level : :: bincode ::
            BorrowDecode ::< '_, __Context >:: borrow_decode(decoder) ?,
            food_saturation_level : :: bincode :: BorrowDecode ::< '_,
            __Context >:: borrow_decode(decoder) ?, food_tick_timer : ::
            bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, xp_level : :: bincode :: BorrowDecode
            ::< '_, __Context >:: borrow_decode(decoder) ?, xp_p : :: bincode
            :: BorrowDecode ::< '_, __Context >:: borrow_decode(decoder) ?,
            xp_total : :: bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, xp_seed : :: bincode :: BorrowDecode ::<
            '_, __Context >:: borrow_decode(decoder) ?, inventory : :: bincode
            :: BorrowDecode ::< '_, __Context >:: borrow_decode(decoder) ?,
            ender_items : :: bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, abilities : :: bincode :: BorrowDecode
            ::< '_, __Context >:: borrow_decode(decoder) ?,
            entered_nether_position : :: bincode :: BorrowDecode ::< '_,
            __Context >:: borrow_decode(decoder) ?, root_vehicle : :: bincode
            :: BorrowDecode ::< '_, __Context >:: borrow_decode(decoder) ?,
            shoulder_entity_left : :: bincode :: BorrowDecode ::< '_,
            __Context >:: borrow_decode(decoder) ?, shoulder_entity_right : ::
            bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, seen_credits : :: bincode ::
            BorrowDecode ::< '_, __Context >:: borrow_decode(decoder) ?,
            recipe_book : :: bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?,
        })
    }
}
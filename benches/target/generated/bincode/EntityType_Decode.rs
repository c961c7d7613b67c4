impl < __Context > :: bincode :: Decode < __Context > for EntityType
{
    fn decode < __D : :: bincode :: de :: Decoder < Context = __Context > >
    (decoder : & mut __D) ->core :: result :: Result < Self, :: bincode ::
    error :: DecodeError >
    {
        let variant_index = < u32 as :: bincode :: Decode ::< __D :: Context
        >>:: decode(decoder) ?; match variant_index
        {
            0u32 =>core :: result :: Result :: Ok(Self ::ArleighBurke {}),
            1u32 =>core :: result :: Result :: Ok(Self ::Bismarck {}), 2u32
            =>core :: result :: Result :: Ok(Self ::Clemenceau {}), 3u32
            =>core :: result :: Result :: Ok(Self ::Fletcher {}), 4u32 =>core
            :: result :: Result :: Ok(Self ::G5 {}), 5u32 =>core :: result ::
            Result :: Ok(Self ::Iowa {}), 6u32 =>core :: result :: Result ::
            Ok(Self ::Kolkata {}), 7u32 =>core :: result :: Result ::
            Ok(Self ::Osa {}), 8u32 =>core :: result :: Result ::
            Ok(Self ::Yasen {}), 9u32 =>core :: result :: Result ::
            Ok(Self ::Zubr {}), variant =>core :: result :: Result ::
            Err(:: bincode :: error :: DecodeError :: UnexpectedVariant
            {
                found : variant, type_name : "EntityType", allowed : &::
                bincode :: error :: AllowedEnumVariants :: Range
                { min: 0, max: 9 }
            })
        }
    }
} impl < '__de, __Context > :: bincode :: BorrowDecode < '__de, __Context >
for EntityType
{
    fn borrow_decode < __D : :: bincode :: de :: BorrowDecoder < '__de,
    Context = __Context > > (decoder : & mut __D) ->core :: result :: Result <
    Self, :: bincode :: error :: DecodeError >
    {
        let variant_index = < u32 as :: bincode :: Decode ::< __D :: Context
        >>:: decode(decoder) ?; match variant_index
        {
            0u32 =>core :: result :: Result :: Ok(Self ::ArleighBurke {}),
            1u32 =>core :: result :: Result :: Ok(Self ::Bismarck {}), 2u32
            =>core :: result :: Result :: Ok(Self ::Clemenceau {}), 3u32
            =>core :: result :: Result :: Ok(Self ::Fletcher {}), 4u32 =>core
            :: result :: Result :: Ok(Self ::G5 {}), 5u32 =>core :: result ::
            Result :: Ok(Self ::Iowa {}), 6u32 =>core :: result :: Result ::
            Ok(Self ::Kolkata {}), 7u32 =>core :: result :: Result ::
            Ok(Self ::Osa {}), 8u32 =>core :: result :: Result ::
            Ok(Self ::Yasen {}), 9u32 =>core :: result :: Result ::
            Ok(Self ::Zubr {}), variant =>core :: result :: Result ::
            Err(:: bincode :: error :: DecodeError :: UnexpectedVariant
            {
                found : variant, type_name : "EntityType", allowed : &::
                bincode :: error :: AllowedEnumVariants :: Range
                { min: 0, max: 9 }
            })
        }
    }
}
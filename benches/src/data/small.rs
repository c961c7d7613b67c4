//! A message of three fields, where headers and set-up show.

use super::types;

types! {
    #[derive(fory::ForyStruct)]
    pub struct Small {
        pub id: u64,
        pub name: String,
        pub level: u8,
    }
}

/// The message.
pub fn small() -> Small {
    Small { id: 7, name: "a short text".to_owned(), level: 127 }
}

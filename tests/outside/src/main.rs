//! A crate of a user's: an older edition, no unsafe code, awkward types, the facade alone.
#![forbid(unsafe_code)]
#![deny(warnings)]

use std::borrow::Cow;
use std::collections::HashMap;

use pickle::store::Store;
use pickle::{Pickle, Protocol};

mod pickle_types {
    //! A module with a name like the crate's.
    use pickle::Pickle;

    #[derive(Pickle, Debug, PartialEq, Clone, Copy, Eq, Hash, PartialOrd, Ord)]
    pub enum Level {
        Low = 5,
        High = 1,
    }

    #[derive(Pickle, Debug, PartialEq, Clone)]
    pub struct Matrix<const R: usize, const C: usize, T: Clone = f64>(pub [[T; C]; R])
    where
        T: PartialEq;
}

mod plugins;

use pickle_types::{Level, Matrix};

#[derive(Pickle, Debug, PartialEq, Clone)]
#[pickle(class = "outside.Document", rename_all = "camelCase")]
struct Document<'a, T>
where
    T: Clone,
{
    r#type: Level,
    title: Cow<'a, str>,
    raw_bytes: &'a [u8],
    matrix: Matrix<2, 3>,
    index: HashMap<String, Vec<Option<(u8, T)>>>,
    children: Vec<Document<'a, T>>,
    #[pickle(skip, default = 42)]
    cached: usize,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let child = Document {
        r#type: Level::Low,
        title: "child".into(),
        raw_bytes: b"\x00\xff",
        matrix: Matrix([[0.0; 3]; 2]),
        index: HashMap::new(),
        children: vec![],
        cached: 42,
    };
    let index = HashMap::from([("k".to_owned(), vec![None, Some((1, 'x'))])]);
    let parent = Document { index, children: vec![child.clone(), child], ..child_less() };
    let bytes = pickle::dumps_with(&parent, Protocol::HIGHEST)?;
    assert_eq!(pickle::loads::<Document<'_, char>>(&bytes)?, parent);

    let mut stream = Vec::new();
    pickle::dump(&Level::High, &mut stream)?;
    pickle::dump(&Level::Low, &mut stream)?;
    let mut stream = stream.as_slice();
    assert_eq!(pickle::load::<Level>(&mut stream)?, Level::High);
    assert_eq!(pickle::load::<Level>(&mut stream)?, Level::Low);

    let store = Store::temporary()?;
    store.put("level", &Level::High)?;
    assert_eq!(store.get::<Level>("level")?, Some(Level::High));
    plugins::check()?;
    println!("a crate outside the workspace works");
    Ok(())
}

fn child_less() -> Document<'static, char> {
    Document {
        r#type: Level::High,
        title: "parent".into(),
        raw_bytes: b"",
        matrix: Matrix([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
        index: HashMap::new(),
        children: vec![],
        cached: 42,
    }
}

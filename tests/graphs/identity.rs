//! One object stays one.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use pickle::{Pickle, Protocol, dumps, dumps_with, loads};

use crate::each;

#[derive(Pickle, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct City {
    name: String,
    population: u64,
}

#[derive(Pickle, Debug, PartialEq)]
struct Person {
    name: Rc<str>,
    home: Rc<City>,
    work: Option<Rc<City>>,
}

fn city() -> Rc<City> {
    Rc::new(City { name: "Graz".into(), population: 302_749 })
}

#[test]
fn two_pointers_to_one_object_are_so_again() {
    let city = city();
    let person = Person { name: "Ada".into(), home: city.clone(), work: Some(city) };
    each(&person, |_, loaded| {
        assert_eq!(loaded, person);
        assert!(Rc::ptr_eq(&loaded.home, loaded.work.as_ref().unwrap()));
    });
}

#[test]
fn two_equal_objects_stay_two() {
    let person = Person { name: "Ada".into(), home: city(), work: Some(city()) };
    each(&person, |_, loaded| {
        assert_eq!(loaded, person);
        assert!(!Rc::ptr_eq(&loaded.home, loaded.work.as_ref().unwrap()));
    });
}

#[test]
fn arcs_text_and_slices_keep_identity() {
    let arc: Arc<str> = "text".into();
    let slice: Rc<[u32]> = Rc::new([1, 2, 3]);
    let bytes: Arc<[u8]> = Arc::new([7; 300]);
    let value = vec![(arc.clone(), slice.clone(), bytes.clone()), (arc, slice, bytes)];
    each(&value, |_, loaded| {
        assert_eq!(loaded, value);
        assert!(Arc::ptr_eq(&loaded[0].0, &loaded[1].0));
        assert!(Rc::ptr_eq(&loaded[0].1, &loaded[1].1));
        assert!(Arc::ptr_eq(&loaded[0].2, &loaded[1].2));
    });
}

#[test]
fn equal_text_of_two_objects_stays_two_objects() {
    let value = [Rc::<str>::from("a"), Rc::from("a"), Rc::from("b")];
    each(&value, |_, loaded| {
        assert_eq!(loaded, value);
        assert!(!Rc::ptr_eq(&loaded[0], &loaded[1]));
    });
}

#[test]
fn identity_spans_collections() {
    let city = city();
    let by_name = BTreeMap::from([(1, city.clone()), (2, city.clone())]);
    let value = (by_name, vec![city.clone()], Box::new(Some(city)));
    each(&value, |_, loaded| {
        assert_eq!(loaded, value);
        let first = &loaded.1[0];
        assert!(loaded.0.values().all(|other| Rc::ptr_eq(first, other)));
        assert!(Rc::ptr_eq(first, loaded.2.as_ref().as_ref().unwrap()));
    });
}

#[test]
fn a_key_and_a_value_can_be_one_object() {
    let city = city();
    let value = (HashSet::from([city.clone()]), HashMap::from([(city.clone(), city)]));
    each(&value, |_, loaded| {
        assert_eq!(loaded, value);
        let first = loaded.0.iter().next().unwrap();
        let (key, value) = loaded.1.iter().next().unwrap();
        assert!(Rc::ptr_eq(first, key) && Rc::ptr_eq(first, value));
    });
}

#[test]
fn a_list_may_be_a_key_here_and_a_value_there() {
    let list = Rc::new(vec![1_u8, 2]);
    let value = (vec![list.clone()], BTreeMap::from([(list.clone(), list)]));
    each(&value, |_, loaded| assert_eq!(loaded, value));
}

#[derive(Pickle, Debug)]
#[pickle(getstate = Self::state, setstate = Self::from_state)]
struct Lender(Rc<City>);

impl Lender {
    /// One lent, one a temporary, and an object that is gone when the state is.
    fn state(&self) -> (&Rc<City>, Rc<City>, Rc<City>) {
        (&self.0, self.0.clone(), city())
    }

    fn from_state(state: (Rc<City>, Rc<City>, Rc<City>)) -> Result<Self, String> {
        match Rc::ptr_eq(&state.0, &state.1) && !Rc::ptr_eq(&state.0, &state.2) {
            true => Ok(Self(state.0)),
            false => Err("the objects are not those of the state".into()),
        }
    }
}

#[test]
fn what_a_state_lends_is_the_same_object_outside() {
    let city = city();
    let value = (city.clone(), vec![Lender(city.clone()), Lender(city.clone())], city);
    each(&value, |_, loaded| {
        assert!(Rc::ptr_eq(&loaded.0, &loaded.2));
        assert!(loaded.1.iter().all(|lender| Rc::ptr_eq(&lender.0, &loaded.0)));
    });
}

#[test]
fn what_is_not_shared_costs_no_number() {
    let alone = dumps(&Rc::new(7_u32)).unwrap();
    let boxed = dumps(&Box::new(7_u32)).unwrap();
    // The head of the pointer, and a schema of one node, are all the difference there is.
    assert_eq!(alone.len() - boxed.len(), 4);
}

#[test]
fn python_gets_the_object_behind_the_pointer() {
    assert_eq!(
        dumps_with(&(Rc::new(1_u8), Rc::new(2_u8)), Protocol::V2).unwrap(),
        b"\x80\x02K\x01q\x00K\x02q\x01\x86q\x02."
    );
}

#[test]
fn shared_values_load_where_nothing_is_shared() {
    let city = city();
    for bytes in crate::PROTOCOLS.map(|one| dumps_with(&(city.clone(), city.clone()), one)) {
        let loaded: (City, Box<City>) = loads(&bytes.unwrap()).unwrap();
        assert_eq!((&loaded.0, &*loaded.1), (&*city, &*city));
    }
}

#[test]
fn generic_types_share_their_parameters() {
    #[derive(Pickle)]
    struct Tree<T> {
        value: Arc<T>,
        children: Vec<Rc<Tree<T>>>,
    }

    let value = Arc::new(String::from("leaf"));
    let leaf = Rc::new(Tree { value: value.clone(), children: vec![] });
    each(&Tree { value, children: vec![leaf.clone(), leaf] }, |_, tree| {
        assert!(Rc::ptr_eq(&tree.children[0], &tree.children[1]));
        assert!(Arc::ptr_eq(&tree.children[0].value, &tree.value));
    });
}

#[test]
fn one_object_seen_as_two_types_is_loaded_as_two() {
    let array: Rc<[u32; 3]> = Rc::new([1, 2, 3]);
    let slice: Rc<[u32]> = array.clone();
    each(&(array, slice), |_, (array, slice)| assert_eq!(array[..], slice[..]));
}

#[test]
fn references_to_one_pointer_lead_to_one_object() {
    let city = city();
    each_borrowed(&(&city, vec![&city]));

    fn each_borrowed(value: &(&Rc<City>, Vec<&Rc<City>>)) {
        for protocol in crate::PROTOCOLS {
            let bytes = dumps_with(value, protocol).unwrap();
            let loaded: (Rc<City>, Vec<Rc<City>>) = loads(&bytes).unwrap();
            assert!(Rc::ptr_eq(&loaded.0, &loaded.1[0]), "protocol {protocol}");
        }
    }
}

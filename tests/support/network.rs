//! A graph whose equality is that of its shape: who points at the same object as whom.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::{Rc, Weak};

use pickle::Pickle;

#[derive(Debug, Pickle)]
#[pickle(class = "golden.Station")]
pub struct Station {
    pub name: Rc<str>,
    pub next: Vec<Rc<Station>>,
    pub hub: Weak<Network>,
}

/// Stations that share others, names that are shared, and the way back.
#[derive(Debug, Pickle)]
#[pickle(class = "golden.Network")]
pub struct Network {
    pub first: Weak<Station>,
    pub stations: Vec<Rc<Station>>,
    pub elsewhere: Weak<Station>,
}

/// A ring of cells.
#[derive(Debug, Pickle)]
#[pickle(class = "golden.Link")]
pub struct Link {
    pub number: u32,
    pub next: Option<Rc<RefCell<Link>>>,
}

/// A network behind the pointer that its stations point back at.
#[derive(Debug, Pickle)]
#[pickle(class = "golden.Root", transparent)]
pub struct Root(pub Rc<Network>);

/// A ring behind the pointer that closes it.
#[derive(Debug, Pickle)]
#[pickle(class = "golden.Ring", transparent)]
pub struct Ring(pub Rc<RefCell<Link>>);

/// Three stations, of which the first two share the third.
pub fn network() -> Root {
    Root(Rc::new_cyclic(|hub: &Weak<Network>| {
        let name: Rc<str> = "Wien – Graz".into();
        let station = |name: &Rc<str>, next: &[&Rc<Station>]| {
            let next = next.iter().map(|next| Rc::clone(next)).collect();
            Rc::new(Station { name: name.clone(), next, hub: hub.clone() })
        };
        let last = station(&name, &[]);
        let middle = station(&"Linz".into(), &[&last]);
        let first = station(&name, &[&middle, &last]);
        let stations = vec![first, middle, last];
        Network { first: Rc::downgrade(&stations[2]), stations, elsewhere: Weak::new() }
    }))
}

/// A ring of so many cells.
pub fn ring(cells: u32) -> Ring {
    let first = Rc::new(RefCell::new(Link { number: 0, next: None }));
    let ring = (1..cells).rev().fold(first.clone(), |next, number| {
        Rc::new(RefCell::new(Link { number, next: Some(next) }))
    });
    first.borrow_mut().next = Some(ring);
    Ring(first)
}

impl Network {
    /// Names, and every pointer as the number of what it points at.
    fn shape(&self) -> Vec<(String, Vec<usize>)> {
        let mut numbers = HashMap::new();
        let mut number = |address: *const ()| {
            let next = numbers.len();
            *numbers.entry(address).or_insert(next)
        };
        let mut shape = Vec::new();
        let weak = |weak: &Weak<Station>| weak.upgrade().map(|station| Rc::as_ptr(&station).cast());
        for station in &self.stations {
            let mut pointers = vec![
                number(Rc::as_ptr(station).cast()),
                number(Rc::as_ptr(&station.name).cast()),
                usize::from(station.hub.upgrade().is_some_and(|hub| std::ptr::eq(&*hub, self))),
            ];
            pointers.extend(station.next.iter().map(|next| number(Rc::as_ptr(next).cast())));
            shape.push((station.name.to_string(), pointers));
        }
        let ends = [&self.first, &self.elsewhere].map(|end| weak(end).map(&mut number));
        shape.push(("ends".into(), ends.into_iter().map(|end| end.unwrap_or(99)).collect()));
        shape
    }
}

impl PartialEq for Root {
    fn eq(&self, other: &Self) -> bool {
        self.0.shape() == other.0.shape()
    }
}

impl Ring {
    /// The numbers around the ring, if it is one.
    fn numbers(&self) -> Option<Vec<u32>> {
        let (mut numbers, mut at) = (Vec::new(), self.0.clone());
        loop {
            numbers.push(at.borrow().number);
            let next = at.borrow().next.clone()?;
            if Rc::ptr_eq(&next, &self.0) {
                return Some(numbers);
            }
            at = next;
        }
    }
}

impl PartialEq for Ring {
    fn eq(&self, other: &Self) -> bool {
        self.numbers() == other.numbers()
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        self.0.borrow_mut().next = None;
    }
}

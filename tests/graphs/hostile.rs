//! Graphs from strangers, and hooks that misbehave: an error, never a leak or an abort.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::{self, Rc};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{self, Arc, Mutex, mpsc};
use std::thread;

use pickle::{Error, Limits, Pickle, Protocol, UnpickleOwned, Unpickler, dumps, dumps_with, loads};

thread_local! {
    /// How many objects live.
    static LIVE: Cell<i64> = const { Cell::new(0) };
}

/// Counts itself, however it comes to be.
#[derive(Pickle)]
#[pickle(getstate = Self::state, setstate = Self::from_state)]
struct Counted(());

impl Counted {
    fn new() -> Self {
        LIVE.set(LIVE.get() + 1);
        Self(())
    }

    fn state(&self) -> u8 {
        1
    }

    fn from_state(state: u8) -> Result<Self, &'static str> {
        if state == 1 { Ok(Self::new()) } else { Err("another state") }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        LIVE.set(LIVE.get() - 1);
    }
}

/// Every kind of pointer, of cell and of cycle.
#[derive(Pickle)]
struct Hub {
    alive: Counted,
    text: Rc<str>,
    spokes: Vec<Rc<Spoke>>,
    first: rc::Weak<Spoke>,
    ring: Rc<RefCell<Link>>,
    lock: Arc<Mutex<Lock>>,
    slice: Arc<[u16]>,
}

#[derive(Pickle)]
struct Spoke {
    alive: Counted,
    text: Rc<str>,
    hub: rc::Weak<Hub>,
    ring: Option<Rc<RefCell<Link>>>,
}

#[derive(Pickle)]
struct Link {
    alive: Counted,
    next: Vec<Rc<RefCell<Link>>>,
}

#[derive(Pickle)]
struct Lock {
    alive: Counted,
    own: Option<Arc<Mutex<Lock>>>,
    back: Arc<Back>,
}

#[derive(Pickle)]
struct Back {
    alive: Counted,
    lock: sync::Weak<Mutex<Lock>>,
    own: sync::Weak<Back>,
}

fn hub() -> Rc<Hub> {
    let link = || Rc::new(RefCell::new(Link { alive: Counted::new(), next: vec![] }));
    let (first, second) = (link(), link());
    first.borrow_mut().next = vec![second.clone(), first.clone()];
    second.borrow_mut().next = vec![first.clone()];
    let lock = Arc::new_cyclic(|lock: &sync::Weak<Mutex<Lock>>| {
        let back = Arc::new_cyclic(|own| Back {
            alive: Counted::new(),
            lock: lock.clone(),
            own: own.clone(),
        });
        Mutex::new(Lock { alive: Counted::new(), own: None, back })
    });
    lock.lock().unwrap().own = Some(lock.clone());
    let text: Rc<str> = "spoke".into();
    Rc::new_cyclic(|hub: &rc::Weak<Hub>| {
        let spoke = |ring| {
            let (hub, text) = (hub.clone(), text.clone());
            Rc::new(Spoke { alive: Counted::new(), text, hub, ring })
        };
        let spokes = vec![spoke(None), spoke(Some(second.clone()))];
        Hub {
            alive: Counted::new(),
            text: text.clone(),
            first: Rc::downgrade(&spokes[1]),
            spokes,
            ring: first.clone(),
            lock,
            slice: Arc::new([1, 2]),
        }
    })
}

/// Opens the cycles, as an owner does that is done with a graph.
fn open(hub: &Hub) {
    fn links(link: &RefCell<Link>) {
        let next = std::mem::take(&mut link.borrow_mut().next);
        next.iter().for_each(|link| links(link));
    }
    links(&hub.ring);
    hub.spokes.iter().filter_map(|spoke| spoke.ring.as_ref()).for_each(|ring| links(ring));
    let mut own = hub.lock.lock().unwrap().own.take();
    while let Some(lock) = own {
        own = lock.lock().unwrap().own.take();
    }
}

/// Loads, opens what came of it, and tells whether anything came.
fn load_and_open(bytes: &[u8]) -> bool {
    let loaded = Unpickler::from_slice(bytes).limits(Limits::UNTRUSTED).load::<Rc<Hub>>();
    if let Ok(hub) = &loaded {
        // Two links may have come apart that were one object.
        open(hub);
        open(hub);
    }
    loaded.is_ok()
}

/// Shows bytes to a test, with the name of their protocol.
fn each_pickle(check: impl Fn(&str, Vec<u8>)) {
    for protocol in [Protocol::Native, Protocol::V0, Protocol::V2, Protocol::V5] {
        let before = LIVE.get();
        let hub = hub();
        let bytes = dumps_with(&hub, protocol).unwrap();
        open(&hub);
        drop(hub);
        assert_eq!(LIVE.get(), before, "the graph of this test is opened whole");
        check(&protocol.to_string(), bytes);
    }
}

#[test]
fn the_graph_of_these_tests_loads() {
    each_pickle(|protocol, bytes| {
        assert!(load_and_open(&bytes), "protocol {protocol}");
        assert_eq!(LIVE.get(), 0, "protocol {protocol}");
    });
}

#[test]
fn every_prefix_of_a_graph_is_an_error_that_leaks_nothing() {
    each_pickle(|protocol, bytes| {
        for length in 0..bytes.len() {
            assert!(!load_and_open(&bytes[..length]), "protocol {protocol}, {length} bytes");
            assert_eq!(LIVE.get(), 0, "protocol {protocol}, {length} bytes");
        }
    });
}

#[test]
fn every_changed_byte_of_a_graph_is_an_error_or_a_graph_and_no_leak() {
    each_pickle(|protocol, mut bytes| {
        for index in 0..bytes.len() {
            let right = bytes[index];
            for wrong in [right ^ 1, right ^ 2, right ^ 0x40, !right, 0, 1, 3, 0xff] {
                bytes[index] = wrong;
                load_and_open(&bytes);
                assert_eq!(LIVE.get(), 0, "protocol {protocol}, byte {index} as {wrong}");
            }
            bytes[index] = right;
        }
    });
}

/// The pickle of a value with one of its bytes, counted from the end, changed.
fn changed<T: Pickle>(value: &T, from_end: usize, byte: u8) -> Vec<u8> {
    let mut bytes = dumps(value).unwrap();
    let at = bytes.len() - from_end;
    bytes[at] = byte;
    bytes
}

fn error_of<T: UnpickleOwned>(bytes: &[u8]) -> String {
    let error: Error = loads::<T>(bytes).err().expect("an error");
    error.kind().to_string()
}

#[test]
fn a_reference_to_an_object_of_another_type_is_an_error() {
    type Pair = (Rc<u32>, Rc<i32>, Arc<u32>, Arc<u32>, Rc<u32>);
    let (one, two, three) = (Rc::new(1_u32), Rc::new(2_i32), Arc::new(3_u32));
    let _second = two.clone();
    let value: Pair = (one.clone(), two, three.clone(), three, one);
    // The last two of five words, behind which the values are: `Arc` number 3, `Rc` number 1.
    assert!(loads::<Pair>(&dumps(&value).unwrap()).is_ok());
    let last = 3 * 4 + 4;
    assert_eq!(
        error_of::<Pair>(&changed(&value, last, 2)),
        "corrupt pickle: a shared object is of another type"
    );
    assert_eq!(
        error_of::<Pair>(&changed(&value, last, 3)),
        "corrupt pickle: a shared object is of another type"
    );
    assert_eq!(
        error_of::<Pair>(&changed(&value, last, 4)),
        "corrupt pickle: there is no shared object of this number"
    );
}

#[derive(Pickle)]
#[pickle(after_load = Self::smuggle)]
struct Smuggler {
    own: sync::Weak<Loot>,
    fails: bool,
}

#[derive(Pickle)]
struct Loot {
    smuggler: Arc<Smuggler>,
    text: String,
}

thread_local! {
    static SENDER: RefCell<Option<mpsc::Sender<sync::Weak<Loot>>>> = const { RefCell::new(None) };
}

impl Smuggler {
    /// Sends a pointer to the unfinished owner to another thread.
    fn smuggle(&mut self) -> Result<(), &'static str> {
        assert!(self.own.upgrade().is_none());
        SENDER.with_borrow(|sender| sender.as_ref().unwrap().send(self.own.clone())).unwrap();
        if self.fails { Err("the smuggler was caught") } else { Ok(()) }
    }
}

#[test]
fn another_thread_never_sees_an_unfinished_arc() {
    for (protocol, fails) in crate::PROTOCOLS.iter().flat_map(|one| [(*one, false), (*one, true)]) {
        let loot = Arc::new_cyclic(|own: &sync::Weak<Loot>| Loot {
            smuggler: Arc::new(Smuggler { own: own.clone(), fails }),
            text: "gold".repeat(100),
        });
        let bytes = dumps_with(&loot, protocol).unwrap();
        let (send, receive) = mpsc::channel();
        let stop = &AtomicBool::new(false);
        thread::scope(|scope| {
            let hammer = scope.spawn(move || {
                let weak: sync::Weak<Loot> = receive.recv().unwrap();
                let mut seen = 0_u64;
                while !stop.load(Ordering::Relaxed) {
                    if let Some(loot) = weak.upgrade() {
                        assert_eq!(loot.text, "gold".repeat(100));
                        seen += 1;
                    }
                }
                (seen, weak.upgrade().is_some())
            });
            SENDER.set(Some(send));
            let loaded = loads::<Arc<Loot>>(&bytes);
            assert_eq!(loaded.is_err(), fails);
            while !fails && Arc::strong_count(loaded.as_ref().unwrap()) == 1 {
                thread::yield_now();
            }
            stop.store(true, Ordering::Relaxed);
            let (seen, is_there) = hammer.join().unwrap();
            assert_eq!((seen > 0, is_there), (!fails, !fails), "protocol {protocol}");
        });
    }
}

#[derive(Pickle)]
#[pickle(after_load = Self::panic)]
struct Bomb {
    own: Vec<Rc<RefCell<Pile>>>,
    back: sync::Weak<Crate>,
    alive: Counted,
}

#[derive(Pickle)]
struct Pile {
    alive: Counted,
    bombs: Vec<Bomb>,
}

#[derive(Pickle)]
struct Crate {
    alive: Counted,
    pile: Arc<Pile>,
}

thread_local! {
    static LIT: Cell<bool> = const { Cell::new(false) };
}

impl Bomb {
    fn panic(&mut self) {
        if LIT.get() {
            std::panic::resume_unwind(Box::new("bang"));
        }
    }
}

#[test]
#[allow(clippy::arc_with_non_send_sync)] // what an `Arc` holds is of no matter here
fn a_panic_in_a_hook_goes_out_and_leaks_nothing() {
    let before = LIVE.get();
    let pile = || Pile { alive: Counted::new(), bombs: vec![] };
    let cell = Rc::new(RefCell::new(pile()));
    let crated = Arc::new_cyclic(|back: &sync::Weak<Crate>| {
        let bomb = Bomb { own: vec![cell.clone()], back: back.clone(), alive: Counted::new() };
        let inner = Pile { bombs: vec![bomb], ..pile() };
        Crate { alive: Counted::new(), pile: Arc::new(inner) }
    });
    let bomb = Bomb { own: vec![cell.clone()], back: sync::Weak::new(), alive: Counted::new() };
    cell.borrow_mut().bombs.push(bomb);
    for protocol in crate::PROTOCOLS {
        let bytes = dumps_with(&(crated.clone(), cell.clone()), protocol).unwrap();
        let live = LIVE.get();
        LIT.set(true);
        let panic = catch_unwind(AssertUnwindSafe(|| {
            drop(loads::<(Arc<Crate>, Rc<RefCell<Pile>>)>(&bytes));
        }));
        LIT.set(false);
        let panic = panic.expect_err("the hook panics");
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"bang"));
        assert_eq!(LIVE.get(), live, "protocol {protocol}");
    }
    cell.borrow_mut().bombs.clear();
    drop((crated, cell));
    assert_eq!(LIVE.get(), before);
}

#[derive(Pickle)]
#[pickle(after_load = Self::keep)]
struct Keeper {
    cell: Vec<Rc<RefCell<Keeper>>>,
    fails: bool,
}

thread_local! {
    static KEPT: RefCell<Vec<Rc<RefCell<Keeper>>>> = const { RefCell::new(Vec::new()) };
}

impl Keeper {
    fn keep(&mut self) -> Result<(), &'static str> {
        KEPT.with_borrow_mut(|kept| kept.extend(self.cell.iter().cloned()));
        if self.fails { Err("it keeps, and fails") } else { Ok(()) }
    }
}

#[test]
fn a_cell_that_a_hook_kept_from_a_failed_load_stays_locked() {
    let cell = Rc::new(RefCell::new(Keeper { cell: vec![], fails: true }));
    cell.borrow_mut().cell.push(cell.clone());
    for protocol in crate::PROTOCOLS {
        assert!(loads::<Rc<RefCell<Keeper>>>(&dumps_with(&cell, protocol).unwrap()).is_err());
        let kept = KEPT.take();
        assert_eq!(kept.len(), 1, "protocol {protocol}");
        assert!(kept[0].try_borrow().is_err(), "protocol {protocol}");
    }
    cell.borrow_mut().cell.clear();
}

/// What can only be loaded by filling cells last.
#[derive(Pickle)]
struct Beam {
    alive: Counted,
    own: rc::Weak<Beam>,
    parent: RefCell<rc::Weak<Beam>>,
    children: RefCell<Vec<Rc<Beam>>>,
}

type Beams = (Rc<Beam>, Rc<Beam>);

fn beams() -> Beams {
    let beam = || {
        Rc::new_cyclic(|own: &rc::Weak<Beam>| Beam {
            alive: Counted::new(),
            own: own.clone(),
            parent: RefCell::default(),
            children: RefCell::default(),
        })
    };
    let (leaf, branch) = (beam(), beam());
    *leaf.parent.borrow_mut() = Rc::downgrade(&branch);
    branch.children.borrow_mut().extend([beam(), leaf.clone(), branch.clone()]);
    (leaf, branch)
}

fn open_beam(beam: &Rc<Beam>) {
    let children = beam.children.take();
    children.iter().for_each(open_beam);
    let parent = beam.parent.take();
    parent.upgrade().iter().for_each(open_beam);
}

fn load_and_open_beams(bytes: &[u8]) -> bool {
    let loaded = Unpickler::from_slice(bytes).limits(Limits::UNTRUSTED).load::<Beams>();
    if let Ok((leaf, branch)) = &loaded {
        open_beam(leaf);
        open_beam(branch);
    }
    loaded.is_ok()
}

#[test]
fn changed_bytes_of_what_leads_back_are_an_error_or_a_graph_and_no_leak() {
    for protocol in [Protocol::Native, Protocol::V0, Protocol::V2, Protocol::V5] {
        let beams = beams();
        let mut bytes = dumps_with(&beams, protocol).unwrap();
        open_beam(&beams.1);
        drop(beams);
        assert!(load_and_open_beams(&bytes), "protocol {protocol}");
        assert_eq!(LIVE.get(), 0, "protocol {protocol}");
        for index in 0..bytes.len() {
            assert!(!load_and_open_beams(&bytes[..index]), "protocol {protocol}, {index} bytes");
            assert_eq!(LIVE.get(), 0, "protocol {protocol}, {index} bytes");
            let right = bytes[index];
            for wrong in [right ^ 1, right ^ 2, right ^ 0x40, !right, 0, 1, 3, 0xff] {
                bytes[index] = wrong;
                load_and_open_beams(&bytes);
                assert_eq!(LIVE.get(), 0, "protocol {protocol}, byte {index} as {wrong}");
            }
            bytes[index] = right;
        }
    }
}

//! What the rest relies on, small enough for Miri and the sanitizers.

use std::cell::Cell as Counter;
use std::rc::{self, Rc};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{self, Arc};
use std::thread;

use super::{ArcFamily, Held, Kept, Memo, Missing, RcFamily, cyclic};
use crate::error::{Error, Result};

fn refused<T>() -> Result<T> {
    Err(Error::custom("refused"))
}

/// Counts its drops.
struct Noisy<'c>(&'c Counter<u32>);

impl Drop for Noisy<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

#[test]
fn an_rc_that_fails_leaves_a_pointer_that_is_dead_for_ever() {
    let mut smuggled = rc::Weak::new();
    let failed = cyclic::rc::<String>(|weak| {
        smuggled = weak.unwrap().clone();
        assert!(smuggled.upgrade().is_none());
        refused()
    });
    assert!(failed.is_err());
    assert!(smuggled.upgrade().is_none());
    assert_eq!(smuggled.strong_count(), 0);
}

#[test]
fn an_rc_that_succeeds_is_what_its_pointers_point_at() {
    let mut back = rc::Weak::new();
    let made = cyclic::rc(|weak| {
        back = weak.unwrap().clone();
        Ok(String::from("whole"))
    });
    let made = made.unwrap();
    assert!(Rc::ptr_eq(&made, &back.upgrade().unwrap()));
    assert_eq!((&**made, Rc::strong_count(&made), Rc::weak_count(&made)), ("whole", 1, 1));
}

#[test]
fn an_arc_that_fails_is_never_seen_by_another_thread() {
    let stop = AtomicBool::new(false);
    let (send, receive) = sync::mpsc::channel::<sync::Weak<String>>();
    thread::scope(|scope| {
        let stop = &stop;
        let hammer = scope.spawn(move || {
            let weak = receive.recv().unwrap();
            while !stop.load(Ordering::Relaxed) {
                assert!(weak.upgrade().is_none());
            }
            assert!(weak.upgrade().is_none());
        });
        let failed = cyclic::arc::<String>(|weak| {
            send.send(weak.unwrap().clone()).unwrap();
            for _ in 0..100 {
                thread::yield_now();
            }
            refused()
        });
        assert!(failed.is_err());
        for _ in 0..100 {
            thread::yield_now();
        }
        stop.store(true, Ordering::Relaxed);
        hammer.join().unwrap();
    });
}

#[test]
fn a_panic_inside_an_arc_goes_on() {
    let panicked = std::panic::catch_unwind(|| {
        cyclic::arc::<u8>(|_| std::panic::resume_unwind(Box::new("a hook's own")))
    });
    let Err(panic) = panicked else { panic!("it was swallowed") };
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"a hook's own"));
}

#[test]
fn what_is_kept_is_memory_and_no_value() {
    let drops = Counter::new(0);
    let object = Rc::new(Noisy(&drops));
    let address = Rc::as_ptr(&object);
    let kept = Kept::new(Rc::downgrade(&object));
    let slice: Rc<[Noisy<'_>]> = Rc::new([Noisy(&drops), Noisy(&drops)]);
    let kept_slice = Kept::new(Rc::downgrade(&slice));
    drop((object, slice));
    assert_eq!(drops.get(), 3);
    assert_ne!(Rc::as_ptr(&Rc::new(Noisy(&drops))), address);
    drop((kept, kept_slice));
    assert_eq!(drops.get(), 4);
}

#[test]
fn a_slot_gives_its_object_as_one_type_only() {
    let mut memo = Memo::default();
    let slot = memo.reserve();
    assert_eq!(memo.strong::<RcFamily, u32>(slot).unwrap_err(), Missing::Unfinished);
    let object = Rc::new(7_u32);
    memo.hold(slot, <RcFamily as super::Family>::hold(object.clone()));
    assert!(Rc::ptr_eq(&memo.strong::<RcFamily, u32>(slot).unwrap(), &object));
    assert_eq!(memo.strong::<RcFamily, i32>(slot).unwrap_err(), Missing::OfAnotherType);
    assert_eq!(memo.strong::<ArcFamily, u32>(slot).unwrap_err(), Missing::OfAnotherType);
    assert!(matches!(memo.weak::<RcFamily, i32>(slot), Err(Missing::OfAnotherType)));
    assert_eq!(memo.weak::<RcFamily, u32>(slot).unwrap().upgrade(), Some(object));
}

#[test]
fn text_in_a_slot_is_no_slice() {
    let mut memo = Memo::default();
    let slot = memo.reserve();
    let text: Arc<str> = "text".into();
    memo.hold(slot, Held::of_pointer(text.clone()));
    assert!(Arc::ptr_eq(&memo.strong::<ArcFamily, str>(slot).unwrap(), &text));
    assert_eq!(memo.strong::<ArcFamily, [u8]>(slot).unwrap_err(), Missing::OfAnotherType);
    assert_eq!(memo.strong::<RcFamily, str>(slot).unwrap_err(), Missing::OfAnotherType);
}

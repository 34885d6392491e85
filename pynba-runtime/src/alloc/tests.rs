//! Sums, and what reaches the allocator below. That real programs' numbers are right, `tests/memory.rs` of the
//! front door shows, where it is the global allocator.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::mailbox::Mailbox;

fn request() -> RequestId {
    Mailbox::obtain().open()
}

/// As far as this test says, whatever other tests did on its thread.
fn alone(test: impl FnOnce() + Send) {
    std::thread::scope(|scope| scope.spawn(test).join()).unwrap();
}

#[test]
fn without_the_allocator_nothing_is_known() {
    alone(|| {
        let request = request();
        resume(request, Share::default());
        assert_eq!(peak(request), None);
        end(request);
        assert!(HEAP.with(|heap| heap.marks.borrow().iter().all(Option::is_none)));
    });
}

#[test]
fn what_is_allocated_and_released_reaches_the_allocator_below() {
    #[derive(Default)]
    struct Calls([AtomicUsize; 4]);

    impl Calls {
        fn called(&self, which: usize) {
            self.0[which].fetch_add(1, Ordering::Relaxed);
        }
    }

    // SAFETY: passed on to the system's allocator.
    unsafe impl GlobalAlloc for &Calls {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            self.called(0);
            // SAFETY: passed on.
            unsafe { System.alloc(layout) }
        }
        unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
            self.called(1);
            // SAFETY: passed on.
            unsafe { System.alloc_zeroed(layout) }
        }
        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            self.called(2);
            // SAFETY: passed on.
            unsafe { System.dealloc(block, layout) };
        }
        unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            self.called(3);
            // SAFETY: passed on.
            unsafe { System.realloc(block, layout, size) }
        }
    }

    let calls = Calls::default();
    let tracking = Tracking::over(&calls);
    let layout = Layout::new::<[u64; 8]>();
    let twice = Layout::new::<[u64; 16]>();
    let live = || HEAP.with(|heap| heap.live.get());
    let before = live();
    // SAFETY: no size is zero, and each block is released once, with the layout that it then has.
    let (last, zero) = unsafe {
        let block = tracking.alloc(layout);
        let block = tracking.realloc(block, layout, twice.size());
        let zeroed = tracking.alloc_zeroed(layout);
        let zero = *zeroed;
        let last = live();
        tracking.dealloc(block, twice);
        tracking.dealloc(zeroed, layout);
        (last, zero)
    };
    assert_eq!(zero, 0);
    assert_eq!(calls.0.map(AtomicUsize::into_inner), [1, 1, 2, 1]);
    assert_eq!(last - before, if COUNTING { 128 + 64 } else { 0 });
    assert_eq!(live(), before);
}

#[test]
fn a_release_of_more_than_was_ever_allocated_is_not_negative() {
    alone(|| {
        let request = request();
        grow(0);
        resume(request, Share::default());
        shrink(1 << 40);
        assert_eq!(peak(request), COUNTING.then_some(0));
        grow(5);
        assert_eq!(peak(request), COUNTING.then_some(5));
        end(request);
        assert_eq!(peak(request), None);
    });
}

#[test]
fn the_oldest_of_too_many_is_forgotten() {
    alone(|| {
        let requests: Vec<_> = (0..=DEEPEST).map(|_| request()).collect();
        grow(0);
        for request in &requests {
            resume(*request, Share::default());
            grow(1);
        }
        let peaks: Vec<_> = requests.iter().map(|request| peak(*request)).collect();
        assert_eq!(peaks[0], None);
        let expected = |nth| COUNTING.then_some(nth);
        assert!(peaks[1..].iter().rev().zip(1..).all(|(peak, nth)| *peak == expected(nth)));
        for request in &requests {
            end(*request);
        }
    });
}

#[cfg(all(feature = "enable", not(pynba_portable)))]
mod model {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Grow(u16),
        Shrink(u16),
        Begin(usize),
        End(usize),
    }

    const REQUESTS: usize = 5;

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            any::<u16>().prop_map(Step::Grow),
            any::<u16>().prop_map(Step::Shrink),
            (0..REQUESTS).prop_map(Step::Begin),
            (0..REQUESTS).prop_map(Step::End),
        ];
        proptest::collection::vec(step, 0..60)
    }

    proptest! {
        /// Requests that begin and end in any order each have what the sentence says: allocated less freed,
        /// never below zero, the largest of it.
        #[test]
        fn each_request_counts_as_if_it_were_alone(steps in steps(), looks in any::<bool>()) {
            let mailboxes = [(); REQUESTS].map(|()| Mailbox::obtain());
            let requests = mailboxes.map(Mailbox::open);
            let mut expected: [Option<(i64, i64)>; REQUESTS] = [None; REQUESTS];
            grow(0);
            for step in steps {
                match step {
                    Step::Grow(bytes) => grow(bytes.into()),
                    Step::Shrink(bytes) => shrink(bytes.into()),
                    Step::Begin(which) => resume(requests[which], Share::default()),
                    Step::End(which) => {
                        let peak = peak(requests[which]);
                        let own = expected[which].map(|(_, most)| most.try_into().unwrap());
                        prop_assert_eq!(peak, own);
                        end(requests[which]);
                    }
                }
                for (which, slot) in expected.iter_mut().enumerate() {
                    match (&step, &mut *slot) {
                        (Step::Grow(bytes), Some((own, most))) => {
                            *own += i64::from(*bytes);
                            *most = (*most).max(*own);
                        }
                        (Step::Shrink(bytes), Some((own, _))) => {
                            *own = (*own - i64::from(*bytes)).max(0);
                        }
                        (Step::Begin(it), _) if *it == which => *slot = Some((0, 0)),
                        (Step::End(it), _) if *it == which => *slot = None,
                        _ => {}
                    }
                    if looks { // to look must not change anything
                        let own = slot.map(|(_, most)| most.try_into().unwrap());
                        prop_assert_eq!(peak(requests[which]), own);
                    }
                }
            }
            requests.into_iter().for_each(end);
            mailboxes.into_iter().for_each(Mailbox::release);
            let low = HEAP.with(|heap| heap.low.get());
            prop_assert_eq!(low, NO_FLOOR, "without requests nothing is below");
        }
    }
}

//! How a timer that ends on another thread reaches its request.
//!
//! A request is open on one thread at a time, and that thread alone touches it. A `TimerGuard` may be
//! dropped anywhere; where its request is not at hand, what it has to say is left in the request's
//! mailbox, which the request empties when it ends. Mailboxes are never freed, only used again, so a
//! guard refers to one without counting: there are as many as there were requests open at once, and a
//! few for each thread.

use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::lock::lock;
use crate::timers::Change;

/// Set in [`Mailbox::state`] when there is mail.
const MAIL: u64 = 1;

/// More than the timers of any packet; what comes after is refused.
const MAX_MAIL: usize = 16 * 1024;

/// The same for the ends of timers: twice as many as a request has timers.
const MAX_ENDS: usize = 128 * 1024;

/// What a mailbox keeps of its memory.
const USUAL_MAIL: usize = 64;

/// Belongs to one open request at a time.
#[derive(Debug)]
pub(crate) struct Mailbox {
    /// Of the request that has it: its generation, and whether there is [`MAIL`]. 0 for none.
    state: AtomicU64,
    mail: Mutex<Vec<Mail>>,
    generations: AtomicU64,
}

/// Names a request for as long as the process lives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestId {
    mailbox: &'static Mailbox,
    generation: u64,
}

/// Something to be done to a timer.
#[derive(Debug)]
pub(crate) struct Mail {
    pub(crate) timer: u64,
    pub(crate) change: Change,
}

/// Mailboxes that no request has.
static SPARE: Mutex<Vec<&'static Mailbox>> = Mutex::new(Vec::new());

impl Mailbox {
    pub(crate) fn obtain() -> &'static Self {
        lock(&SPARE).pop().unwrap_or_else(|| {
            Box::leak(Box::new(Self {
                state: AtomicU64::new(0),
                mail: Mutex::new(Vec::new()),
                generations: AtomicU64::new(0),
            }))
        })
    }

    pub(crate) fn release(&'static self) {
        lock(&SPARE).push(self);
    }

    /// A request takes the mailbox.
    pub(crate) fn open(&'static self) -> RequestId {
        // Steps of two leave the lowest bit to `MAIL`; 0 is never a generation.
        let generation = self.generations.fetch_add(2, Ordering::Relaxed) + 2;
        self.state.store(generation, Ordering::Release);
        RequestId { mailbox: self, generation }
    }
}

impl RequestId {
    /// Leaves a change for the request. `false` when it has ended, or has a full mailbox.
    pub(crate) fn post(self, mail: Mail) -> bool {
        // The lock is taken first: when `close` sees `MAIL`, it waits here until the mail is in.
        let mut mailbox = lock(&self.mailbox.mail);
        // The end of a timer comes once for each, and without it the timer would run on.
        let is_end = matches!(mail.change, Change::Stop(_) | Change::Discard);
        if mailbox.len() >= if is_end { MAX_ENDS } else { MAX_MAIL } {
            return false;
        }
        let open = self.mailbox.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, |state| {
            (state & !MAIL == self.generation).then_some(state | MAIL)
        });
        if open.is_ok() {
            mailbox.push(mail);
        }
        open.is_ok()
    }

    /// What has come so far, while the request goes on.
    pub(crate) fn collect(self, each: impl FnMut(Mail)) {
        if self.mailbox.state.load(Ordering::Acquire) & MAIL != 0 {
            let mut mailbox = lock(&self.mailbox.mail);
            self.mailbox.state.fetch_and(!MAIL, Ordering::AcqRel);
            mailbox.drain(..).for_each(each);
        }
    }

    /// The request ends: what has come, and nothing comes after that.
    pub(crate) fn close(self, each: impl FnMut(Mail)) {
        if self.mailbox.state.swap(0, Ordering::AcqRel) & MAIL != 0 {
            let mut mailbox = lock(&self.mailbox.mail);
            mailbox.drain(..).for_each(each);
            mailbox.shrink_to(USUAL_MAIL);
        }
    }
}

impl PartialEq for RequestId {
    fn eq(&self, other: &Self) -> bool {
        self.generation == other.generation && ptr::eq(self.mailbox, other.mailbox)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(timer: u64) -> Mail {
        Mail { timer, change: Change::HitCount(1) }
    }

    #[test]
    fn mail_reaches_the_request_that_is_open_and_no_other() {
        let mailbox = Mailbox::obtain();
        let first = mailbox.open();
        assert!(first.post(mail(1)));
        let mut got = Vec::new();
        first.collect(|mail| got.push(mail.timer));
        assert!(first.post(mail(2)));
        first.close(|mail| got.push(mail.timer));
        assert_eq!(got, [1, 2]);

        assert!(!first.post(mail(3)), "the request has ended");
        let second = mailbox.open();
        assert!(!first.post(mail(4)), "another request has its mailbox now");
        second.close(|mail| panic!("{mail:?}"));
    }

    #[test]
    fn a_mailbox_is_bounded_and_gives_its_memory_back() {
        let mailbox = Mailbox::obtain();
        let request = mailbox.open();
        let taken = (0..20_000).filter(|&n| request.post(mail(n))).count();
        assert_eq!(taken, MAX_MAIL);
        let mut got = 0;
        request.close(|_| got += 1);
        assert_eq!(got, MAX_MAIL);
        assert!(lock(&mailbox.mail).capacity() <= USUAL_MAIL);
    }

    #[test]
    fn mailboxes_are_used_again() {
        // Other tests take and give back, too: so several at once.
        let taken: Vec<_> = (0..50).map(|_| Mailbox::obtain()).collect();
        for mailbox in &taken {
            mailbox.release();
        }
        let again: Vec<_> = (0..50).map(|_| Mailbox::obtain()).collect();
        let found = |mailbox: &&&'static Mailbox| again.iter().any(|it| ptr::eq(*it, **mailbox));
        assert!(taken.iter().filter(found).count() > 25);
    }

    #[test]
    fn nothing_is_lost_between_threads() {
        for _ in 0..200 {
            let request = Mailbox::obtain().open();
            let mut got = 0;
            let taken: usize = std::thread::scope(|scope| {
                let posts = [0, 1].map(|n| {
                    scope.spawn(move || (0..50).filter(|i| request.post(mail(n * 50 + i))).count())
                });
                request.collect(|_| got += 1);
                request.close(|_| got += 1);
                posts.into_iter().map(|post| post.join().unwrap()).sum()
            });
            assert_eq!(got, taken, "whoever was told that the mail is in must be right");
        }
    }
}

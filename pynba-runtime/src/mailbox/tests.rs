//! What reaches a request, and what is too much or too late.

use std::time::Duration;

use super::*;
use crate::clock::Tick;
use crate::tags::Tags;
use crate::timers::Late;

fn mail(number: u64) -> Mail {
    Mail::Timer { number, change: Change::HitCount(1) }
}

fn numbers(shared: &mut Shared) -> Vec<u64> {
    let number = |mail| match mail {
        Mail::Timer { number, .. } => number,
        Mail::Told(..) => panic!("nothing was told"),
    };
    shared.take_mail().0.map(number).collect()
}

#[test]
fn mail_reaches_the_request_that_is_open_and_no_other() {
    let mailbox = Mailbox::obtain();
    let first = mailbox.open();
    assert!(first.post(mail(1)) && first.is_open());
    let mut got = Vec::new();
    first.collect(|shared| got.extend(numbers(shared)));
    first.collect(|_| panic!("there is no more"));
    assert!(first.post(mail(2)));
    first.close(|shared| got.extend(numbers(shared)));
    assert_eq!(got, [1, 2]);

    assert!(!first.post(mail(3)) && !first.is_open(), "the request has ended");
    let second = mailbox.open();
    assert!(!first.post(mail(4)), "another request has its mailbox now");
    assert!(first.join(|_| ()).is_none());
    second.close(|shared| panic!("{shared:?}"));
}

#[test]
fn what_handles_measure_stays_until_the_end_and_no_longer() {
    let mailbox = Mailbox::obtain();
    let request = mailbox.open();
    request.joined(|_| panic!("there is nothing yet"));
    let tags = Tags::new().with("a", "b");
    let since = Tick::now();
    let start = |shared: &mut Shared| shared.timers.start(tags.parts().0, tags.parts().1, since);
    let number = request.join(start).flatten().expect("room");
    assert!(is_joined(number));
    request.collect(|_| panic!("that is no mail"));
    let mut timers = Timers::from(0);
    request.joined(|shared| assert_eq!(shared.timers.len(), 1));
    request.join(|shared| shared.timers.add(&tags, Duration::ZERO, 1));
    request.close(|shared| timers.absorb(&mut shared.timers, Late::IsLost));
    assert_eq!((timers.len(), timers.take_losses().late), (1, 1));

    let next = mailbox.open();
    next.join(|shared| assert_eq!(shared.timers.len(), 0));
}

#[test]
fn a_mailbox_is_bounded_and_gives_its_memory_back() {
    let mailbox = Mailbox::obtain();
    let request = mailbox.open();
    assert!((0..20_000).all(|n| request.post(mail(n))));
    // An end has its own place.
    request.post(Mail::Timer { number: 0, change: Change::Discard });
    let (mut got, mut refused) = (0, 0);
    request.close(|shared| {
        let (mail, more) = shared.take_mail();
        refused = more;
        got = mail.count();
    });
    assert_eq!((got, refused), (MAX_MAIL + 1, 20_000 - MAX_MAIL as u64));
    assert!(mailbox.lock().mail.capacity() <= USUAL_MAIL);
}

#[test]
fn texts_in_the_mail_are_bounded() {
    let request = Mailbox::obtain().open();
    let tags = Tags::new().with("a", "x".repeat(1_000));
    for _ in 0..1_000 {
        request.post(Mail::Timer { number: 0, change: Change::Tags(tags.clone()) });
        request.post(Mail::Told(1_000, Box::new(|_| ())));
    }
    request.close(|shared| {
        assert!(shared.size <= MAX_SIZE && shared.size > MAX_SIZE / 2);
        let (mail, refused) = shared.take_mail();
        assert_eq!(mail.count() as u64 + refused, 2_000);
        assert_eq!(shared.size, 0);
    });
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
            request.collect(|shared| got += numbers(shared).len());
            request.close(|shared| got += numbers(shared).len());
            posts.into_iter().map(|post| post.join().unwrap()).sum()
        });
        assert_eq!(got, taken, "whoever was told that the mail is in must be right");
    }
}

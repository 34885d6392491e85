//! Every order in which threads may take their steps, tried by `loom`: what a mailbox takes, its request gets,
//! and nothing reaches the next request.
//!
//! `RUSTFLAGS="--cfg pynba_loom" cargo test -p pynba-runtime --lib --release loom --target-dir target/loom`

use std::time::Duration;

use ::loom::sync::Arc;
use ::loom::sync::atomic::AtomicBool;
use ::loom::{model, thread};

use super::*;
use crate::tags::Tags;

const NONE: [u64; 0] = [];

fn mail(number: u64) -> Mail {
    Mail::Timer { number, change: Change::Discard }
}

/// Before each act, a write to what all threads share: `loom` then tries the acts in every order. By itself it
/// does not where an act begins with reading the state, because of several readers it remembers the last only.
fn step(request: RequestId) {
    request.mailbox.generations.fetch_add(0, Ordering::Relaxed);
}

/// Which of them the mailbox took.
fn post<const N: usize>(request: RequestId, numbers: [u64; N]) -> Vec<u64> {
    let post = |number: &u64| {
        step(request);
        request.post(mail(*number))
    };
    numbers.into_iter().filter(post).collect()
}

fn numbers(shared: &mut Shared) -> Vec<u64> {
    let number = |mail| match mail {
        Mail::Timer { number, .. } => number,
        Mail::Told(..) => panic!("nothing was told"),
    };
    shared.take_mail().0.map(number).collect()
}

/// The mail so far.
fn collect(request: RequestId) -> Vec<u64> {
    let mut got = Vec::new();
    step(request);
    request.collect(|shared| got = numbers(shared));
    got
}

/// The request ends: the mail that it had not read yet.
fn close(request: RequestId) -> Vec<u64> {
    let mut got = Vec::new();
    step(request);
    request.close(|shared| got = numbers(shared));
    got
}

/// A handle measures a timer. How many were taken.
fn measure(request: RequestId) -> usize {
    let add = |shared: &mut Shared| shared.timers.add(&Tags::new(), Duration::ZERO, 1);
    step(request);
    usize::from(request.join(add).is_some())
}

/// The request ends: how many timers handles had measured.
fn close_measured(request: RequestId) -> usize {
    let mut got = 0;
    step(request);
    request.close(|shared| got = shared.timers.len());
    got
}

#[test]
fn mail_arrives_or_is_refused() {
    model(|| {
        let mailbox = Mailbox::obtain();
        let request = mailbox.open();
        let poster = thread::spawn(move || post(request, [1, 2]));
        let got = close(request);
        assert!(!request.is_open());
        assert_eq!(got, poster.join().unwrap());
        assert_eq!(close(mailbox.open()), NONE);
    });
}

#[test]
fn mail_is_read_once_and_in_order_while_the_request_goes_on() {
    model(|| {
        let mailbox = Mailbox::obtain();
        let request = mailbox.open();
        let poster = thread::spawn(move || post(request, [1, 2]));
        let mut got = collect(request);
        got.extend(collect(request));
        got.extend(close(request));
        assert_eq!(got, poster.join().unwrap());
        assert_eq!(close(mailbox.open()), NONE);
    });
}

#[test]
fn mail_of_two_arrives() {
    model(|| {
        let request = Mailbox::obtain().open();
        let posters = [1, 2].map(|number| thread::spawn(move || post(request, [number])));
        let mut got = collect(request);
        got.extend(close(request));
        let taken = posters.map(|poster| poster.join().unwrap()).concat();
        got.sort_unstable();
        assert_eq!(got, taken);
    });
}

#[test]
fn what_was_said_before_is_known() {
    model(|| {
        let request = Mailbox::obtain().open();
        let said = Arc::new(AtomicBool::new(false));
        let posters = [(1, Some(said.clone())), (2, None)].map(|(number, said)| {
            thread::spawn(move || {
                assert!(request.post(mail(number)));
                said.inspect(|said| said.store(true, Ordering::Release));
            })
        });
        let first = collect(request);
        let knows = said.load(Ordering::Acquire);
        let second = collect(request);
        assert!(!knows || first.contains(&1) || second.contains(&1));
        for poster in posters {
            poster.join().unwrap();
        }
    });
}

#[test]
fn nothing_reaches_the_next_request() {
    model(|| {
        let mailbox = Mailbox::obtain();
        let first = mailbox.open();
        let late = thread::spawn(move || (post(first, [1]), measure(first)));
        let mut got = (Vec::new(), 0);
        first.close(|shared| got = (numbers(shared), shared.timers.len()));

        let second = mailbox.open();
        assert!(second.is_open() && !first.is_open());
        assert_eq!(post(second, [2]), [2]);
        assert_eq!(measure(second), 1);
        second.close(|shared| {
            assert_eq!((numbers(shared), shared.timers.len()), (vec![2], 1));
        });
        assert_eq!(got, late.join().unwrap());
    });
}

#[test]
fn nothing_reaches_the_next_request_on_another_thread() {
    model(|| {
        let mailbox = Mailbox::obtain();
        let first = mailbox.open();
        let late = thread::spawn(move || post(first, [1]));
        let got = close(first);
        let next = thread::spawn(move || {
            let second = mailbox.open();
            assert_eq!(post(second, [2]), [2]);
            close(second)
        });
        assert_eq!(got, late.join().unwrap());
        assert_eq!(next.join().unwrap(), [2]);
    });
}

#[test]
fn what_handles_measure_arrives_or_is_refused() {
    model(|| {
        let request = Mailbox::obtain().open();
        let handles = [(); 2].map(|()| thread::spawn(move || measure(request)));
        let got = close_measured(request);
        let taken: usize = handles.map(|handle| handle.join().unwrap()).iter().sum();
        assert_eq!(got, taken);
    });
}

#[test]
fn what_handles_measure_may_be_looked_at() {
    model(|| {
        let request = Mailbox::obtain().open();
        let handle = thread::spawn(move || measure(request) + measure(request));
        let mut seen = 0;
        step(request);
        request.joined(|shared| seen = shared.timers.len());
        let got = close_measured(request);
        assert!(seen <= got, "it stays there");
        assert_eq!(got, handle.join().unwrap());
    });
}

#[test]
fn what_handles_measure_is_flushed_once() {
    model(|| {
        let request = Mailbox::obtain().open();
        let handle =
            thread::spawn(move || (measure(request), post(request, [1]), measure(request)));
        let mut got = 0;
        step(request);
        request.joined(|shared| {
            got += shared.timers.len();
            shared.timers.clear();
        });
        let mut read = collect(request);
        step(request);
        request.close(|shared| {
            got += shared.timers.len();
            read.extend(numbers(shared));
        });
        let (first, taken, second) = handle.join().unwrap();
        assert_eq!((got, read), (first + second, taken));
    });
}

#[test]
fn an_ended_request_stays_ended() {
    model(|| {
        let mailbox = Mailbox::obtain();
        let first = mailbox.open();
        let looks = thread::spawn(move || [(); 3].map(|()| first.is_open()));
        close(first);
        let second = mailbox.open();
        assert_eq!(measure(second), 1);
        let seen = looks.join().unwrap();
        assert!(seen.is_sorted_by_key(|open| !open), "{seen:?}");
        assert!(second.is_open());
    });
}

//! What is measured: a request with N timers, each with two tags out of five distinct sets.
#![allow(dead_code, reason = "shared by several programs, of which each uses what it needs")]

use std::future::poll_fn;
use std::hint::black_box;
use std::task::Poll;

use pynba::{Reporter, monitor, timer};

pub(crate) const NAMES: [&str; 5] = ["w0", "w1", "w10", "w100", "d10"];

pub(crate) type Workload = fn(&Reporter);

pub(crate) fn named(name: &str) -> Option<Workload> {
    let workload: Workload = match name {
        "w0" => w0,
        "w1" => w1,
        "w10" => w10,
        "w100" => w100,
        "d10" => d10,
        _ => return None,
    };
    Some(workload)
}

#[monitor(reporter)]
pub(crate) fn w0(reporter: &Reporter) {}

#[monitor(reporter)]
pub(crate) fn w1(reporter: &Reporter) {
    let _timer = timer!(group = "db", op = "select");
}

#[monitor(reporter)]
pub(crate) fn w10(reporter: &Reporter) {
    for _ in 0..2 {
        five_timers();
    }
}

#[monitor(reporter)]
pub(crate) fn w100(reporter: &Reporter) {
    for _ in 0..20 {
        five_timers();
    }
}

/// One value is formatted at run time.
#[monitor(reporter)]
pub(crate) fn d10(reporter: &Reporter) {
    for shard in 0..2_u32 {
        let shard = black_box(shard);
        drop(timer!(op = "select", shard));
        drop(timer!(op = "update", shard));
        drop(timer!(op = "get", shard));
        drop(timer!(op = "set", shard));
        drop(timer!(op = "page", shard));
    }
}

#[inline]
pub(crate) fn five_timers() {
    drop(timer!(group = "db", op = "select"));
    drop(timer!(group = "db", op = "update"));
    drop(timer!(group = "cache", op = "get"));
    drop(timer!(group = "cache", op = "set"));
    drop(timer!(group = "render", op = "page"));
}

/// Five timers, so many times.
#[monitor(reporter)]
pub(crate) fn many(reporter: &Reporter, fives: u32) {
    for _ in 0..fives {
        five_timers();
    }
}

/// W10, each timer across an `.await` that waits once.
#[monitor(reporter)]
pub(crate) async fn w10_async(reporter: &Reporter) {
    for _ in 0..2 {
        timer!(group = "db", op = "select" => waits(1).await);
        timer!(group = "db", op = "update" => waits(1).await);
        timer!(group = "cache", op = "get" => waits(1).await);
        timer!(group = "cache", op = "set" => waits(1).await);
        timer!(group = "render", op = "page" => waits(1).await);
    }
}

/// Nothing but so many polls.
#[monitor(reporter)]
pub(crate) async fn polled(reporter: &Reporter, polls: u32) {
    waits(polls).await;
}

/// The same without a monitor.
pub(crate) async fn polled_bare(polls: u32) {
    waits(polls).await;
}

/// Is not ready so many times.
async fn waits(mut polls: u32) {
    poll_fn(|_| {
        if black_box(polls) == 0 {
            return Poll::Ready(());
        }
        polls -= 1;
        Poll::Pending
    })
    .await;
}

/// A timer, in whatever request is open. Not inlined, so that no loop around it looks only once whether one is.
#[inline(never)]
pub(crate) fn one_timer() {
    drop(timer!(group = "db", op = "select"));
}

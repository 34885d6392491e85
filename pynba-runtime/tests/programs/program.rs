//! A program and its model. The fuzz targets include this file too.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::{io, mem, thread};

use pynba_runtime::__rt::{self, StaticTags};
use pynba_runtime::testing::{self, Captured};
use pynba_runtime::{
    DetachedRequest, Reporter, RequestGuard, Rusage, TimerGuard, Transport, current,
};

static DB: StaticTags = StaticTags::new(&[("group", "db"), ("op", "select")]);
static MAIL: StaticTags = StaticTags::new(&[("group", "mail")]);
static SHARD: StaticTags = StaticTags::new(&[("group", "db")]).names(&["shard"]);

/// How many kinds of steps there are.
pub(crate) const KINDS: u8 = 20;

type Steps = std::vec::IntoIter<(u8, usize)>;

type Pairs = Vec<(String, String)>;

/// How a program runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) rusage: Rusage,
    pub(crate) captures: bool,
    /// It has a thread of its own, so that it may leave requests open.
    pub(crate) ends_its_thread: bool,
}

/// A request as it is to be sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sent {
    name: String,
    status: u32,
    tags: BTreeMap<String, String>,
    timers: Vec<Pairs>,
}

/// What the program holds of a request.
enum Held {
    Guard(RequestGuard),
    Silent(#[expect(dead_code, reason = "it is there to be dropped")] RequestGuard),
    Detached { request: Box<DetachedRequest>, entered: bool },
}

#[derive(Default)]
struct Program {
    held: Vec<(usize, Held)>,
    timers: Vec<TimerGuard>,
    /// The model: the requests that are current inside each other, `None` for one that is not recorded.
    stack: Vec<(usize, bool)>,
    open: BTreeMap<usize, Sent>,
    sent: Vec<Sent>,
    next: usize,
    /// Whether it may leave requests open.
    forgets: bool,
}

impl Program {
    fn begin(&mut self) -> (usize, String) {
        let number = self.next;
        self.next += 1;
        let name = format!("/request/{}", number % 3);
        self.open.insert(number, Sent { name: name.clone(), status: 200, ..Sent::default() });
        (number, name)
    }

    /// The request into which is measured.
    fn current(&mut self) -> Option<&mut Sent> {
        let (number, is_recorded) = *self.stack.last()?;
        is_recorded.then(|| self.open.get_mut(&number).expect("an open request"))
    }

    fn end(&mut self, at: usize) {
        let (number, held) = self.held.remove(at);
        // Those that are not recorded have no name: they are of functions, which end in their order.
        let is_it = |(other, is_recorded): &(usize, bool)| match held {
            Held::Silent(_) => !is_recorded,
            Held::Guard(_) | Held::Detached { .. } => *other == number,
        };
        if let Some(at) = self.stack.iter().rposition(is_it) {
            self.stack.remove(at);
        }
        self.sent.extend(self.open.remove(&number));
        match held {
            Held::Detached { request, .. } => request.finish(),
            Held::Guard(_) | Held::Silent(_) => drop(held),
        }
    }

    fn start(&mut self, fixed: &'static StaticTags, known: &[(&str, &str)], shard: Option<u8>) {
        let mut pairs = own(known);
        pairs.extend(shard.map(|shard| ("shard".to_owned(), shard.to_string())));
        self.timers.push(match shard {
            None => __rt::timer(fixed),
            Some(shard) => __rt::timer_with(fixed, |tags| tags.add(0, &shard)),
        });
        if let Some(request) = self.current() {
            request.timers.push(pairs);
        }
    }

    /// Steps until there are none, or so many.
    fn steps(&mut self, reporter: &Reporter, steps: &mut Steps, limit: usize) {
        for _ in 0..limit {
            match steps.next() {
                Some((16 | 17, which)) => self.poll(reporter, steps, which),
                Some((what, which)) => self.step(reporter, what, which),
                None => return,
            }
        }
    }

    /// A detached request that is current nowhere.
    fn take_detached(&mut self) -> Option<(usize, Box<DetachedRequest>)> {
        let is_detached =
            |(_, held): &(usize, Held)| matches!(held, Held::Detached { entered: false, .. });
        let at = self.held.iter().position(is_detached)?;
        match self.held.remove(at) {
            (number, Held::Detached { request, .. }) => Some((number, request)),
            (_, Held::Guard(_) | Held::Silent(_)) => None,
        }
    }

    /// Some polls of a future as the work of a request, each of which does some of the steps, and may come to its end,
    /// or panic, with which the request ends.
    fn poll(&mut self, reporter: &Reporter, steps: &mut Steps, which: usize) {
        let Some((number, mut request)) = self.take_detached() else { return };
        let mut panics = false;
        let future = poll_fn(|_| {
            self.stack.push((number, true));
            self.steps(reporter, steps, which % 5);
            self.stack.retain(|(other, _)| *other != number);
            if which % 8 == 7 {
                // The hook for panics is not told.
                resume_unwind(Box::new(()));
            }
            if which.is_multiple_of(3) { Poll::Ready(()) } else { Poll::Pending }
        });
        {
            let mut work = pin!(request.around(future));
            let mut context = Context::from_waker(Waker::noop());
            for _ in 0..=which % 7 {
                let poll = AssertUnwindSafe(|| work.as_mut().poll(&mut context));
                match catch_unwind(poll) {
                    Ok(Poll::Pending) => {}
                    Ok(Poll::Ready(())) => break,
                    Err(_) => {
                        panics = true;
                        break;
                    }
                }
            }
        }
        if panics {
            let request = self.open.remove(&number).expect("an open request");
            self.sent.push(Sent { status: 500, ..request });
            return;
        }
        self.held.push((number, Held::Detached { request, entered: false }));
    }

    /// Another thread works for a detached request. If it ends before it has let go of that, the request is lost.
    fn elsewhere(&mut self, which: usize) {
        let Some((number, mut request)) = self.take_detached() else { return };
        let is_lost = which.is_multiple_of(3);
        let ended = self.timers.pop();
        let work = || {
            request.push();
            current().tag("elsewhere", "yes");
            drop(ended);
            let timer = __rt::timer(&DB);
            if !is_lost {
                request.pop();
            }
            timer
        };
        let timer = thread::scope(|scope| scope.spawn(work).join());
        self.timers.push(timer.expect("no panic"));
        if is_lost {
            self.open.remove(&number);
            return;
        }
        let sent = self.open.get_mut(&number).expect("an open request");
        sent.tags.insert("elsewhere".to_owned(), "yes".to_owned());
        sent.timers.push(own(&[("group", "db"), ("op", "select")]));
        self.held.push((number, Held::Detached { request, entered: false }));
    }

    fn step(&mut self, reporter: &Reporter, what: u8, which: usize) {
        match what {
            0 => {
                let (number, name) = self.begin();
                self.held.push((number, Held::Guard(reporter.open(name))));
                self.stack.push((number, true));
            }
            1 => {
                let number = self.next;
                self.next += 1;
                self.held.push((number, Held::Silent(__rt::silent())));
                self.stack.push((number, false));
            }
            2 => {
                let (number, name) = self.begin();
                let request = Box::new(reporter.detached(name));
                self.held.push((number, Held::Detached { request, entered: false }));
            }
            3..=6 if !self.held.is_empty() => {
                let at = which % self.held.len();
                match &mut self.held[at] {
                    (number, Held::Detached { request, entered }) if what > 3 => {
                        if *entered {
                            request.pop();
                            let number = *number;
                            self.stack.retain(|(other, _)| *other != number);
                        } else {
                            request.push();
                            self.stack.push((*number, true));
                        }
                        *entered = !*entered;
                    }
                    _ => self.end(at),
                }
            }
            7 => self.start(&DB, &[("group", "db"), ("op", "select")], None),
            8 => self.start(&MAIL, &[("group", "mail")], None),
            // Some of them come again, and some do not.
            9 | 10 => {
                let shard = u8::try_from(which % 40).expect("a small number");
                self.start(&SHARD, &[("group", "db")], Some(shard));
            }
            11 | 12 if !self.timers.is_empty() => {
                drop(self.timers.swap_remove(which % self.timers.len()));
            }
            13 => {
                let value = (which % 5).to_string();
                current().tag("which", &value);
                if let Some(request) = self.current() {
                    request.tags.insert("which".to_owned(), value);
                }
            }
            14 => {
                let status = 400 + u32::try_from(which % 100).expect("a small number");
                current().set_status(status);
                if let Some(request) = self.current() {
                    request.status = status;
                }
            }
            15 if !self.held.is_empty() => {
                let (number, held) = &self.held[which % self.held.len()];
                let handle = match held {
                    Held::Guard(request) => request.current().handle(),
                    Held::Detached { request, .. } => request.handle(),
                    Held::Silent(_) => None,
                };
                let Some(handle) = handle else { return };
                handle.run(|| {
                    current().tag("joined", "yes");
                    drop(__rt::timer(&MAIL));
                });
                let request = self.open.get_mut(number).expect("an open request");
                request.tags.insert("joined".to_owned(), "yes".to_owned());
                request.timers.push(own(&[("group", "mail")]));
            }
            18 => self.elsewhere(which),
            19 if self.forgets && !self.held.is_empty() => {
                let at = which % self.held.len();
                if let Held::Guard(_) | Held::Silent(_) = self.held[at].1 {
                    mem::forget(self.held.remove(at));
                }
            }
            _ => {}
        }
    }
}

fn own(pairs: &[(&str, &str)]) -> Pairs {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Those that joined a request by a handle stand after its own.
fn in_any_order(mut timers: Vec<Pairs>) -> Vec<Pairs> {
    timers.sort();
    timers
}

/// Keeps the packets. `testing::capture` would, too, but what is captured does not take the shortest way.
#[derive(Clone, Default)]
struct Keep(Arc<Mutex<Vec<Captured>>>);

impl Transport for Keep {
    fn send(&self, packet: &[u8]) -> io::Result<()> {
        let packet = Captured::decode(packet).map_err(io::Error::other)?;
        self.0.lock().expect("no panic").push(packet);
        Ok(())
    }
}

/// Does the steps, then ends what is held, and gives what was sent and what was to be.
pub(crate) fn run(setting: Setting, steps: Vec<(u8, usize)>) -> (Vec<Sent>, Vec<Sent>) {
    if setting.ends_its_thread {
        thread::scope(|scope| scope.spawn(|| run_here(setting, steps)).join()).expect("no panic")
    } else {
        run_here(setting, steps)
    }
}

fn run_here(setting: Setting, steps: Vec<(u8, usize)>) -> (Vec<Sent>, Vec<Sent>) {
    let Setting { rusage, captures, ends_its_thread } = setting;
    let kept = Keep::default();
    let builder = Reporter::builder().transport(kept.clone()).hostname("h").rusage(rusage);
    let reporter = builder.build().unwrap();
    let mut expected = Vec::new();
    let act = || {
        let mut program = Program { forgets: ends_its_thread, ..Program::default() };
        program.steps(&reporter, &mut steps.into_iter(), usize::MAX);
        while !program.held.is_empty() {
            program.end(0);
        }
        let in_any_order = |sent: Sent| Sent { timers: in_any_order(sent.timers), ..sent };
        expected = program.sent.into_iter().map(in_any_order).collect();
    };
    let packets = if captures {
        testing::capture(act)
    } else {
        act();
        mem::take(&mut *kept.0.lock().unwrap())
    };
    (packets.iter().map(sent).collect(), expected)
}

fn sent(packet: &Captured) -> Sent {
    Sent {
        name: packet.script_name.clone(),
        status: packet.status.unwrap_or_default(),
        tags: packet.tags().into_iter().collect(),
        timers: in_any_order(packet.timers().into_iter().map(|timer| timer.tags).collect()),
    }
}

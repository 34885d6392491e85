//! Timers of equal tags become one: their times and hits are summed.

use super::{State, Timer, Timers};

const EMPTY: u32 = u32::MAX;

impl Timers {
    /// Folds all that have stopped.
    pub(crate) fn fold(&mut self) {
        self.fold_where(|_| true);
    }

    /// Folds those that have stopped and that `may` be folded, in time linear in their number, and forgets
    /// those that were discarded or have no tags. The first of each kind keeps its place.
    pub(super) fn fold_where(&mut self, may: impl Fn(&Timer) -> bool) {
        let Self { list, pairs, table, cpus, .. } = self;
        let slots = (list.len() * 2).next_power_of_two();
        table.clear();
        table.resize(slots, EMPTY);
        let mut kept = 0;
        for at in 0..list.len() {
            let equal = match list[at].state {
                State::Discarded => continue,
                State::Ready { .. } | State::Running { .. } => None,
                State::Stopped { .. } if !may(&list[at]) => None,
                State::Stopped { .. } if list[at].tags(pairs).len() == 0 => {
                    self.losses.untagged += 1;
                    continue;
                }
                State::Stopped { .. } => {
                    let tags = list[at].tags(pairs);
                    let mut slot = tags.hash(slots);
                    loop {
                        let Some(other) = list.get(table[slot] as usize) else {
                            table[slot] = u32::try_from(kept).unwrap_or(EMPTY);
                            break None;
                        };
                        if other.tags(pairs).equals(tags) {
                            break Some(table[slot] as usize);
                        }
                        slot = (slot + 1) & (slots - 1);
                    }
                }
            };
            if let Some(equal) = equal {
                let (folded, cpu) = (list[at].clone(), list[equal].cpu as usize);
                list[equal].absorb(&folded);
                if let Some(more) = cpus.get(folded.cpu as usize).copied() {
                    if let Some(cpu) = cpus.get_mut(cpu) {
                        cpu.cpu += more.cpu;
                    } else {
                        list[equal].cpu = folded.cpu;
                    }
                }
                self.losses.merged += 1;
            } else {
                list.swap(kept, at);
                kept += 1;
            }
        }
        // Something may have been merged.
        self.may_have_lost |= kept < list.len();
        list.truncate(kept);
    }
}

impl Timer {
    fn absorb(&mut self, other: &Self) {
        if let (State::Stopped { value }, State::Stopped { value: more }) =
            (&mut self.state, other.state)
        {
            *value = value.saturating_add(more);
            self.hit_count = self.hit_count.max(1).saturating_add(other.hit_count.max(1));
        }
    }
}

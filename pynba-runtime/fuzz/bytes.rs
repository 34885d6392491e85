//! Programs as bytes: the first one says how it runs, and each step takes two.

use pynba_runtime::Rusage;

use crate::program::{self, KINDS, Setting};

/// So many timers fit into a packet of the usual size.
const MOST: usize = 1000;

pub(crate) fn run(data: &[u8]) {
    let Some((how, steps)) = data.split_first() else { return };
    let setting = Setting {
        rusage: [Rusage::Off, Rusage::Thread, Rusage::Process][usize::from(how % 3)],
        captures: how / 3 % 2 == 1,
        ends_its_thread: how / 6 % 2 == 1,
    };
    let steps = steps.chunks_exact(2).take(MOST);
    let steps = steps.map(|step| (step[0] % KINDS, usize::from(step[1]))).collect();
    let (sent, expected) = program::run(setting, steps);
    assert_eq!(sent, expected);
}

//! Programs made at random, which open, enter, leave and end requests and timers in any order, against a model that
//! is slow and obvious: a stack.
#![cfg(feature = "enable")]

#[path = "programs/program.rs"]
mod program;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use pynba_runtime::Rusage;

use program::{KINDS, Setting};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn measure_what_a_stack_would(
        steps in vec((0..KINDS, any::<usize>()), 1..120),
        rusage in select(&[Rusage::Off, Rusage::Thread, Rusage::Process]),
        captures in any::<bool>(),
        ends_its_thread in any::<bool>(),
    ) {
        let (sent, expected) = program::run(Setting { rusage, captures, ends_its_thread }, steps);
        prop_assert_eq!(sent, expected);
    }
}

//! Any datagram: the decoder takes it if the reference does, reads the same, and never panics.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use pynba_collector::packet::Decoder;

#[path = "../../tests/packet/reference.rs"]
mod reference;
#[path = "../../tests/packet/same.rs"]
mod same;

thread_local! {
    /// One for all datagrams: what an earlier one leaves behind must not be seen.
    static DECODER: RefCell<Decoder> = RefCell::default();
}

fuzz_target!(|datagram: &[u8]| {
    DECODER.with_borrow_mut(|decoder| {
        let _ = same::check(decoder, datagram);
    });
});

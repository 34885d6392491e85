//! The shortest program: one request with one timer.
//!
//! `PINBA_SERVER=127.0.0.1:30002 cargo run --example timer`

use pynba::{monitor, timer};

#[monitor]
fn main() {
    let _timer = timer!(foo = "bar", baz = ["seq1", "seq2"], qux = { map1 = "val1" });
    if !pynba::current().is_active() {
        println!("nothing is recorded: set PINBA_SERVER=host:port");
    }
}

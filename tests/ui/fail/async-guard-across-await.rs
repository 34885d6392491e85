//! A request belongs to its thread: kept across an `.await`, it would be current for whatever else runs there.

use pynba::{Reporter, monitor};
use std::future::ready;

async fn opened(reporter: Reporter) {
    let _request = reporter.open("/users/{id}");
    ready(()).await;
}

async fn entered(reporter: Reporter) {
    let mut request = reporter.detached("/users/{id}");
    let _entered = request.enter();
    ready(()).await;
}

#[monitor]
async fn inside_of_another() {
    let _request = Reporter::builder().build().map(|reporter| reporter.open("/users/{id}"));
    ready(()).await;
}

fn assert_send<T: Send>(_: T) {}

fn main() {
    let Ok(reporter) = Reporter::builder().server("127.0.0.1:30002").build() else { return };
    assert_send(opened(reporter.clone()));
    assert_send(entered(reporter));
    assert_send(inside_of_another());
}

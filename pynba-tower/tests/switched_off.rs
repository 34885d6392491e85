//! Where nothing is recorded the layer changes nothing.

mod common;

use std::env;
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use axum::Router;
use axum::http::Request;
use axum::routing::get;
use pynba::{current, tags};

use common::{layer, serve};

const TOLD: &str = "PYNBA_TEST_CHILD";

static ASKED: AtomicBool = AtomicBool::new(false);

fn asked<R>(answer: R) -> R {
    ASKED.store(true, Relaxed);
    answer
}

#[test]
fn child() {
    if env::var_os(TOLD).is_none() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (layer, mut packets) = layer();
        let layer =
            layer.script_name(|_| asked("")).filter(|_| asked(true)).tags(|_| asked(tags!(a = 1)));
        let handler = |request: Request<axum::body::Body>| async move {
            assert!(request.headers().contains_key("host"));
            format!("active: {}", current().is_active())
        };
        let server = serve(Router::new().route("/", get(handler)).layer(layer)).await;
        let answer = common::get(server, "/").await;
        assert!(answer.contains("content-length: 13\r\n"), "{answer}");
        assert!(answer.ends_with("active: false"), "{answer}");
        assert!(packets.is_empty());
        assert!(!ASKED.load(Relaxed), "nobody wants to know");
        println!("it is served");
    });
}

#[test]
fn by_the_environment() {
    let program = env::current_exe().unwrap();
    let mut child = Command::new(program);
    child.args(["--exact", "child", "--nocapture"]).env(TOLD, "1").env("PINBA_ENABLED", "0");
    let output = child.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("it is served"), "{said}");
}

#[cfg(not(feature = "enable"))]
#[test]
fn by_the_feature() {
    let program = env::current_exe().unwrap();
    let mut child = Command::new(program);
    let output = child.args(["--exact", "child", "--nocapture"]).env(TOLD, "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("it is served"), "{said}");
}

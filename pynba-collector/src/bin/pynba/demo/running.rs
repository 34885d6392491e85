//! A shop beside whatever else this process does.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use pynba_runtime::{Reporter, Rusage};

use super::sender::run_until;
use super::shop::{Plan, Shop};

use crate::sending;

/// Sends until it is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    stops: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    pub(crate) fn begin(server: SocketAddr) -> Result<Self, Box<dyn Error>> {
        if !sending::is_enabled() {
            return Err(
                "there is nothing to be seen: PINBA_ENABLED says that nothing is sent".into()
            );
        }
        // What goes wrong is seen: nothing arrives.
        let reporter =
            Reporter::builder().server(server.to_string()).rusage(Rusage::Off).build()?;
        let stops = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stops);
        let thread = thread::Builder::new().name("pynba-demo".into()).spawn(move || {
            run_until(|| asked.load(Ordering::Relaxed), &reporter, Shop::new(Plan::default()));
        })?;
        Ok(Self { stops, thread: Some(thread) })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stops.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // One that panicked said so itself.
            let _ = thread.join();
        }
    }
}

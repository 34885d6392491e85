//! Many packets with one system call, where the system has such a call.

#[cfg(all(target_os = "linux", not(pynba_portable)))]
mod linux;
#[cfg(not(all(target_os = "linux", not(pynba_portable))))]
mod one_by_one;
#[cfg(all(target_os = "linux", not(pynba_portable)))]
mod system;

use std::time::Duration;

#[cfg(all(target_os = "linux", not(pynba_portable)))]
pub(super) use self::linux::Batch;
#[cfg(not(all(target_os = "linux", not(pynba_portable))))]
pub(super) use self::one_by_one::Batch;

/// How long a full send buffer is waited for. A network of 100 Mbit/s empties it in that time.
const PATIENCE: Duration = Duration::from_millis(20);

#[cfg(all(test, target_os = "linux", not(pynba_portable)))]
mod tests;

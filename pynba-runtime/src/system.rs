//! What only the operating system knows: the processor time used, the memory used, the host's name.
//!
//! The `unsafe` of these calls stands here, behind safe functions. Where there is no such call
//! (or with `--cfg pynba_portable`, to try that branch anywhere) they answer zero or a stand-in.

#![allow(unsafe_code)]

use std::ops::AddAssign;
use std::time::Duration;

use once_cell::sync::OnceCell;

/// Of which processor time a request reports the difference between its end and its start.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Rusage {
    /// Of the whole process, `getrusage(RUSAGE_SELF)`: what every Pinba client reports. Requests that
    /// run at the same time each report the time of all of them.
    #[default]
    Process,
    /// Of the threads that run the request, while they run it, `getrusage(RUSAGE_THREAD)`: summed over the polls
    /// of a future, and over what runs in its [`Handle`](crate::Handle)s. Right for servers that run many requests
    /// at once. It takes two system calls for each poll, some 300 ns together. Linux only; elsewhere as
    /// [`Process`](Self::Process). A [`ScriptMonitor`](crate::ScriptMonitor) that was moved to another thread has
    /// nothing to tell.
    Thread,
    /// Not asked for: `ru_utime`, `ru_stime` and `memory_peak` are 0 unless set (with
    /// [`alloc::Tracking`](crate::alloc::Tracking) the last is the heap's peak nevertheless). Saves two system calls
    /// for each request.
    Off,
}

/// Processor time, in user mode and in the kernel.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Cpu {
    pub(crate) user: Duration,
    pub(crate) system: Duration,
}

impl Cpu {
    pub(crate) fn since(self, from: Self) -> Self {
        Self {
            user: self.user.saturating_sub(from.user),
            system: self.system.saturating_sub(from.system),
        }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            user: self.user.saturating_add(other.user),
            system: self.system.saturating_add(other.system),
        }
    }
}

impl AddAssign for Cpu {
    fn add_assign(&mut self, other: Self) {
        *self = self.plus(other);
    }
}

/// Processor time used so far, and the largest resident set so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    pub(crate) cpu: Cpu,
    /// Bytes; of the whole process, whichever [`Rusage`] was asked for.
    pub(crate) memory_peak: u64,
}

impl Usage {
    pub(crate) fn since(self, from: Self) -> Cpu {
        self.cpu.since(from.cpu)
    }
}

impl Rusage {
    /// What was used until now; zeros when it is [`Off`](Self::Off) or cannot be told.
    pub(crate) fn now(self) -> Usage {
        match self {
            Self::Off => Usage::default(),
            Self::Process | Self::Thread => usage(self).unwrap_or_default(),
        }
    }
}

/// This machine's name, asked for once. Never empty.
pub(crate) fn hostname() -> &'static str {
    static HOSTNAME: OnceCell<String> = OnceCell::new();
    HOSTNAME.get_or_init(|| {
        read_hostname().filter(|name| !name.is_empty()).unwrap_or_else(|| "localhost".to_owned())
    })
}

/// `ENOBUFS`: the system ran out of buffers before the socket's own was full. The standard library has
/// no name for it.
pub(crate) fn is_out_of_buffers(error: &std::io::Error) -> bool {
    #[cfg(all(unix, not(pynba_portable)))]
    return error.raw_os_error() == Some(libc::ENOBUFS);
    #[cfg(any(not(unix), pynba_portable))]
    {
        let _ = error;
        false
    }
}

/// `EMSGSIZE`: larger than this system's datagrams (9216 bytes on macOS unless set otherwise).
pub(crate) fn is_too_large(error: &std::io::Error) -> bool {
    #[cfg(all(unix, not(pynba_portable)))]
    return error.raw_os_error() == Some(libc::EMSGSIZE);
    #[cfg(any(not(unix), pynba_portable))]
    {
        let _ = error;
        false
    }
}

#[cfg(all(unix, not(pynba_portable)))]
fn usage(of: Rusage) -> Option<Usage> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let who = if of == Rusage::Thread { libc::RUSAGE_THREAD } else { libc::RUSAGE_SELF };
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let who = {
        let _ = of;
        libc::RUSAGE_SELF
    };
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: `getrusage` writes a whole `rusage` to the pointer, which is valid for that.
    let done = unsafe { libc::getrusage(who, usage.as_mut_ptr()) };
    if done != 0 {
        return None;
    }
    // SAFETY: the call succeeded, so it has written the value.
    let usage = unsafe { usage.assume_init() };
    Some(Usage {
        cpu: Cpu { user: duration(usage.ru_utime), system: duration(usage.ru_stime) },
        // Kilobytes everywhere but on Apple's systems, where it is bytes (getrusage(2) of each).
        memory_peak: u64::try_from(usage.ru_maxrss).unwrap_or(0)
            * if cfg!(target_vendor = "apple") { 1 } else { 1024 },
    })
}

#[cfg(all(unix, not(pynba_portable)))]
fn duration(time: libc::timeval) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let micros = u64::try_from(time.tv_usec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_micros(micros)
}

#[cfg(all(unix, not(pynba_portable)))]
fn read_hostname() -> Option<String> {
    // POSIX limits the name to 255 bytes; one more for the NUL.
    let mut name = [0_u8; 256];
    // SAFETY: the pointer is valid for `name.len()` bytes, and no more are written.
    let done = unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len()) };
    if done != 0 {
        return None;
    }
    let name = std::ffi::CStr::from_bytes_until_nul(&name).ok()?;
    Some(name.to_string_lossy().into_owned())
}

#[cfg(any(not(unix), pynba_portable))]
fn usage(_of: Rusage) -> Option<Usage> {
    None
}

#[cfg(any(not(unix), pynba_portable))]
fn read_hostname() -> Option<String> {
    ["HOSTNAME", "COMPUTERNAME"].into_iter().find_map(|name| std::env::var(name).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(all(target_os = "linux", not(pynba_portable)))]
    fn work_shows_in_the_threads_usage() {
        let before = Rusage::Thread.now();
        let until = std::time::Instant::now() + Duration::from_secs(5);
        // The kernel counts in ticks on some machines: work until it shows, at most five seconds.
        while Rusage::Thread.now().cpu.user == before.cpu.user && std::time::Instant::now() < until
        {
        }
        assert!(Rusage::Thread.now().cpu.user > before.cpu.user);
        assert!(Rusage::Process.now().memory_peak > 100_000, "a resident set of some kilobytes");
    }

    #[test]
    fn off_asks_nothing() {
        assert_eq!(Rusage::Off.now().memory_peak, 0);
    }

    #[test]
    #[cfg(all(unix, not(pynba_portable)))]
    fn errors_without_a_name_are_known_by_their_number() {
        let told = |number| {
            let error = std::io::Error::from_raw_os_error(number);
            (is_out_of_buffers(&error), is_too_large(&error))
        };
        assert_eq!(told(libc::ENOBUFS), (true, false));
        assert_eq!(told(libc::EMSGSIZE), (false, true));
        assert_eq!(told(libc::EAGAIN), (false, false));
        let without_number = std::io::ErrorKind::WouldBlock.into();
        assert!(!is_out_of_buffers(&without_number) && !is_too_large(&without_number));
    }

    #[test]
    fn hostname_is_never_empty() {
        assert!(!hostname().is_empty());
    }
}

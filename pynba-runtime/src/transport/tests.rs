//! A program's own transport.

use super::*;
use crate::{Reporter, Stats};

/// What is counted when the program's transport fails like that, and what it is told.
fn failing(fails: fn() -> io::Error) -> (Stats, Error) {
    struct Fails(fn() -> io::Error);
    impl Transport for Fails {
        fn send(&self, _: &[u8]) -> io::Result<()> {
            Err((self.0)())
        }
    }
    let reporter = Reporter::builder().transport(Fails(fails)).raise_on_fail(true).build().unwrap();
    let error = reporter.send(b"packet").unwrap_err();
    (reporter.stats(), error)
}

#[test]
#[cfg(all(unix, not(pynba_portable)))]
fn a_system_out_of_buffers_counts_as_a_full_buffer() {
    let (stats, error) = failing(|| io::Error::from_raw_os_error(libc::ENOBUFS));
    assert_eq!(stats, Stats { buffer_full: 1, ..Stats::default() });
    assert_eq!(error.to_string(), "packet to the transport dropped, the send buffer is full");
    assert!(
        matches!(error, Error::Send { source, .. } if source.kind() == io::ErrorKind::WouldBlock)
    );
}

#[test]
#[cfg(all(unix, not(pynba_portable)))]
fn a_packet_that_the_system_finds_too_large_counts_as_one() {
    let (stats, error) = failing(|| io::Error::from_raw_os_error(libc::EMSGSIZE));
    assert_eq!(stats, Stats { too_large: 1, ..Stats::default() });
    let Error::Send { source, .. } = error else { panic!("{error:?}") };
    assert_eq!(source.raw_os_error(), Some(libc::EMSGSIZE), "as the transport said it");
}

#[test]
fn other_failures_are_told_as_they_are() {
    let (stats, error) = failing(|| io::Error::other("broken"));
    assert_eq!(stats, Stats { failed: 1, ..Stats::default() });
    assert!(matches!(error, Error::Send { source, .. } if source.to_string() == "broken"));
}

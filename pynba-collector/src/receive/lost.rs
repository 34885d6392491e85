//! Packets that the kernel dropped because nobody read them in time.

use std::net::UdpSocket;

/// How many packets did not fit into the receive buffers of these sockets. `None` where the system does not tell.
#[cfg(target_os = "linux")]
pub(crate) fn lost_by_kernel<'a>(sockets: impl Iterator<Item = &'a UdpSocket>) -> Option<u64> {
    // Unlike `SO_RXQ_OVFL`, which comes with the next packet, the table knows at once.
    let tables: Vec<String> = super::owner::tables().collect();
    let mut lost = 0;
    for socket in sockets {
        let inode = super::owner::inode(socket)?;
        let mut lines = tables.iter().flat_map(|table| table.lines());
        lost += lines
            .find_map(|line| super::owner::Entry::parse(line).filter(|entry| entry.inode == inode))?
            .drops;
    }
    Some(lost)
}

/// `None`, for this system does not tell.
#[cfg(not(target_os = "linux"))]
pub(crate) fn lost_by_kernel<'a>(_sockets: impl Iterator<Item = &'a UdpSocket>) -> Option<u64> {
    None
}

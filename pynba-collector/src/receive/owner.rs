//! Whose socket it is: the kernel's table of UDP sockets (`/proc/net/udp`, see proc(5)).

#[cfg(not(target_os = "linux"))]
pub(super) fn of_port(_port: u16) -> Option<String> {
    None
}

#[cfg(target_os = "linux")]
pub(super) use linux::{Entry, inode, of_port, tables};

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::net::UdpSocket;
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;

    /// A line of the table.
    #[derive(Clone, Copy, Debug, Eq, PartialEq)]
    pub(in super::super) struct Entry {
        pub(in super::super) port: u16,
        pub(in super::super) inode: u64,
        pub(in super::super) drops: u64,
    }

    impl Entry {
        pub(in super::super) fn parse(line: &str) -> Option<Self> {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let (_, port) = columns.get(1)?.rsplit_once(':')?;
            Some(Self {
                port: u16::from_str_radix(port, 16).ok()?,
                inode: columns.get(9)?.parse().ok()?,
                drops: columns.last()?.parse().ok()?,
            })
        }
    }

    pub(in super::super) fn tables() -> impl Iterator<Item = String> {
        ["/proc/net/udp", "/proc/net/udp6"].into_iter().flat_map(fs::read_to_string)
    }

    pub(in super::super) fn inode(socket: &UdpSocket) -> Option<u64> {
        let metadata = fs::metadata(format!("/proc/self/fd/{}", socket.as_raw_fd())).ok()?;
        Some(metadata.ino())
    }

    /// The program that has this port, as far as we may know.
    pub(in super::super) fn of_port(port: u16) -> Option<String> {
        let inodes: Vec<u64> = tables()
            .flat_map(|table| table.lines().filter_map(Entry::parse).collect::<Vec<_>>())
            .filter(|entry| entry.port == port)
            .map(|entry| entry.inode)
            .collect();
        let processes = fs::read_dir("/proc").ok()?.flatten();
        processes.filter(|process| has_any(&process.path(), &inodes)).find_map(|process| {
            let id: u32 = process.file_name().to_str()?.parse().ok()?;
            let name = fs::read_to_string(process.path().join("comm")).ok()?;
            Some(format!("`{}` (process {id})", name.trim_end()))
        })
    }

    fn has_any(process: &Path, inodes: &[u64]) -> bool {
        let files = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
        let mut links = files.flat_map(|file| fs::read_link(file.path()));
        links.any(|link| {
            let link = link.to_string_lossy();
            let inode = link.strip_prefix("socket:[").and_then(|link| link.strip_suffix(']'));
            inode.and_then(|inode| inode.parse().ok()).is_some_and(|inode| inodes.contains(&inode))
        })
    }
}

//! Whose socket it is: the kernel's table of UDP sockets (`/proc/net/udp`, see proc(5)).

#[cfg(not(target_os = "linux"))]
pub(super) fn of(_address: std::net::SocketAddr) -> Option<String> {
    None
}

#[cfg(target_os = "linux")]
pub(super) use linux::{Entry, inode, of, tables};

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::{self, File};
    use std::io::{self, Read as _};
    use std::net::{IpAddr, Ipv6Addr, SocketAddr, UdpSocket};
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;

    /// A line of the table.
    #[derive(Clone, Copy, Debug, Eq, PartialEq)]
    pub(in super::super) struct Entry {
        pub(in super::super) address: SocketAddr,
        pub(in super::super) inode: u64,
        pub(in super::super) drops: u64,
    }

    impl Entry {
        pub(in super::super) fn parse(line: &str) -> Option<Self> {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let (ip, port) = columns.get(1)?.rsplit_once(':')?;
            Some(Self {
                address: (parse_ip(ip)?, u16::from_str_radix(port, 16).ok()?).into(),
                inode: columns.get(9)?.parse().ok()?,
                drops: columns.last()?.parse().ok()?,
            })
        }
    }

    /// `0100007F` is 127.0.0.1 where the lowest byte comes first: each 32 bits are printed as one number.
    fn parse_ip(text: &str) -> Option<IpAddr> {
        let number = |digits| u32::from_str_radix(str::from_utf8(digits).ok()?, 16).ok();
        let numbers: Option<Vec<u32>> = text.as_bytes().chunks(8).map(number).collect();
        let bytes: Vec<u8> = numbers?.into_iter().flat_map(u32::to_ne_bytes).collect();
        let ipv4 = <[u8; 4]>::try_from(&bytes[..]).map(IpAddr::from);
        ipv4.or_else(|_| <[u8; 16]>::try_from(&bytes[..]).map(IpAddr::from)).ok()
    }

    pub(in super::super) fn tables() -> impl Iterator<Item = String> {
        ["/proc/net/udp", "/proc/net/udp6"].into_iter().flat_map(read)
    }

    /// With few calls: each of them counts the lines anew, and misses one when a socket before it was closed meanwhile.
    fn read(path: &str) -> io::Result<String> {
        let mut text = String::with_capacity(1 << 16);
        File::open(path)?.read_to_string(&mut text)?;
        Ok(text)
    }

    pub(in super::super) fn inode(socket: &UdpSocket) -> Option<u64> {
        let metadata = fs::metadata(format!("/proc/self/fd/{}", socket.as_raw_fd())).ok()?;
        Some(metadata.ino())
    }

    /// The program that keeps others from this address, as far as we may know.
    pub(in super::super) fn of(address: SocketAddr) -> Option<String> {
        let inodes = in_the_way(address);
        let processes = fs::read_dir("/proc").ok()?.flatten();
        processes.filter(|process| has_any(&process.path(), &inodes)).find_map(|process| {
            let id: u32 = process.file_name().to_str()?.parse().ok()?;
            let name = fs::read_to_string(process.path().join("comm")).ok()?;
            Some(format!("`{}` (process {id})", name.trim_end()))
        })
    }

    /// The sockets because of which we can have none there.
    fn in_the_way(address: SocketAddr) -> Vec<u64> {
        let entries = tables()
            .flat_map(|table| table.lines().filter_map(Entry::parse).collect::<Vec<_>>())
            .filter(|entry| entry.address.port() == address.port());
        let entries: Vec<Entry> = entries.collect();
        let inodes = |is_it: &dyn Fn(IpAddr) -> bool| -> Vec<u64> {
            let found = entries.iter().filter(|entry| is_it(entry.address.ip()));
            found.map(|entry| entry.inode).collect()
        };
        let ours = address.ip();
        let of_its_family = inodes(&|ip| {
            let ip = ip.to_canonical();
            let is_any = ip.is_unspecified() || ours.is_unspecified();
            ip == ours || is_any && ip.is_ipv4() == ours.is_ipv4()
        });
        if of_its_family.is_empty() && ours.is_ipv4() {
            // The table does not tell whether one of IPv6 takes what comes by IPv4, too.
            return inodes(&|ip| ip == Ipv6Addr::UNSPECIFIED);
        }
        of_its_family
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

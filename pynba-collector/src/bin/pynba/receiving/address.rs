//! Addresses as people write them.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _, UdpSocket};

/// Pinba's port, as `pinba_engine` has it.
const PORT: u16 = 30002;

/// Both addresses of the loopback.
pub(super) fn at_home() -> Vec<SocketAddr> {
    both(Ipv4Addr::LOCALHOST, Ipv6Addr::LOCALHOST, PORT)
}

/// `HOST:PORT`, `HOST` or `:PORT`; a host is a name, `127.0.0.1`, `::1` or `[::1]`.
pub(super) fn find(written: &str) -> io::Result<Vec<SocketAddr>> {
    // Before its colons are taken for something else: `::1`.
    if let Ok(ip) = written.parse::<IpAddr>() {
        return Ok(vec![(ip, PORT).into()]);
    }
    let (host, port) = match written.rsplit_once(':') {
        Some((host, port)) if !written.ends_with(']') => (host, self::port(port)?),
        _ => (written, PORT),
    };
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    if let Some(bare) = bare {
        let ip: Ipv6Addr =
            bare.parse().map_err(|_| error("there is no IPv6 address between the brackets"))?;
        return Ok(vec![(ip, port).into()]);
    }
    if host.contains(':') {
        return Err(error("an IPv6 address with a port needs brackets, `[::1]:30002`"));
    }
    match host {
        "" if written.is_empty() => Err(error("there is no address")),
        "" => Ok(both(Ipv4Addr::UNSPECIFIED, Ipv6Addr::UNSPECIFIED, port)),
        name => {
            (name, port).to_socket_addrs().map(|found| without_ipv6_if_need_be(found.collect()))
        }
    }
}

fn error(text: &str) -> io::Error {
    io::Error::other(text)
}

fn port(digits: &str) -> io::Result<u16> {
    digits.parse().map_err(|_| error("its port is no number up to 65535"))
}

fn both(v4: Ipv4Addr, v6: Ipv6Addr, port: u16) -> Vec<SocketAddr> {
    without_ipv6_if_need_be(vec![(v4, port).into(), (v6, port).into()])
}

/// Of several addresses of one place, those of IPv6 are left out where the machine has none.
fn without_ipv6_if_need_be(mut addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    if addresses.iter().any(SocketAddr::is_ipv4) && !has_ipv6() {
        addresses.retain(SocketAddr::is_ipv4);
    }
    addresses
}

fn has_ipv6() -> bool {
    UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(written: &str) -> Vec<String> {
        find(written).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn hosts_may_have_ports() {
        for (written, address) in [
            ("127.0.0.1", "127.0.0.1:30002"),
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("0.0.0.0:65535", "0.0.0.0:65535"),
            ("::1", "[::1]:30002"),
            ("[::1]", "[::1]:30002"),
            ("[::1]:30003", "[::1]:30003"),
        ] {
            assert_eq!(found(written), [address], "{written}");
        }
        assert!(found("localhost:1").contains(&"127.0.0.1:1".into()));
        assert!(found("localhost").contains(&"127.0.0.1:30002".into()));
    }

    #[test]
    fn a_port_alone_is_at_all_addresses() {
        let all = found(":30003");
        assert_eq!(all[0], "0.0.0.0:30003");
        assert_eq!(all.len() == 2, has_ipv6());
        let home = at_home();
        assert_eq!((home[0].to_string(), home.len()), ("127.0.0.1:30002".into(), all.len()));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (written, said) in [
            ("", "there is no address"),
            (":", "its port is no number"),
            ("localhost:", "its port is no number"),
            ("localhost:65536", "its port is no number up to 65535"),
            ("localhost:http", "its port is no number"),
            ("[::1", "an IPv6 address with a port needs brackets"),
            ("[localhost]:1", "no IPv6 address between the brackets"),
            ("fe80::1:2:3:4:5:6:30002", "an IPv6 address with a port needs brackets"),
            ("no such host.invalid", "failed to lookup address"),
        ] {
            let error = find(written).unwrap_err().to_string();
            assert!(error.contains(said), "{written}: {error}");
        }
    }
}

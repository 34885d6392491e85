//! Addresses as people write them.

use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _, UdpSocket};

/// Pinba's port, as `pinba_engine` has it.
pub(crate) const PORT: u16 = 30002;

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
    // The resolver would take it for one number of 32 bits.
    if written.parse::<u16>().is_ok() {
        return Err(error(format!("a port alone has a colon before it, `:{written}`")));
    }
    if let Some((scheme, _)) = written.split_once("://") {
        return Err(error(format!("it is a URL, leave `{scheme}://` out")));
    }
    if let Some(rest) = written.strip_prefix('[') {
        return in_brackets(rest).map(|address| vec![address]);
    }
    let (host, port) = match written.rsplit_once(':') {
        Some((host, port)) => (host, self::port(port)?),
        None => (written, PORT),
    };
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

/// The same place with another port.
pub(super) fn with_port(written: &str, port: u16) -> String {
    if let Ok(ip) = written.parse::<IpAddr>() {
        return SocketAddr::new(ip, port).to_string();
    }
    let host = match written.rsplit_once(':') {
        Some((host, _)) if !written.ends_with(']') => host,
        _ => written,
    };
    format!("{host}:{port}")
}

/// What comes after the first bracket: `::1]` or `::1]:30002`.
fn in_brackets(rest: &str) -> io::Result<SocketAddr> {
    let (ip, after) = rest.split_once(']').ok_or_else(|| error("its bracket is not closed"))?;
    let ip: Ipv6Addr =
        ip.parse().map_err(|_| error("there is no IPv6 address between the brackets"))?;
    if after.is_empty() {
        return Ok((ip, PORT).into());
    }
    let digits = after.strip_prefix(':').ok_or_else(|| error("no `:` comes after the brackets"))?;
    Ok((ip, port(digits)?).into())
}

/// Leaves out what is there already, and what is covered by another one: `0.0.0.0:30002` is every address of IPv4.
pub(super) fn each_once(places: &mut [Vec<SocketAddr>]) {
    let all: Vec<SocketAddr> = places.iter().flatten().copied().collect();
    let covers = |all: &SocketAddr, one: &SocketAddr| {
        all.ip() == unspecified(one) && all.port() == one.port() && all != one
    };
    let mut known = HashSet::new();
    for place in places {
        // Each port that the system picks is another one.
        place.retain(|one| {
            let is_covered = all.iter().any(|all| covers(all, one));
            one.port() == 0 || !is_covered && known.insert(*one)
        });
    }
}

fn unspecified(address: &SocketAddr) -> IpAddr {
    match address {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}

fn error(text: impl Into<String>) -> io::Error {
    io::Error::other(text.into())
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
    fn the_port_of_a_place_can_be_another() {
        for (written, other) in [
            (":30003", ":1"),
            ("localhost", "localhost:1"),
            ("localhost:2", "localhost:1"),
            ("127.0.0.1", "127.0.0.1:1"),
            ("::1", "[::1]:1"),
            ("[::1]", "[::1]:1"),
            ("[::1]:30003", "[::1]:1"),
        ] {
            assert_eq!(with_port(written, 1), other);
        }
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
    fn no_address_is_listened_at_twice() {
        let places = |written: &[&[&str]]| {
            let address = |text: &&str| text.parse::<SocketAddr>().unwrap();
            let mut places: Vec<Vec<_>> =
                written.iter().map(|place| place.iter().map(address).collect()).collect();
            each_once(&mut places);
            places.concat().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        let all: &[&str] = &["0.0.0.0:2", "[::]:2"];
        for (written, left) in [
            (&[&["127.0.0.1:2"][..], &["127.0.0.1:2"]][..], "127.0.0.1:2"),
            (&[&["127.0.0.1:2"], all], "0.0.0.0:2 [::]:2"),
            (&[all, &["127.0.0.1:2", "[::1]:2"], all], "0.0.0.0:2 [::]:2"),
            (&[&["127.0.0.1:2", "[::1]:2"], &["0.0.0.0:2"]], "[::1]:2 0.0.0.0:2"),
            (&[&["127.0.0.1:3"], all], "127.0.0.1:3 0.0.0.0:2 [::]:2"),
            (
                &[&["127.0.0.1:0"], &["0.0.0.0:0"], &["0.0.0.0:0"]],
                "127.0.0.1:0 0.0.0.0:0 0.0.0.0:0",
            ),
        ] {
            assert_eq!(places(written), left);
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (written, said) in [
            ("", "there is no address"),
            (":", "its port is no number"),
            ("localhost:", "its port is no number"),
            ("localhost:65536", "its port is no number up to 65535"),
            ("localhost:http", "its port is no number"),
            ("30003", "`:30003`"),
            ("http://localhost:3000", "leave `http://` out"),
            ("udp://[::1]:3000", "leave `udp://` out"),
            ("[::1", "its bracket is not closed"),
            ("[::1:30002", "its bracket is not closed"),
            ("[::1]30002", "no `:` comes after the brackets"),
            ("::1]:30002", "an IPv6 address with a port needs brackets"),
            ("[localhost]:1", "no IPv6 address between the brackets"),
            ("fe80::1:2:3:4:5:6:30002", "an IPv6 address with a port needs brackets"),
            ("no such host.invalid", "failed to lookup address"),
        ] {
            let error = find(written).unwrap_err().to_string();
            assert!(error.contains(said), "{written}: {error}");
        }
    }
}

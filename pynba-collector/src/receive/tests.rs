use std::cell::Cell;

use super::*;

fn loopback() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

#[test]
fn packets_arrive_in_order_and_whole() {
    for address in [loopback(), (Ipv6Addr::LOCALHOST, 0).into()] {
        let Ok(receiving) = bind(address) else {
            assert!(address.is_ipv6());
            println!("SKIPPED: no IPv6 here");
            continue;
        };
        let client = UdpSocket::bind((address.ip(), 0)).unwrap();
        let sent: Vec<Vec<u8>> =
            (0..100).map(|number| vec![number; usize::from(number) * 650]).collect();
        let mut batch = Batch::new();
        let mut received: Vec<Vec<u8>> = Vec::new();
        for packets in sent.chunks(20) {
            for packet in packets {
                client.send_to(packet, receiving.address).unwrap();
            }
            while !received.len().is_multiple_of(20) || received.len() < packets.len() {
                received.extend(batch.receive(&receiving.socket).unwrap().map(<[u8]>::to_vec));
            }
            while let packets = batch.receive(&receiving.socket).unwrap()
                && packets.clone().count() > 0
            {
                received.extend(packets.map(<[u8]>::to_vec));
            }
        }
        assert!(received == sent);
    }
}

#[test]
fn several_addresses_have_one_port() {
    let [first, second] = [loopback(), (Ipv4Addr::new(127, 0, 0, 2), 0).into()];
    let all = if cfg!(target_os = "linux") { vec![first, second] } else { vec![first] };
    let receiving = bind_all(&all).unwrap();
    let ports: Vec<u16> = receiving.iter().map(|receiving| receiving.address.port()).collect();
    assert!(ports[0] != 0 && ports.iter().all(|port| *port == ports[0]), "{ports:?}");

    // Ports that were given stay as they are.
    assert!(bind_all(&[first, receiving[0].address]).unwrap_err().is_in_use());
}

#[test]
fn a_port_that_is_not_free_everywhere_is_given_up() {
    let tried = Cell::new(0);
    // As if somebody else had the first ones at the second address.
    let busy = |times: usize| {
        tried.set(0);
        let bind = |address: SocketAddr| {
            let is_second = address.port() != 0;
            tried.set(tried.get() + usize::from(is_second));
            let source = io::Error::from(io::ErrorKind::AddrInUse);
            if is_second && tried.get() <= times {
                return Err(BindError { address, owner: None, source });
            }
            bind((address.ip(), 0).into())
        };
        bind_all_by(bind, &[loopback(), loopback()])
    };
    assert_eq!(busy(3).unwrap().len(), 2);
    assert_eq!(tried.get(), 4);
    assert!(busy(usize::MAX).unwrap_err().is_in_use());
    assert_eq!(tried.get(), ATTEMPTS);
}

#[test]
fn nothing_is_no_error() {
    let receiving = bind(loopback()).unwrap();
    assert_eq!(Batch::new().receive(&receiving.socket).unwrap().count(), 0);
}

#[test]
#[cfg(target_os = "linux")]
fn what_the_kernel_drops_is_counted() {
    let receiving = bind(loopback()).unwrap();
    SockRef::from(&receiving.socket).set_recv_buffer_size(1).unwrap();
    let client = UdpSocket::bind(loopback()).unwrap();
    for _ in 0..50 {
        client.send_to(&[0; 1000], receiving.address).unwrap();
    }
    let mut batch = Batch::new();
    let received = batch.receive(&receiving.socket).unwrap().count() as u64;
    let lost = lost_by_kernel([&receiving.socket].into_iter()).unwrap();
    assert!(lost > 0 && received + lost == 50, "{received} received, {lost} lost");
}

/// What is said of a port that this program has.
#[cfg(target_os = "linux")]
fn is_ours_already(port: u16) -> String {
    let name = std::fs::read_to_string("/proc/self/comm").unwrap();
    let (name, id) = (name.trim_end(), std::process::id());
    format!("UDP port {port} is in use by `{name}` (process {id})")
}

#[test]
#[cfg(target_os = "linux")]
fn a_port_in_use_says_by_whom() {
    let receiving = bind(loopback()).unwrap();
    let port = receiving.address.port();
    for address in [receiving.address, (Ipv4Addr::UNSPECIFIED, port).into()] {
        let error = bind_all(&[address]).unwrap_err();
        assert!(error.is_in_use());
        assert_eq!(error.to_string(), is_ours_already(port));
    }
    // Not at every attempt.
    let error = bind(receiving.address).unwrap_err();
    assert_eq!(error.to_string(), format!("UDP port {port} is in use"));
}

#[test]
#[cfg(target_os = "linux")]
fn who_has_the_port_elsewhere_is_not_accused() {
    let receiving = bind(loopback()).unwrap();
    let port = receiving.address.port();
    assert!(owner::of(receiving.address).is_some());
    for ip in ["127.0.0.2", "::1", "::"] {
        assert_eq!(owner::of((ip.parse::<IpAddr>().unwrap(), port).into()), None, "{ip}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn who_has_a_port_by_both_families_is_found() {
    let socket = Socket::new(Domain::IPV6, Type::DGRAM, Some(Protocol::UDP));
    let Ok(socket) = socket.and_then(|socket| {
        socket.set_only_v6(false)?;
        socket.bind(&SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)).into())?;
        Ok(socket)
    }) else {
        println!("SKIPPED: no IPv6 here");
        return;
    };
    let port = socket.local_addr().unwrap().as_socket().unwrap().port();
    for ip in ["127.0.0.1", "0.0.0.0", "::1", "::"] {
        let error = bind_all(&[(ip.parse::<IpAddr>().unwrap(), port).into()]).unwrap_err();
        assert_eq!(error.to_string(), is_ours_already(port), "{ip}");
    }
}

#[test]
fn a_small_buffer_says_what_to_raise() {
    let warning = SmallBuffer { address: loopback(), size: 212_992 }.to_string();
    assert!(warning.contains("a burst of more than 92 packets"), "{warning}");
    #[cfg(target_os = "linux")]
    assert!(
        warning.ends_with("raise the kernel's limit: `sysctl -w net.core.rmem_max=33554432`"),
        "{warning}"
    );
}

#[test]
fn what_is_there_can_be_read_when_nothing_more_is_let_in() {
    let receiving = bind(loopback()).unwrap();
    let client = UdpSocket::bind(loopback()).unwrap();
    for _ in 0..3 {
        client.send_to(b"before", receiving.address).unwrap();
    }
    take_no_more(&receiving.socket);
    client.send_to(b"after", receiving.address).unwrap();
    let mut batch = Batch::new();
    let packets: Vec<&[u8]> = batch.receive(&receiving.socket).unwrap().collect();
    assert_eq!(packets, [b"before"; 3]);
    assert_eq!(batch.receive(&receiving.socket).unwrap().count(), 0);
}

#[test]
fn our_own_addresses_are_known() {
    let own = [([127, 0, 0, 1], 1234).into(), ([0, 0, 0, 0], 2345).into()];
    for (server, is_own) in [
        ("127.0.0.1:1234", true),
        ("localhost:1234", true),
        ("127.0.0.1:1235", false),
        ("127.0.0.2:1234", false),
        ("127.0.0.2:2345", true),
        ("0.0.0.0:1234", true),
        ("0.0.0.0:2345", true),
        ("[::ffff:127.0.0.1]:1234", true),
        ("[::]:1234", false),
        ("192.0.2.1:2345", false),
        ("no-such-host.invalid:2345", false),
    ] {
        assert_eq!(are_any_of(&addresses_of(server), &own), is_own, "{server}");
    }
}

use std::net::UdpSocket;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::packets::packet;
use crate::running::Running;

fn server() -> UdpSocket {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    server.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    server
}

/// Packets, and what is none.
fn datagrams() -> Vec<Vec<u8>> {
    vec![
        packet("/a"),
        b"garbage".to_vec(),
        vec![],
        vec![0xff; 30_000],
        vec![0x0a; 65_507],
        packet("/é"),
        vec![0],
    ]
}

#[test]
fn every_datagram_is_passed_on_unchanged() {
    for command in ["listen", "report"] {
        let (first, second) = (server(), server());
        let [to_first, to_second] =
            [&first, &second].map(|server| server.local_addr().unwrap().to_string());
        let args = [command, "--for", "1h", "--forward", &to_first, "--forward", &to_second];
        let pynba = Running::start(&args);
        for datagram in datagrams() {
            pynba.send(&datagram);
        }
        for server in [&first, &second] {
            let mut room = vec![0; 1 << 16];
            for datagram in datagrams() {
                let length = server.recv(&mut room).unwrap();
                assert!(room[..length] == datagram, "{command}: {} bytes", datagram.len());
            }
        }
        pynba.signal(Signal::SIGINT);
        let ended = pynba.end();
        assert_eq!(ended.code, Some(0));
        let packets = datagrams().len();
        assert!(ended.err.contains(&format!("pynba: {packets} packets, ")), "{}", ended.err);
        let forwarded = format!("; forwarded: {} packets, ", packets * 2);
        assert!(ended.err.contains(&forwarded), "{}", ended.err);
    }
}

#[test]
fn a_server_that_is_dead_does_no_harm() {
    let dead = server().local_addr().unwrap().to_string();
    let servers = format!("{dead},no-such-host.invalid:30002");
    let pynba = Running::start(&["listen", "--json", "-n", "100", "--forward", &servers]);
    for number in 0..100 {
        pynba.send(&packet(&format!("/{number}")));
    }
    let ended = pynba.end();
    assert_eq!((ended.code, ended.out.lines().count()), (Some(0), 100));
    assert!(ended.err.contains("100 requests, 0 invalid, 0 lost by the kernel; "), "{}", ended.err);
    assert!(
        ended.err.contains(" refused (nobody listens there; may count as sent), ")
            && ended.err.contains(" unknown host"),
        "{}",
        ended.err
    );
}
